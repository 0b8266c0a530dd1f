"""Live files: asked for by the API server, filled by the orchestrator. Each statement is bound to a gateway."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api_server.registry.models import LiveFile, LivePart, ResourceLook
from howdah.contracts.looks import FilePart, LookKind, OutputSnapshot
from howdah.contracts.messages import LookAnswered

_OF_FILES = frozenset({LookKind.FILE, LookKind.OUTPUT})
SNAPSHOT = "//"
"""Stands before the path of a file that is fetched whole: no path of a work directory begins so."""


class LiveFileRepository:
    """The live files of one gateway."""

    def __init__(self, session: Session, gateway_id: str) -> None:
        self._session = session
        self._gateway_id = gateway_id

    def find(self, process_id: str, path: str) -> LiveFile | None:
        """Return the file as it stands; None before anybody looked."""
        return self._session.scalars(self._one(process_id, path)).one_or_none()

    def claim(self, file_id: str, process_id: str, path: str) -> LiveFile:
        """Return the file, made where there was none; nobody else asks for a look until this transaction ends."""
        made = insert(LiveFile).values(
            id=file_id, gateway_id=self._gateway_id, process_id=process_id, path=path, epoch=1, size_bytes=0
        )
        self._session.execute(made.values(present=False, final=False).on_conflict_do_nothing())
        return self._session.scalars(self._one(process_id, path).with_for_update()).one()

    def snapshots(self, process_id: str) -> dict[str, tuple[LiveFile, LivePart | None]]:
        """Return the files of a run that were fetched whole, by their paths, each with what was fetched last."""
        statement = (
            select(LiveFile, LivePart)
            .outerjoin(LivePart, (LivePart.file_id == LiveFile.id) & (LivePart.epoch == LiveFile.epoch))
            .where(
                LiveFile.gateway_id == self._gateway_id,
                LiveFile.process_id == process_id,
                LiveFile.path.startswith(SNAPSHOT, autoescape=True),
            )
        )
        return {row[0].path.removeprefix(SNAPSHOT): (row[0], row[1]) for row in self._session.execute(statement)}

    def forget_before(self, row: LiveFile) -> list[str]:
        """Forget what was fetched in earlier epochs, and return the keys of the objects that held it."""
        gone = delete(LivePart).where(LivePart.file_id == row.id, LivePart.epoch < row.epoch).returning(LivePart.key)
        return list(self._session.scalars(gone))

    def parts(self, row: LiveFile, start: int, end: int) -> Sequence[LivePart]:
        """Return what there is of the bytes from ``start`` up to ``end``, and the part that ends where they begin."""
        statement = select(LivePart).where(
            LivePart.file_id == row.id, LivePart.epoch == row.epoch, LivePart.start < end, LivePart.ends >= start
        )
        return self._session.scalars(statement.order_by(LivePart.start, LivePart.ends.desc())).all()

    def _one(self, process_id: str, path: str) -> Select[LiveFile]:
        return select(LiveFile).where(
            LiveFile.gateway_id == self._gateway_id, LiveFile.process_id == process_id, LiveFile.path == path
        )


def store_parts(session: Session, answers: Sequence[LookAnswered]) -> None:
    """Write what looks at files saw; an answer that was told before, or to a question of another epoch, is nothing."""
    told = {str(answer.look_id): answer for answer in answers if answer.what in _OF_FILES}
    if not told:
        return
    asked = select(ResourceLook.id, ResourceLook.gateway_id, ResourceLook.params).where(ResourceLook.id.in_(told))
    for look_id, gateway_id, params in session.execute(asked).all():
        answer = told[look_id]
        if answer.gateway_id == gateway_id:
            _store(session, look_id, params, answer)


def _store(session: Session, look_id: str, params: Mapping[str, Any], answer: LookAnswered) -> None:
    file_id, epoch = params["file_id"], params["epoch"]
    row = session.scalars(select(LiveFile).where(LiveFile.id == file_id).with_for_update()).one_or_none()
    if row is None:
        return
    if row.asked_look_id == look_id:
        row.asked_until = None
    if answer.answer is None:
        row.failure = answer.failure.model_dump(mode="json") if answer.failure else None
        return
    if row.epoch != epoch:
        return
    if answer.what is LookKind.OUTPUT:
        _replace(session, row, look_id, params, OutputSnapshot.model_validate(answer.answer), answer.at)
    else:
        _advance(session, row, look_id, params, FilePart.model_validate(answer.answer), answer.at)


def _replace(  # noqa: PLR0913, PLR0917 - what was there, asked and seen
    session: Session, row: LiveFile, look_id: str, params: Mapping[str, Any], seen: OutputSnapshot, at: datetime
) -> None:
    """Take a whole file in the place of the one before."""
    row.failure, row.seen_at, row.present = None, at, seen.present
    if not seen.present:
        return
    row.epoch, row.size_bytes = row.epoch + 1, seen.size_bytes
    values = {
        "id": look_id,
        "file_id": row.id,
        "epoch": row.epoch,
        "start": 0,
        "ends": seen.size_bytes,
        "key": params["key"],
        "checked_bytes": 0,
        "checked_sha256": seen.sha256 or "",
    }
    session.execute(insert(LivePart).values(values).on_conflict_do_nothing())
    session.flush()


def _advance(  # noqa: PLR0913, PLR0917 - what was there, asked and seen
    session: Session, row: LiveFile, look_id: str, params: Mapping[str, Any], part: FilePart, at: datetime
) -> None:
    row.failure = None
    row.seen_at = at if row.seen_at is None else max(row.seen_at, at)
    if not part.continued or (part.present and part.size_bytes < row.size_bytes):
        row.epoch, row.size_bytes, row.final = row.epoch + 1, part.size_bytes, False
        return
    row.present = part.present
    row.size_bytes = max(row.size_bytes, part.size_bytes)
    row.final = row.final or bool(params["final"])
    if part.length:
        values = {
            "id": look_id,
            "file_id": row.id,
            "epoch": row.epoch,
            "start": part.start,
            "ends": part.start + part.length,
            "key": params["key"],
            "checked_bytes": part.checked_bytes,
            "checked_sha256": part.checked_sha256 or "",
        }
        session.execute(insert(LivePart).values(values).on_conflict_do_nothing())
    session.flush()
