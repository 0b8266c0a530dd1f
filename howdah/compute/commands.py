"""A command task's command: run once per task, however often its message is delivered.

It runs detached on the resource, claimed by ``mkdir`` as a submission is, and leaves output and exit code in files; a
redelivery waits for the same run. A command that bears repetition is claimed per attempt instead, so that a retry runs
it again.
"""

import math
import secrets
import shlex
import time
from typing import Final

from howdah.compute import templates
from howdah.compute.abstract import CommandOutcome, CommandResult, Connection
from howdah.compute.application import assignments
from howdah.compute.submission import PRIVATE_DIRECTORY
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId
from howdah.contracts.params import CommandParams

OPERATION: Final = "command"
_WAIT_SECONDS = 20
_HEAD_BYTES = 65_536
_SLACK_SECONDS = 30.0


def run_command(connection: Connection, params: CommandParams, *, task_id: TaskId, attempt: int) -> CommandOutcome:
    """Run the command and wait for its end; any exit status is an outcome, not an error.

    Raises:
        TaskError: TIMEOUT when it ran out of its own time; LOST when it disappeared without an exit code, so that
            nobody knows how far it came (an idempotent one is TRANSIENT then: it may run again); CANCELED when the
            signal was set, with the command still running: ``stop_command`` ends it.
    """
    work_dir = _work_dir(connection, params)
    directory = _directory(work_dir, params, task_id, attempt)
    boundary = f"howdah-stderr-{secrets.token_hex(8)}"
    variables = {
        "dir": directory,
        "work_dir": work_dir,
        "runner": _runner(params, work_dir, directory),
        "wait_seconds": str(_WAIT_SECONDS),
        "head_bytes": str(_HEAD_BYTES),
        "boundary": boundary,
    }
    script = templates.text("files.sh", "process.sh", "detached.sh", "command.sh")
    until = time.monotonic() + params.timeout_seconds + _SLACK_SECONDS
    adopted: bool | None = None
    while True:
        limit = _WAIT_SECONDS + _SLACK_SECONDS
        result = connection.run_script(script, variables, timeout_seconds=limit, operation=OPERATION)
        first, _, rest = result.stdout.partition(b"\n")
        verb, *words = first.decode(errors="replace").split(" ")
        if adopted is None:
            adopted = words[-1:] == ["yes"]
        if verb == "ended":
            return _outcome(connection, params, directory, words, rest.partition(f"\n{boundary}\n".encode()), adopted)
        if verb != "running":
            raise _failure(connection, params, verb, " ".join(words), result)
        if time.monotonic() > until:
            what = f"the command on {connection.target.host} has not ended {params.timeout_seconds:g} s after its start"
            raise TaskError.of(FailureKind.TIMEOUT, what, host=connection.target.host, operation=OPERATION)


def stop_command(connection: Connection, params: CommandParams, *, task_id: TaskId, attempt: int) -> bool:
    """End the command, or keep it from ever starting; return whether it is sure not to run any more."""
    work_dir = _work_dir(connection, params)
    variables = {"dir": _directory(work_dir, params, task_id, attempt)}
    result = connection.run_script(templates.text("process.sh", "command_stop.sh"), variables, operation="stop")
    return result.stdout.strip() in {b"stopped", b"ended"}


def _outcome(  # noqa: PLR0913, PLR0917 - the answer in its parts
    connection: Connection,
    params: CommandParams,
    directory: str,
    words: list[str],
    output: tuple[bytes, bytes, bytes],
    adopted: bool,  # noqa: FBT001 - the same
) -> CommandOutcome:
    if words[0] == "timeout":
        what = f"the command on {connection.target.host} was not done within {params.timeout_seconds:g} s and was ended"
        detail = output[2].decode(errors="replace")
        raise TaskError.of(FailureKind.TIMEOUT, what, detail=detail, host=connection.target.host, operation=OPERATION)
    return CommandOutcome(
        exit_status=int(words[0]),
        stdout=output[0],
        stderr=output[2],
        stdout_path=f"{directory}/stdout",
        stderr_path=f"{directory}/stderr",
        truncated=max(int(words[1]), int(words[2])) > _HEAD_BYTES,
        adopted=adopted,
    )


def _failure(connection: Connection, params: CommandParams, verb: str, words: str, result: CommandResult) -> TaskError:
    host = connection.target.host
    if verb == "lost":
        kind = FailureKind.TRANSIENT if params.idempotent else FailureKind.LOST
        what = f"the command on {host} disappeared without an exit code; how far it came is unknown"
    else:
        kind = FailureKind.TRANSIENT
        said = result.stderr.decode(errors="replace").strip()
        what = f"the command on {host} did not get under way: {words or said[-300:] or 'no answer'}"
    return TaskError.of(kind, what, host=host, operation=OPERATION)


def _work_dir(connection: Connection, params: CommandParams) -> str:
    return connection.expand(params.work_dir or connection.target.scratch).rstrip("/")


def _directory(work_dir: str, params: CommandParams, task_id: TaskId, attempt: int) -> str:
    claim = f"{task_id}-{attempt}" if params.idempotent else str(task_id)
    return f"{work_dir}/{PRIVATE_DIRECTORY}/command-{claim}"


def _runner(params: CommandParams, work_dir: str, directory: str) -> str:
    exports = [f"export {name}={shlex.quote(value)}" for name, value in params.environment.items()]
    values = {"dir": directory, "work_dir": work_dir, "limit_seconds": str(math.ceil(params.timeout_seconds))}
    lines = [
        assignments(values),
        "command_itself() {",
        *exports,
        shlex.join(params.argv),
        "}",
        templates.text("watchdog.sh", "command_runner.sh"),
    ]
    return "\n".join(lines)
