"""Bytes of a file that a job is writing: those that looks have brought are read here, those that are missing asked for.

Each byte comes from the resource once. Nothing here waits: the caller asks again when a look was asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from api_server.experiments.file_looks import FileLooks
from api_server.experiments.live_sources import Source
from api_server.objects.keys import uri_of
from api_server.objects.store import ObjectStore
from api_server.registry.models import LiveFile, LivePart
from api_server.registry.repositories.live_files import LiveFileRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import new_id
from howdah.contracts.looks import MAX_PART_BYTES, LookKind, PartRequest
from howdah.contracts.resources import ResourceTarget

PART_BYTES: Final = MAX_PART_BYTES // 2
"""What one look brings at most."""
_LOOK_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 1.0
"""The least time between two looks at a file in which nothing new is known to stand."""
_IDLE_PAUSE_SECONDS: Final = 5.0
"""The same for a job that is not known to run."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bytes: from ``start`` (a negative one counts from the end), at most ``limit``."""

    start: int
    limit: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a live file, and the wanted bytes as far as they are here."""

    file_id: str | None
    epoch: int
    size_bytes: int
    start: int
    content: bytes
    final: bool
    """Nothing comes beyond ``size_bytes``."""
    asked: bool
    """A look is under way, or there will be a reason for one in a moment."""
    failure: dict[str, Any] | None
    stale: bool = False
    """The end was asked for, and it may be elsewhere by now."""

    @property
    def settled(self) -> bool:
        """Whether there is nothing to wait for: bytes are here, or none will come."""
        if self.content and not self.stale:
            return True
        return (self.final and self.start >= self.size_bytes) or not self.asked


class LiveFiles:
    """Reads the live files of one caller's gateway in one transaction."""

    def __init__(self, work: UnitOfWork, gateway_id: str, store: ObjectStore, looks: FileLooks) -> None:
        self._store = store
        self._looks = looks
        self._rows = LiveFileRepository(work.session, gateway_id)

    def read(self, source: Source, wanted: Wanted) -> Seen:
        """Return what is here of the wanted bytes; where they are not, a look is asked for unless one is under way."""
        row = self._rows.find(source.process_id, source.path)
        if row is None:
            asked = self._ask(source, wanted)
            return Seen(None, 1, 0, 0, b"", final=source.ended and not asked, asked=asked, failure=None)
        start = _start(row, wanted)
        parts = self._rows.parts(row, start, start + wanted.limit)
        content = _content(self._store, parts, start, wanted.limit)
        now = self._looks.now()
        stale = wanted.start < 0 and _is_stale(row, now)
        asked = (stale or not content) and (_under_way(row, now) or self._ask(source, wanted))
        return Seen(
            file_id=row.id,
            epoch=row.epoch,
            size_bytes=row.size_bytes,
            start=start,
            content=content,
            final=row.final,
            asked=asked,
            failure=row.failure,
            stale=stale,
        )

    def identity(self, source: Source) -> tuple[str | None, int]:
        """Return the id under which the file was looked at, None where it never was, and its latest epoch."""
        row = self._rows.find(source.process_id, source.path)
        return (None, 1) if row is None else (row.id, row.epoch)

    def _ask(self, source: Source, wanted: Wanted) -> bool:
        """Ask for a look when there is reason for one; return whether the wanted bytes may still come."""
        target = source.target
        if target is None or not source.submitted:
            return not source.ended
        row = self._rows.claim(new_id(), source.process_id, source.path)
        now = self._looks.now()
        if _under_way(row, now):
            return True
        at_the_end = row.seen_at is None or (wanted.start < 0 and _is_stale(row, now))
        start = wanted.start if at_the_end else _start(row, wanted)
        is_hole = not at_the_end and row.present and start < row.size_bytes
        if not is_hole:
            if row.final:
                return False
            pause = _PAUSE_SECONDS if source.started or source.ended else _IDLE_PAUSE_SECONDS
            if row.asked_at is not None and now < row.asked_at + timedelta(seconds=pause):
                return True
        self._look(source, target, row, start, now)
        return True

    def _look(self, source: Source, target: ResourceTarget, row: LiveFile, start: int, now: datetime) -> None:
        look_id = new_id()
        key = f"{source.gateway_id}/live/{row.id}/{look_id}"
        begins = start if start >= 0 else row.size_bytes
        parts = self._rows.parts(row, begins, begins + PART_BYTES)
        before = next((part for part in parts if part.ends == begins > 0), None)
        following = min((part.start for part in parts if part.start > begins), default=begins + PART_BYTES)
        request = PartRequest(
            work_dir=source.work_dir,
            path=source.path,
            start=start,
            known_bytes=row.size_bytes if start < 0 else 0,
            limit=min(PART_BYTES, following - begins),
            target=uri_of(key),
            checked_bytes=before.checked_bytes if before else 0,
            checked_sha256=before.checked_sha256 if before else None,
        )
        told = {"file_id": row.id, "epoch": row.epoch, "key": key, "final": source.ended}
        params, due = request.model_dump(mode="json") | told, now + timedelta(seconds=_LOOK_SECONDS)
        self._looks.ask(look_id, target, LookKind.FILE, params, writes=request.target, due=due)
        row.asked_at, row.asked_look_id, row.asked_until = now, look_id, due


def _under_way(row: LiveFile, now: datetime) -> bool:
    return row.asked_until is not None and row.asked_until > now


def _is_stale(row: LiveFile, now: datetime) -> bool:
    return not row.final and (row.seen_at is None or row.seen_at < now - timedelta(seconds=_PAUSE_SECONDS))


def _start(row: LiveFile, wanted: Wanted) -> int:
    return wanted.start if wanted.start >= 0 else max(0, row.size_bytes + wanted.start)


def _content(store: ObjectStore, parts: Sequence[LivePart], start: int, limit: int) -> bytes:
    """Return the bytes from ``start`` on as far as the parts follow each other without a gap."""
    content = bytearray()
    for key, begin, end in _pieces(parts, start, start + limit):
        for chunk in store.read(key, begin, end):
            content += chunk
    return bytes(content)


def _pieces(parts: Sequence[LivePart], start: int, end: int) -> Iterable[tuple[str, int, int]]:
    position = start
    while position < end:
        fitting = [part for part in parts if part.start <= position < part.ends]
        if not fitting:
            return
        part = max(fitting, key=lambda one: one.ends)
        until = min(part.ends, end)
        yield part.key, position - part.start, until - part.start
        position = until
