"""Run one command on the resource and keep its output. A redelivery re-attaches to the command that runs already."""

from typing import Final

from pydantic import BaseModel, ConfigDict

from howdah.compute import commands
from howdah.compute.abstract import CommandOutcome
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import COMMAND, CommandParams
from howdah.tasks import Needs, TaskContext, TaskError, task

TAIL_CHARACTERS: Final = 8_000


class CommandOutputs(BaseModel):
    """The output of a command that exited with 0."""

    model_config = ConfigDict(frozen=True)

    exit_status: int
    stdout: str
    """The tail of its head (64 KiB), in text; undecodable bytes are replaced. ``stdout_path`` has the whole."""
    stderr: str
    stdout_path: str
    stderr_path: str
    truncated: bool
    adopted: bool


def end_command(context: TaskContext[CommandParams]) -> bool:
    """End the command on the resource, or keep it from ever starting; return whether that is sure."""
    with context.connect() as connection:
        return commands.stop_command(
            connection, context.params, task_id=context.command.task_id, attempt=context.attempt
        )


@task(COMMAND, params=CommandParams, needs=Needs.RESOURCE, threads=32, on_cancel=end_command)
def run_command(context: TaskContext[CommandParams]) -> CommandOutputs:
    """Run the command; TaskError (permanent) with the tail of what it said when it exits with another status than 0."""
    with context.connect() as connection:
        outcome = commands.run_command(
            connection, _with_callback(context), task_id=context.command.task_id, attempt=context.attempt
        )
    if outcome.exit_status != 0:
        raise _failure(context, outcome)
    return CommandOutputs(
        exit_status=outcome.exit_status,
        stdout=_tail(outcome.stdout),
        stderr=_tail(outcome.stderr),
        stdout_path=outcome.stdout_path,
        stderr_path=outcome.stderr_path,
        truncated=outcome.truncated,
        adopted=outcome.adopted,
    )


def _with_callback(context: TaskContext[CommandParams]) -> CommandParams:
    """Return the parameters, with the way to call back in the environment where the command is to take it."""
    ticket = context.callback
    if ticket is None:
        return context.params
    told = {"HOWDAH_CALLBACK_URL": ticket.url, "HOWDAH_CALLBACK_TOKEN": ticket.token}
    return context.params.model_copy(update={"environment": {**context.params.environment, **told}})


def _failure(context: TaskContext[CommandParams], outcome: CommandOutcome) -> TaskError:
    said = _tail(outcome.stderr) or _tail(outcome.stdout)
    return TaskError.of(
        FailureKind.PERMANENT,
        f"The command {context.params.argv[0]} exited with {outcome.exit_status} on {context.target.name}.",
        detail=said,
        host=context.target.host,
        operation="run the command",
        exit_status=outcome.exit_status,
    )


def _tail(output: bytes) -> str:
    return output.decode(errors="replace")[-TAIL_CHARACTERS:]
