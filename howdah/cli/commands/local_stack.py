"""``howdah up``, ``status``, ``restart`` and ``down``: the platform on this machine, and whether one answers at all."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from howdah.cli.access import CLIENT_FILE, DATA_DIRECTORY, DIRECTORY_VARIABLE
from howdah.cli.errors import CliError
from howdah.cli.example import example_folder
from howdah.cli.following import follow
from howdah.cli.session import Session, table, with_session
from howdah.client import Client, ClientError
from howdah.contracts.control import ChildStatus, StackStatus

DirOption = Annotated[
    Path, typer.Option("--dir", metavar="DIR", help="Where the local stack keeps its data.", envvar=DIRECTORY_VARIABLE)
]
DEFAULT_DIR = Path(DATA_DIRECTORY)


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    for name, command in (("up", up), ("status", status), ("restart", restart), ("down", down)):
        app.command(name)(command)


def up(
    *,
    directory: DirOption = DEFAULT_DIR,
    example: Annotated[
        bool | None,
        typer.Option(
            "--example/--no-example",
            help="Run the example experiment once all is ready; by default at the first start only.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Start the whole platform on this machine and keep it running until Ctrl-C."""
    local = _local()
    wanted = not (directory / CLIENT_FILE).exists() if example is None else example
    try:
        code = local.up(
            directory,
            example=example_folder() if wanted else None,
            follow=_follow,
        )
    finally:
        Console().show_cursor()  # a stop in the middle of the live view leaves it hidden
    raise typer.Exit(code)


@with_session
def status(session: Session, directory: DirOption = DEFAULT_DIR) -> None:
    """Tell how the local stack is, and whether the API server answers; exit code 1 when something is wrong."""
    if (directory / CLIENT_FILE).is_file():
        session.directory = directory
    stack = _stack_status(directory)
    troubles = [f"{child.name}: {child.trouble}" for child in stack.children if child.trouble] if stack else []
    try:
        caller = session.client.me()
    except ClientError as error:
        caller = None
        troubles.append(str(error))
    if session.as_json:
        report = {"stack": stack, "api_url": session.access.api_url, "caller": caller, "troubles": troubles}
        session.json_line(report, indent=2)
    else:
        if stack is not None:
            session.show(None, table(("PROCESS", "STATE", "PID", "SINCE", "RESTARTS", "LOG"), _rows(stack.children)))
            session.show(None, "")
        who = f"you are {caller.subject} ({caller.role})" if caller else "it does not answer"
        session.show(None, f"API  {session.access.api_url}  {who}")
        for trouble in troubles:
            session.say(trouble)
    if troubles:
        raise typer.Exit(1)


def restart(
    name: Annotated[str, typer.Argument(metavar="PROCESS", help="As 'howdah status' names it.", show_default=False)],
    directory: DirOption = DEFAULT_DIR,
) -> None:
    """Stop one process of the local stack in order, and start it again."""
    _local().restart(name, directory)


def down(directory: DirOption = DEFAULT_DIR) -> None:
    """Ask the local stack to stop; its data stays."""
    _local().stop(directory)
    sys.stderr.write("the local stack stops; its data stays\n")


def _follow(client: Client, experiment_id: str) -> None:
    follow(Session(client=client), experiment_id)


def _rows(children: Sequence[ChildStatus]) -> list[tuple[object, ...]]:
    return [
        (one.name, one.state, one.pid, f"{one.since.astimezone():%Y-%m-%d %H:%M:%S}", one.restarts, one.log)
        for one in children
    ]


def _stack_status(directory: Path) -> StackStatus | None:
    """Return how the stack in ``directory`` is; None where none runs, or the local stack is not installed."""
    try:
        local = _local()
    except CliError:
        return None
    try:
        status: StackStatus = local.status(directory)
    except local.LocalStackError:
        return None
    return status


def _local() -> Any:  # noqa: ANN401 - the module howdah.local
    """Return the local stack's room: imported late, since a gateway's machine needs the client only."""
    try:
        import howdah.local  # an extra of its own: howdah[local]
    except ImportError as error:
        raise CliError(
            f"the local stack needs the package {error.name}: pip install 'howdah[local]' brings all of it"
        ) from error
    return howdah.local
