"""``howdah workflows``: keep definitions, look at versions, run them, answer what their runs ask."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from howdah.cli.errors import CliError
from howdah.cli.finding import find_experiment, find_workflow
from howdah.cli.following import follow_to_the_end
from howdah.cli.session import Session, table, with_session
from howdah.contracts.flow import SIGNAL
from howdah.contracts.plain_yaml import MAX_BYTES, written
from howdah.contracts.states import TaskState

app = typer.Typer(no_args_is_help=True, help="Workflows: definitions in versions, and their runs.")

_Workflow = Annotated[str, typer.Argument(metavar="ID|NAME", help="The workflow.", show_default=False)]
_File = Annotated[
    Path, typer.Option("-f", "--file", metavar="FILE", help="The definition, in YAML or JSON.", show_default=False)
]
_Version = Annotated[
    int | None, typer.Option("--version", min=1, help="Which version; by default the newest.", show_default=False)
]


@app.command("list")
@with_session
def list_workflows(session: Session) -> None:
    """List the gateway's workflows."""
    found = list(session.client.workflows.list())
    rows = ((one.name, str(one.version), one.owner, one.description.partition("\n")[0][:60]) for one in found)
    session.show(found, table(("NAME", "VERSION", "OWNER", "DESCRIPTION"), rows))


@app.command("check")
@with_session
def check(session: Session, *, file: _File) -> None:
    """Say what is wrong with a definition, each fault with its place; nothing is kept."""
    draft = session.client.workflows.validate(_text(file))
    faults = "\n".join(f"{one.field}: {one.message}" for one in draft.problems)
    session.show(draft, faults or "nothing is wrong with it")
    if not draft.valid:
        raise typer.Exit(1)


@app.command("deploy")
@with_session
def deploy(
    session: Session,
    *,
    file: _File,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="What is new in it.")] = "",
) -> None:
    """Keep a definition: as a new workflow, or as a new version of the one of its name."""
    calls, text = session.client.workflows, _text(file)
    draft = calls.validate(text)
    if not draft.valid or draft.yaml is None:
        raise CliError("\n".join(f"{file}: {one.field}: {one.message}" for one in draft.problems))
    name = next(line.removeprefix("name: ") for line in draft.yaml.splitlines() if line.startswith("name: "))
    known = calls.find(name.strip("'\""))
    if known is None:
        made = calls.create(text, comment)
        session.show(made, f"{made.name}: version {made.version}")
        return
    version = calls.add_version(known.id, text, comment)
    said = "" if version.version > known.version else " (nothing has changed)"
    session.show(version, f"{version.name}: version {version.version}{said}")


@app.command("show")
@with_session
def show(session: Session, *, workflow: _Workflow, version: _Version = None) -> None:
    """Show a definition as YAML, as it may be deployed again."""
    found = find_workflow(session.client, workflow)
    one = session.client.workflows.version(found.id, version or found.version)
    session.show(one, written(one.definition).rstrip())


@app.command("versions")
@with_session
def versions(session: Session, *, workflow: _Workflow) -> None:
    """List the versions of a workflow."""
    found = list(session.client.workflows.versions(find_workflow(session.client, workflow).id))
    rows = ((str(one.version), f"{one.created_at:%Y-%m-%d %H:%M}", one.created_by, one.comment) for one in found)
    session.show(found, table(("VERSION", "CREATED", "BY", "COMMENT"), rows))


@app.command("diff")
@with_session
def diff(
    session: Session,
    *,
    workflow: _Workflow,
    version: _Version = None,
    against: Annotated[
        int | None, typer.Option("--against", min=1, help="By default the version before.", show_default=False)
    ] = None,
) -> None:
    """Show what a version has otherwise than another one."""
    found = find_workflow(session.client, workflow)
    difference = session.client.workflows.diff(found.id, version or found.version, against)
    session.show(difference, difference.text.rstrip() or "they are the same")


@app.command("delete")
@with_session
def delete(session: Session, *, workflow: _Workflow) -> None:
    """Delete a workflow that was never run."""
    found = find_workflow(session.client, workflow)
    session.client.workflows.delete(found.id)
    session.show({"deleted": found.id}, f"{found.name} was deleted")


@app.command("run")
@with_session
def run(  # noqa: PLR0913 - the parts of a run, by option
    session: Session,
    *,
    workflow: _Workflow,
    version: _Version = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="May be repeated; JSON, or a plain text."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Of the experiment.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until the end.")] = False,
) -> None:
    """Launch a run of a workflow: an experiment like any other."""
    found = find_workflow(session.client, workflow)
    request: dict[str, Any] = {
        "kind": "workflow",
        "name": name or found.name,
        "workflow": found.id,
        "version": version,
        "parameters": dict(_value(one) for one in parameter or ()),
        "launch": True,
    }
    experiment = session.client.experiments.submit(request)
    if watch:
        follow_to_the_end(session, experiment)
    else:
        session.show(experiment, f"{experiment.name} {experiment.id} was launched")


@app.command("answer")
@with_session
def answer(
    session: Session,
    *,
    experiment: Annotated[str, typer.Argument(metavar="ID|NAME", help="The experiment.", show_default=False)],
    task: Annotated[str, typer.Argument(metavar="NODE", help="The approval, by its name.", show_default=False)],
    port: Annotated[str, typer.Argument(metavar="CHOICE", help="Such as approved.", show_default=False)],
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="Kept with the run.")] = "",
) -> None:
    """Answer an approval that a run waits for."""
    found = find_experiment(session.client, experiment)
    asked = {
        one.name: one
        for one in session.client.experiments.tasks(found.id)
        if one.type == SIGNAL and one.state == TaskState.EXECUTING
    }
    if task not in asked:
        waiting = ", ".join(sorted(asked)) or "none"
        raise CliError(f"{found.name} waits for no answer to {task!r}; it waits for: {waiting}")
    session.client.workflows.answer(asked[task].id, port, comment)
    session.show({"task": asked[task].id, "port": port}, f"{task}: {port}")


def _text(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if str(file) == "-" else file.read_bytes()
        return data.decode()
    except OSError as error:
        raise CliError(f"{file} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise CliError(f"{file} is no UTF-8 text: byte {error.start} is not") from None


def _value(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CliError(f"--parameter takes NAME=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
