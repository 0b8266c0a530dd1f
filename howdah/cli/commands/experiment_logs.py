"""``howdah experiments logs``: what the job prints, while it runs and afterwards."""

import sys
from typing import Annotated, Final

import typer

from howdah.cli.errors import CliError
from howdah.cli.finding import newest_experiment
from howdah.cli.session import Session
from howdah.client.logs import Stream

_JOB_TASK: Final = "job-submission"


def logs(
    session: Session,
    *,
    experiment: Annotated[
        str | None,
        typer.Argument(metavar="[ID|NAME]", help="The newest of that name; without, of all.", show_default=False),
    ] = None,
    stderr: Annotated[bool, typer.Option("--stderr", help="What it says on its error output.")] = False,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the job has ended.")] = False,
) -> None:
    """Print what the job of the latest run prints, byte for byte; with --json a line of JSON for each piece."""
    calls = session.client.experiments
    one = newest_experiment(session.client, experiment)
    task = next((task for task in calls.tasks(one.id) if task.type == _JOB_TASK), None)
    if task is None:
        raise CliError(f"the latest run of {one.name} has no job that prints anything")
    stream: Stream = "stderr" if stderr else "stdout"
    if follow:
        for content in calls.follow_log(task.id, stream):
            _write(session, content)
        return
    offset, size = 0, None
    while size is None or offset < size:
        part = calls.read_log(task.id, stream, offset)
        size = part.size_bytes if size is None else size
        _write(session, part.content)
        if not part.content:
            return
        offset = part.offset + len(part.content)


def _write(session: Session, content: bytes) -> None:
    if session.as_json:
        session.json_line({"text": content.decode(errors="replace")})
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
