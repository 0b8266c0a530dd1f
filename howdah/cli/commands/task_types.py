"""``howdah task-types``: what tasks of a type of one's own take and give."""

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from howdah.cli.errors import CliError
from howdah.cli.reading import read_document
from howdah.cli.session import Session, table, with_session
from howdah.contracts.task_types import TaskTypeDescription

app = typer.Typer(no_args_is_help=True, help="Task types: what tasks of a type of your own take and give.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The task type.", show_default=False)]


@app.command("list")
@with_session
def list_task_types(session: Session) -> None:
    """List the registered task types."""
    found = sorted(session.client.task_types.list(), key=lambda one: one.name)
    rows = (
        (
            one.name,
            one.description.description.partition("\n")[0],
            one.description.resource,
            ", ".join(f"{port.name}: {port.type}" for port in one.description.outputs),
            one.version,
        )
        for one in found
    )
    session.show(found, table(("NAME", "WHAT IT DOES", "RESOURCE", "OUTPUTS", "VERSION"), rows))


@app.command("show")
@with_session
def show_task_type(session: Session, name: NameArgument) -> None:
    """Show what is registered of a task type, as YAML."""
    one = session.client.task_types.get(name)
    session.show(one, _as_yaml(one.description))


@app.command("register")
@with_session
def register_task_type(
    session: Session,
    name: NameArgument,
    file: Annotated[Path, typer.Option("--file", "-f", help="YAML or JSON: parameters, outputs, limits …")],
) -> None:
    """Register a task type, or describe it anew: its tasks are checked from then on."""
    registered = session.client.task_types.register(name, read_document(file, TaskTypeDescription))
    session.show(registered, f"{name} is registered, version {registered.version}")


@app.command("forget")
@with_session
def forget_task_type(session: Session, name: NameArgument) -> None:
    """Forget a task type; its topic stays, and its tasks are no longer checked."""
    session.client.task_types.forget(name)
    session.show({"forgotten": name}, f"{name} is forgotten")


@app.command("describe")
def describe_task_type(
    task: Annotated[str, typer.Argument(metavar="MODULE:TASK", help="Such as word_count.handler:word_count.")],
) -> None:
    """Print what a declared task takes and gives, read off its code in this folder."""
    # Deferred: the SDK is only needed here.
    from howdah.tasks.declaration import TaskDefinition
    from howdah.tasks.description import describe

    module, _, name = task.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise CliError(f"{task} can't be found from {Path.cwd()}: {error}") from None
    if not isinstance(found, TaskDefinition):
        raise CliError(f"{task} is no task: @task declares one")
    typer.echo(_as_yaml(describe(found)), nl=False)


def _as_yaml(description: TaskTypeDescription) -> str:
    return yaml.safe_dump(description.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
