"""What an experiment made: derived from the tasks that bring outputs back, fetched from the object store."""

import mimetypes
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from api_server.objects.keys import key_of
from api_server.problems import NotFoundError
from api_server.registry.repositories import experiment_reads, run_reads
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.params import OUTPUT_STAGING, OutputForm
from howdah.contracts.states import TaskState, is_terminal

_UNKNOWN: Final = "application/octet-stream"
_TEXT_STREAMS: Final = frozenset({"stdout", "stderr"})


def list_outputs(work: UnitOfWork, gateway_id: str, experiment_id: str) -> list[Row]:
    """Return the outputs of the experiment's latest run, each with whether it is there, and if not, why."""
    process_id = run_reads.latest_process(work.session, gateway_id, experiment_id)
    if process_id is None:
        return []
    defined = experiment_reads.output_definitions(work.session, gateway_id, experiment_id)
    tasks = run_reads.output_tasks(work.session, gateway_id, process_id, OUTPUT_STAGING)
    return [_output(task, defined.get(str(task["params"].get("name")), {})) for task in tasks]


def find_output(work: UnitOfWork, gateway_id: str, experiment_id: str, name: str) -> tuple[Row, str]:
    """Return an output that is there and the key of its object; NotFoundError says why it is not."""
    outputs = list_outputs(work, gateway_id, experiment_id)
    output = next((one for one in outputs if one["name"] == name), None)
    if output is None:
        known = ", ".join(repr(one["name"]) for one in outputs[:20]) or "none"
        raise NotFoundError(
            f"The experiment has no output {name[:200]!r}; its outputs: {known}.", slug="no-such-output"
        )
    if not output["present"]:
        raise NotFoundError(f"The output {name!r} is not there: {output['reason']}", slug="output-not-present")
    return output, checked_key(gateway_id, output["uri"])


def file_key(gateway_id: str, output: Row, number: int) -> str:
    """Return the key of one of an output's several files; NotFoundError when there are fewer."""
    if not 1 <= number <= len(output["files"]):
        raise NotFoundError(f"The output {output['name']!r} has {len(output['files'])} files; there is no {number}.")
    return checked_key(gateway_id, f"{output['uri']}/{number}")


def checked_key(gateway_id: str, uri: str) -> str:
    """Return the key of an object of this gateway: what a task reports is not trusted with another's."""
    key = key_of(uri)
    if not key.startswith(f"{gateway_id}/"):
        raise NotFoundError("There is no such object.")
    return key


def _output(task: Row, defined: Mapping[str, Any]) -> Row:
    params, staged = task["params"], task["outputs"] or {}
    state = TaskState(task["state"])
    present = staged.get("present", True) if state is TaskState.COMPLETED else None
    if present is None and is_terminal(state):
        present = False
    form = OutputForm(params.get("form", OutputForm.FILE))
    file_name = _file_name(params, form)
    kind = str(defined.get("type", form.value))
    return {
        "name": params.get("name"),
        "type": kind,
        "state": state,
        "present": present,
        "file_name": file_name,
        "form": form.value,
        "path": str(params.get("source", "")),
        "files": [
            {"number": number, "path": one["path"], "size_bytes": one["size_bytes"], "sha256": one["sha256"]}
            for number, one in enumerate(staged.get("files", ()) if present else (), 1)
        ],
        "uri": staged.get("uri") if present else None,
        "content_type": defined.get("content_type") or _content_type(file_name, kind),
        "size_bytes": staged.get("size_bytes") if present else None,
        "sha256": staged.get("sha256") if present else None,
        "description": defined.get("description") or "",
        "required": bool(params.get("required", True)),
        "reason": None if present else _reason(task, state),
        "delivered": list(staged.get("delivered", ())) if present else [],
        "task_id": task["id"],
    }


def _file_name(params: Mapping[str, Any], form: OutputForm) -> str:
    name = PurePosixPath(str(params.get("source", params.get("name", "output")))).name
    match form:
        case OutputForm.FILE:
            return name
        case OutputForm.FILES:
            return f"{params.get('name')}.tar"
        case OutputForm.DIRECTORY | OutputForm.WORK_DIRECTORY:
            return f"{name}.tar"


def _content_type(file_name: str, kind: str) -> str:
    if kind in _TEXT_STREAMS:
        return "text/plain; charset=utf-8"
    return mimetypes.guess_type(file_name)[0] or _UNKNOWN


def _reason(task: Row, state: TaskState) -> str:
    match state:
        case TaskState.COMPLETED:
            return "The application did not make it, and it is optional."
        case TaskState.FAILED:
            return str((task["failure"] or {}).get("sentence", "Bringing it back failed."))
        case TaskState.CANCELED:
            return "The run was stopped before it was brought back."
        case TaskState.SKIPPED if task["outputs"] is not None:
            return "It was left out on request."
        case TaskState.SKIPPED:
            return "The run failed before there was anything to bring back."
        case _:
            return "It has not been brought back yet."
