"""What every command stands on: the client to ask, and how to show the answer. Also the options that all have."""

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from howdah.cli import access
from howdah.client import Client, RetryDelays

PIPE_WIDTH = 4_000
"""Nothing is cut off where nobody's screen ends."""

P = ParamSpec("P")


class Session:
    """One run of the command. ``client`` connects when it is first asked for."""

    def __init__(
        self,
        api_url: str | None = None,
        token: str | None = None,
        *,
        as_json: bool = False,
        client: Client | None = None,
    ) -> None:
        self._api_url = api_url
        self._token = token
        if client is not None:
            self.client = client
        self.as_json = as_json
        self.directory: Path | None = None
        """The local stack's, where a command has an option for it."""
        self.screen = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, emoji=False)
        self.messages = Console(
            stderr=True, width=None if sys.stderr.isatty() else PIPE_WIDTH, highlight=False, emoji=False
        )

    @functools.cached_property
    def access(self) -> access.Access:
        """Where the API server is; CliError when nobody said."""
        environment = dict(os.environ)
        if self.directory is not None:
            environment[access.DIRECTORY_VARIABLE] = str(self.directory)
        return access.resolve(self._api_url, self._token, start=Path.cwd(), environment=environment)

    @functools.cached_property
    def client(self) -> Client:
        """The client; CliError when no API server is known."""
        return Client(self.access.api_url, self.access.token, retry=RetryDelays((0.2, 0.5, 1.0)))

    def close(self) -> None:
        """Close the connections, if there are any."""
        if "client" in self.__dict__:
            self.client.close()

    def say(self, text: str) -> None:
        """Tell the person something; never part of the result."""
        self.messages.print(escape(text), soft_wrap=True)

    def show(self, value: object, rendered: Table | str) -> None:
        """Give the result: as JSON for programs, else as it is read best."""
        if self.as_json:
            self.json_line(value, indent=2)
        elif isinstance(rendered, str):
            self.screen.print(escape(rendered), soft_wrap=True)
        else:
            with self.screen.capture() as captured:
                self.screen.print(rendered)
            sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
            sys.stdout.flush()

    def json_line(self, value: object, indent: int | None = None) -> None:
        """Write the value as JSON to standard output."""
        sys.stdout.write(json.dumps(plain(value), indent=indent, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def plain(value: object) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the value as JSON's types."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a plain table; cells are text, whatever brackets they contain."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    return made


ApiUrlOption = Annotated[
    str | None,
    typer.Option("--api-url", help="The API server's address.", rich_help_panel="Connection", show_default=False),
]
TokenOption = Annotated[
    str | None, typer.Option("--token", help="The API token.", rich_help_panel="Connection", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the result as JSON to standard output.")]

_COMMON = (
    inspect.Parameter("api_url", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ApiUrlOption),
    inspect.Parameter("token", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=TokenOption),
    inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=JsonOption),
)


def with_session(function: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
    """Make a command of ``function``: gives it a Session, and the command the options that all commands have."""

    @functools.wraps(function)
    def command(*, api_url: str | None, token: str | None, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - the command's own
        session = Session(api_url, token, as_json=as_json)
        try:
            function(session, **options)  # type: ignore[call-arg]  # typer passes by name what the signature below says
        finally:
            session.close()

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + list(_COMMON)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect and typer read
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command
