"""Experiments: make, launch, follow, cancel, clone, and fetch what they made."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from howdah.client.connection import Connection
from howdah.client.errors import NotFoundError
from howdah.client.logs import LogPart, Stream, follow_log, read_log
from howdah.client.run_models import (
    Annotations,
    BulkResult,
    Event,
    Experiment,
    Experiments,
    Job,
    Output,
    Process,
    Script,
    Task,
)
from howdah.client.transfers import save
from howdah.client.watching import News, watch_experiment
from howdah.contracts.states import ExperimentState, ProcessState


class ExperimentCalls:
    """Everything about experiments. Methods raise the errors of ``howdah.client.errors``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(  # noqa: PLR0913 - the filters, by keyword
        self,
        *,
        states: Sequence[ExperimentState] = (),
        name: str | None = None,
        owner: str | None = None,
        interface_id: str | None = None,
        resource_id: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        process_states: Sequence[ProcessState] = (),
        blocked_by: str | None = None,
        tags: Sequence[str] = (),
        archived: bool = False,
    ) -> Iterator[Experiment]:
        """Yield experiments, newest first; pages are fetched as they are needed. ``name`` matches a part of it.

        ``process_states`` (QUEUED, BLOCKED, PAUSED) and ``blocked_by`` (a resource that is away) find live ones; with
        ``archived`` only those are listed that were put away.
        """
        filters: dict[str, Any] = {
            "state": [state.value for state in states] or None,
            "name": name,
            "owner": owner,
            "interface_id": interface_id,
            "resource_id": resource_id,
            "created_after": created_after.isoformat() if created_after else None,
            "created_before": created_before.isoformat() if created_before else None,
            "process_state": [state.value for state in process_states] or None,
            "blocked_by": blocked_by,
            "tag": list(tags) or None,
            "archived": "true" if archived else None,
        }
        return self._connection.pages("/experiments", Experiment, filters)

    def get(self, experiment_id: str) -> Experiment:
        """Return one experiment."""
        return self._connection.get(f"/experiments/{experiment_id}", Experiment)

    def create(  # noqa: PLR0913 - the fields of the request, by keyword
        self,
        *,
        name: str,
        interface_id: str,
        resource_id: str | None = None,
        resource_ids: Sequence[str] = (),
        inputs: Mapping[str, JsonValue],
        requirements: Mapping[str, JsonValue] | None = None,
        description: str = "",
        launch: bool = False,
    ) -> Experiment:
        """Make an experiment of an application; a file input takes the ``uri`` of an upload.

        With ``resource_ids`` in the place of ``resource_id`` the platform chooses one of them at the launch.
        InvalidRequestError names every input that is missing, of another type or out of its range.
        """
        return self.submit(
            {
                "kind": "application",
                "name": name,
                "description": description,
                "interface_id": interface_id,
                **({"resource_id": resource_id} if resource_id is not None else {}),
                **({"resource_ids": list(resource_ids)} if resource_ids else {}),
                "inputs": dict(inputs),
                "requirements": dict(requirements or {}),
                "launch": launch,
            }
        )

    def create_tasks(self, *, name: str, tasks: Sequence[Mapping[str, Any]], launch: bool = False) -> Experiment:
        """Make an experiment of tasks: ``{name, type, params, depends_on, resource_id, …}`` each."""
        return self.submit({"kind": "tasks", "name": name, "tasks": [dict(task) for task in tasks], "launch": launch})

    def submit(self, request: Mapping[str, Any], *, idempotency_key: str | None = None) -> Experiment:
        """Make an experiment from a request as the REST API takes it.

        A caller who may have to ask again after an error, or after a crash of its own, names an ``idempotency_key``:
        however often the same request is sent with it, there is one experiment.
        """
        return self._connection.post("/experiments", dict(request), Experiment, once=True, key=idempotency_key)

    def create_batch(self, requests: Sequence[Mapping[str, Any]]) -> tuple[Experiment, ...]:
        """Make up to 500 experiments, all or none; an error's field begins with the index."""
        body = {"experiments": [dict(request) for request in requests]}
        return tuple(self._connection.post("/experiments:batch", body, Experiments, once=True).items)

    def validate(self, experiment_id: str) -> Experiment:
        """Check it against the catalogue as it is now; InvalidRequestError names the fields."""
        return self._steer(experiment_id, "validate")

    def launch(self, experiment_id: str) -> Experiment:
        """Start it. ConflictError when it was launched before by anybody; a repetition by this call is harmless."""
        return self._steer(experiment_id, "launch")

    def cancel(self, experiment_id: str, reason: str = "") -> Experiment:
        """Ask for it to be stopped; the feed tells when it is CANCELED."""
        return self._steer(experiment_id, "cancel", {"reason": reason} if reason else {})

    def give_up(self, experiment_id: str, reason: str = "") -> Experiment:
        """Wait no longer for a resource that is away: what is blocked fails. ConflictError when nothing is."""
        return self._steer(experiment_id, "give-up", {"reason": reason} if reason else {})

    def give_up_task(self, task_id: str, reason: str = "") -> Experiment:
        """Wait no longer with this one task."""
        body = {"reason": reason} if reason else {}
        return self._connection.post(f"/tasks/{task_id}/give-up", body, Experiment, once=True)

    def clone(self, experiment_id: str, name: str | None = None) -> Experiment:
        """Make a new experiment with the same inputs, to be launched on its own."""
        return self._steer(experiment_id, "clone", {"name": name} if name else {})

    def relaunch(self, experiment_id: str, changes: Mapping[str, JsonValue] | None = None) -> Experiment:
        """Make and launch a new experiment of the same request with changes: ``name``, ``inputs``, ``requirements``,
        ``resource_id``, ``work_directory``, ``deliveries``, ``launch``. InvalidRequestError names every field that does
        not fit.
        """
        return self._steer(experiment_id, "relaunch", changes)

    def script(self, task_id: str, wait_seconds: float = 20.0) -> Script:
        """Return the batch script of a task that submits a job; NotFoundError where it submits none."""
        return self._connection.post(f"/tasks/{task_id}/script?wait={wait_seconds:g}", {}, Script)

    def preview_script(self, request: Mapping[str, JsonValue], wait_seconds: float = 20.0) -> Script:
        """Return the batch script that an experiment of an application would submit. Nothing is created."""
        return self._connection.post(f"/experiments:script?wait={wait_seconds:g}", dict(request), Script)

    def correct(self, experiment_id: str, state: str, reason: str) -> Experiment:
        """Say, as an administrator, that its latest run has FAILED or was CANCELED; its job goes on."""
        return self._steer(experiment_id, "correct", {"state": state, "reason": reason})

    def correct_task(
        self, task_id: str, state: str, reason: str, outputs: Mapping[str, JsonValue] | None = None
    ) -> Experiment:
        """Say, as an administrator, how a task has ended; return its experiment."""
        body = {"state": state, "reason": reason, "outputs": None if outputs is None else dict(outputs)}
        return self._connection.post(f"/tasks/{task_id}/correct", body, Experiment, once=True)

    def retry(self, experiment_id: str, *, rerun: Sequence[str] = (), skip: Sequence[str] = ()) -> Experiment:
        """Go on where it failed or was stopped: a new run adopts what was finished. ConflictError when it runs.

        ``rerun`` names tasks that are done again in any case, ``skip`` such as are left out.
        """
        return self._steer(experiment_id, "retry", {"rerun": [*rerun], "skip": [*skip]})

    def refetch(self, experiment_id: str, outputs: Sequence[str] = ()) -> Experiment:
        """Bring outputs back once more (all, or those named), by a run that does only that."""
        return self._steer(experiment_id, "refetch", {"outputs": [*outputs]})

    def pause(self, experiment_id: str, reason: str = "") -> Experiment:
        """Begin nothing new; what runs goes on. The feed tells when the process is PAUSED."""
        return self._steer(experiment_id, "pause", {"reason": reason})

    def resume(self, experiment_id: str, reason: str = "") -> Experiment:
        """Let it go on."""
        return self._steer(experiment_id, "resume", {"reason": reason})

    def skip_task(self, task_id: str, reason: str = "") -> Experiment:
        """Leave out a task that has not begun or waits for another try; return its experiment."""
        return self._connection.post(f"/tasks/{task_id}/skip", {"reason": reason}, Experiment, once=True)

    def annotate(
        self, experiment_id: str, *, description: str | None = None, tags: Sequence[str] | None = None
    ) -> Annotations:
        """Write notes and tags, in whatever state it is; what is left out stays."""
        body = {"description": description, "tags": None if tags is None else list(tags)}
        wanted = {name: value for name, value in body.items() if value is not None}
        path = f"/experiments/{experiment_id}/annotations"
        return self._connection.patch(path, wanted, Annotations)

    def archive(self, experiment_id: str) -> Experiment:
        """Put it away: lists leave it out, nothing is deleted. ConflictError while it runs."""
        return self._steer(experiment_id, "archive")

    def unarchive(self, experiment_id: str) -> Experiment:
        """Bring it back into the lists."""
        return self._steer(experiment_id, "unarchive")

    def many(self, action: str, filters: Mapping[str, Any], reason: str = "") -> Iterator[BulkResult]:
        """Do the same with all that fit the filters of the list, as REST names them; yields what came of each step.

        ``action``: cancel, retry, pause, resume, clone, archive, unarchive. Stop iterating to stop.
        """
        path = f"/experiments:bulk?{urlencode(dict(filters), doseq=True)}"
        cursor: str | None = None
        while True:
            body = {"action": action, "reason": reason, "cursor": cursor}
            step = self._connection.post(path, body, BulkResult, once=True)
            yield step
            cursor = step.next_cursor
            if cursor is None:
                return

    def delete(self, experiment_id: str) -> None:
        """Delete it; ConflictError while it runs."""
        self._connection.send("DELETE", f"/experiments/{experiment_id}")

    def processes(self, experiment_id: str) -> Iterator[Process]:
        """Yield its runs."""
        return self._connection.pages(f"/experiments/{experiment_id}/processes", Process)

    def tasks(self, experiment_id: str) -> Iterator[Task]:
        """Yield the tasks of its runs."""
        return self._connection.pages(f"/experiments/{experiment_id}/tasks", Task)

    def jobs(self, experiment_id: str) -> Iterator[Job]:
        """Yield the jobs that it had on resources."""
        return self._connection.pages(f"/experiments/{experiment_id}/jobs", Job)

    def events(self, experiment_id: str, after: int = 0) -> Iterator[Event]:
        """Yield its history in order, from the event after number ``after``."""
        return self._connection.pages(f"/experiments/{experiment_id}/events", Event, {"after": after})

    def watch(self, experiment_id: str) -> Iterator[News]:
        """Yield a Snapshot and then every Change until it ends; survives broken connections without a gap."""
        return watch_experiment(self._connection, experiment_id)

    def outputs(self, experiment_id: str) -> Iterator[Output]:
        """Yield what it made."""
        return self._connection.pages(f"/experiments/{experiment_id}/outputs", Output)

    def download(self, experiment_id: str, name: str, target: Path) -> Path:
        """Save the output ``name`` as ``target``, streamed and checked; ChecksumError leaves nothing behind."""
        output = next((one for one in self.outputs(experiment_id) if one.name == name), None)
        if output is None or not output.present:
            why = output.reason if output else "no such output is defined"
            raise NotFoundError(404, "output-not-present", "No such output", f"there is no output {name!r}: {why}")
        return self.download_output(experiment_id, output, target)

    def download_output(self, experiment_id: str, output: Output, target: Path) -> Path:
        """Save ``output``, as ``outputs`` gave it."""
        path = f"/experiments/{experiment_id}/outputs/{quote(output.name, safe='')}"
        return save(self._connection, path, target, output.sha256)

    def read_log(self, task_id: str, stream: Stream, offset: int = 0, *, wait_seconds: float = 5.0) -> LogPart:
        """Return what the task's job printed from ``offset`` on, while it runs or afterwards."""
        return read_log(self._connection, task_id, stream, offset, wait_seconds)

    def follow_log(self, task_id: str, stream: Stream) -> Iterator[bytes]:
        """Yield what the task's job prints, as it comes, until nothing comes any more."""
        return follow_log(self._connection, task_id, stream)

    def _steer(self, experiment_id: str, verb: str, body: Mapping[str, JsonValue] | None = None) -> Experiment:
        return self._connection.post(f"/experiments/{experiment_id}/{verb}", dict(body or {}), Experiment, once=True)
