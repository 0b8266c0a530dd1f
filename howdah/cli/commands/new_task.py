"""``howdah new-task``: a task service of one's own, from nothing: handler, settings, test, image, description."""

import keyword
import string
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter, ValidationError

from howdah.cli.errors import CliError
from howdah.contracts.params import BUILT_IN
from howdah.contracts.services import ServiceName

SCAFFOLD: Final = Path(__file__).parents[1] / "scaffold"
_SUFFIX: Final = ".txt"
_PACKAGE: Final = "package"

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The task type: words joined by hyphens.", show_default=False)
]
IntoOption = Annotated[
    Path | None, typer.Option("--into", metavar="DIR", help="The folder to make [default: NAME].", show_default=False)
]


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command("new-task")(new_task)


def new_task(name: NameArgument, into: IntoOption = None) -> None:
    """Make the package of a task service: it runs as it is, and is yours to change."""
    package = _package_of(name)
    folder = (into or Path(name)).absolute()
    if folder.exists():
        raise CliError(f"{folder} is there already; name another folder with --into")
    words = {"name": name, "package": package, "prefix": package.upper(), "directory": str(folder)}
    made = [_written(template, folder, words) for template in sorted(SCAFFOLD.rglob(f"*{_SUFFIX}"))]
    typer.echo(f"{folder} has {len(made)} files; {folder / 'README.md'} says what to do with them")


def _package_of(name: str) -> str:
    try:
        TypeAdapter(ServiceName).validate_python(name)
    except ValidationError:
        raise CliError(
            f"{name!r} is no name of a task type: lower-case words and digits joined by hyphens, at most 50 "
            "characters, like word-count"
        ) from None
    if name in BUILT_IN:
        raise CliError(f"{name!r} is a task type of the platform's own; choose another name")
    package = name.replace("-", "_")
    if keyword.iskeyword(package) or package in {"tests", "howdah"}:
        raise CliError(f"a Python package can't be called {package!r}; choose another name")
    return package


def _written(template: Path, folder: Path, words: dict[str, str]) -> Path:
    parts = [words["package"] if part == _PACKAGE else part for part in template.relative_to(SCAFFOLD).parts]
    target = folder.joinpath(*parts).with_suffix("")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(string.Template(template.read_text()).substitute(words))
    return target
