"""Outputs as they stand while the run goes on: fetched whole by a look, when somebody asks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from api_server.auth.principal import Principal
from api_server.experiments.file_looks import FileLooks
from api_server.experiments.live_sources import Source, file_of
from api_server.http.dependencies import after_commit
from api_server.objects.keys import uri_of
from api_server.objects.outputs import list_outputs
from api_server.objects.store import ObjectStore
from api_server.problems import ConflictError, NotFoundError
from api_server.registry.models import LiveFile, LivePart
from api_server.registry.repositories import run_reads
from api_server.registry.repositories.live_files import SNAPSHOT, LiveFileRepository
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import new_id
from howdah.contracts.looks import LookKind, SnapshotRequest
from howdah.contracts.params import OutputForm

_LOOK_SECONDS: Final = 300.0
Snapshots = Mapping[str, tuple[LiveFile, LivePart | None]]


def outputs_with_intermediate(work: UnitOfWork, gateway_id: str, experiment_id: str, now: datetime) -> list[Row]:
    """Return the outputs of the latest run, each with what was fetched of it while the run went on."""
    outputs = list_outputs(work, gateway_id, experiment_id)
    process_id = run_reads.latest_process(work.session, gateway_id, experiment_id)
    found = LiveFileRepository(work.session, gateway_id).snapshots(process_id) if process_id else {}
    for output in outputs:
        output["intermediate"] = _shown(found, output["path"], now)
    return outputs


def fetch(  # noqa: PLR0913, PLR0917 - who asks, for what, with what
    work: UnitOfWork, principal: Principal, store: ObjectStore, looks: FileLooks, experiment_id: str, name: str
) -> None:
    """Ask for the output as it stands now; what is under way already is everybody's.

    Raises:
        ConflictError: it is here already, nothing writes it now, or it is no single file.
    """
    output, source = _source(work, principal.gateway_id, experiment_id, name)
    if output["present"]:
        raise ConflictError(f"The output {name!r} is here already: download it.", slug="output-present")
    if OutputForm(output["form"]) is not OutputForm.FILE:
        raise ConflictError(f"The output {name!r} is no single file; it comes at the end.", slug="not-one-file")
    if source.target is None or not source.submitted or source.ended:
        state = "ended" if source.ended else "not begun"
        raise ConflictError(f"The run's job has {state}: nothing writes {name!r} now.", slug="not-running")
    rows = LiveFileRepository(work.session, principal.gateway_id)
    row = rows.claim(new_id(), source.process_id, SNAPSHOT + source.path)
    now = looks.now()
    if row.asked_until is not None and row.asked_until > now:
        return
    for old in rows.forget_before(row):
        after_commit(work, partial(store.delete, old))
    look_id = new_id()
    key = f"{principal.gateway_id}/live/{row.id}/{look_id}"
    request = SnapshotRequest(work_dir=source.work_dir, path=source.path, target=uri_of(key))
    told = {"file_id": row.id, "epoch": row.epoch, "key": key}
    params = request.model_dump(mode="json") | told
    due = now + timedelta(seconds=_LOOK_SECONDS)
    looks.ask(look_id, source.target, LookKind.OUTPUT, params, writes=request.target, due=due)
    row.asked_at, row.asked_look_id, row.asked_until = now, look_id, due


def fetched(work: UnitOfWork, gateway_id: str, experiment_id: str, name: str) -> tuple[Row, LivePart, datetime | None]:
    """Return the output, what was fetched of it last, and when; NotFoundError where nothing was."""
    output, source = _source(work, gateway_id, experiment_id, name)
    found = LiveFileRepository(work.session, gateway_id).snapshots(source.process_id).get(source.path)
    if found is None or found[1] is None:
        text = f"Nothing of the output {name!r} was fetched while the run went on; POST …/fetch asks for it."
        raise NotFoundError(text, slug="output-not-present")
    return output, found[1], found[0].seen_at


def _source(work: UnitOfWork, gateway_id: str, experiment_id: str, name: str) -> tuple[Row, Source]:
    process_id = run_reads.latest_process(work.session, gateway_id, experiment_id)
    outputs = list_outputs(work, gateway_id, experiment_id)
    output = next((one for one in outputs if one["name"] == name), None)
    if process_id is None or output is None:
        known = ", ".join(repr(one["name"]) for one in outputs[:20]) or "none"
        text = f"The experiment has no output {name[:200]!r}; its outputs: {known}."
        raise NotFoundError(text, slug="no-such-output")
    return output, file_of(work, gateway_id, process_id, output["path"])


def _shown(found: Snapshots, path: str, now: datetime) -> dict[str, Any] | None:
    if path not in found:
        return None
    row, part = found[path]
    if row.asked_until is not None:
        state = "fetching" if row.asked_until > now else "failed"
    elif row.failure is not None:
        state = "failed"
    else:
        state = "here" if part is not None else "absent"
    reasons = {"failed": (row.failure or {}).get("sentence", "No service answered in time."), "absent": "Not made yet."}
    return {
        "state": state,
        "size_bytes": part.ends if part else None,
        "sha256": part.checked_sha256 if part else None,
        "seen_at": row.seen_at,
        "reason": reasons.get(state),
    }
