"""``howdah experiments`` for what was launched: retry, relaunch, refetch, pause, resume, skip, correct."""

import json
from typing import Annotated

import typer
from pydantic import JsonValue

from howdah.cli.errors import CliError
from howdah.cli.finding import find_experiment, find_resource
from howdah.cli.following import follow_to_the_end
from howdah.cli.session import Session, with_session
from howdah.client.run_models import Experiment, Task
from howdah.contracts.states import TaskState

_Experiment = Annotated[
    str, typer.Argument(metavar="ID|NAME", help="The experiment; a name only where it is unique.", show_default=False)
]
_Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the experiment.")]
_Watch = Annotated[bool, typer.Option("--watch", help="Follow it until the end.")]
_Tasks = list[str] | None


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command("retry")(retry)
    app.command("relaunch")(relaunch)
    app.command("correct")(correct)
    app.command("refetch")(refetch)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("skip")(skip)


@with_session
def retry(
    session: Session,
    *,
    experiment: _Experiment,
    rerun: Annotated[
        _Tasks, typer.Option("--rerun", metavar="TASK", help="Do this task again in any case; may be repeated.")
    ] = None,
    leave_out: Annotated[
        _Tasks, typer.Option("--skip", metavar="TASK", help="Leave this task out; may be repeated.")
    ] = None,
    watch: _Watch = False,
) -> None:
    """Go on where an experiment failed or was stopped; what was finished is kept."""
    found = find_experiment(session.client, experiment)
    _show(session, session.client.experiments.retry(found.id, rerun=rerun or (), skip=leave_out or ()), watch=watch)


@with_session
def relaunch(  # noqa: PLR0913 - what may be changed, by option
    session: Session,
    *,
    experiment: _Experiment,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="The new one's name.")] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=JSON", help="Another value; may be repeated.")
    ] = None,
    requirements: Annotated[
        list[str] | None, typer.Option("--require", metavar="NAME=JSON", help="Such as nodes=2; may be repeated.")
    ] = None,
    resource: Annotated[str | None, typer.Option("--resource", metavar="ID|NAME", help="Run it there.")] = None,
    watch: _Watch = False,
) -> None:
    """Launch a new experiment of the same request, with changes."""
    changes: dict[str, JsonValue] = {"inputs": _values(inputs), "requirements": _values(requirements)}
    if name is not None:
        changes["name"] = name
    if resource is not None:
        changes["resource_id"] = find_resource(session.client, resource).id
    used = {key: value for key, value in changes.items() if value != {}}
    found = find_experiment(session.client, experiment)
    _show(session, session.client.experiments.relaunch(found.id, used), watch=watch)


@with_session
def correct(
    session: Session,
    experiment: _Experiment,
    state: Annotated[TaskState, typer.Argument(metavar="STATE", help="How it has ended.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="How that is known.", show_default=False)],
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="This task, instead of the run.")] = None,
) -> None:
    """Say, as an administrator, how a run or a task has ended, against what the platform knows."""
    found = find_experiment(session.client, experiment)
    calls = session.client.experiments
    if task is None:
        _show(session, calls.correct(found.id, state.value, reason))
    else:
        _show(session, calls.correct_task(_task(session, found, task).id, state.value, reason))


def _values(pairs: list[str] | None) -> dict[str, JsonValue]:
    """Read NAME=JSON; what is no JSON is taken as text."""
    values: dict[str, JsonValue] = {}
    for pair in pairs or ():
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise CliError(f"{pair!r}: NAME=VALUE is expected")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


@with_session
def refetch(
    session: Session,
    *,
    experiment: _Experiment,
    outputs: Annotated[
        list[str] | None, typer.Argument(metavar="[OUTPUT]...", help="Only these.", show_default=False)
    ] = None,
    watch: _Watch = False,
) -> None:
    """Bring outputs back once more from the work directory of an experiment that has ended."""
    found = find_experiment(session.client, experiment)
    _show(session, session.client.experiments.refetch(found.id, outputs or ()), watch=watch)


@with_session
def pause(session: Session, experiment: _Experiment, reason: _Reason = "") -> None:
    """Begin nothing new; what runs goes on."""
    _show(session, session.client.experiments.pause(find_experiment(session.client, experiment).id, reason))


@with_session
def resume(session: Session, experiment: _Experiment, reason: _Reason = "") -> None:
    """Let a paused experiment go on."""
    _show(session, session.client.experiments.resume(find_experiment(session.client, experiment).id, reason))


@with_session
def skip(
    session: Session,
    experiment: _Experiment,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task's name or id.", show_default=False)],
    reason: _Reason = "",
) -> None:
    """Leave out a task that has not begun or waits for another try; what depends on it goes on."""
    found = find_experiment(session.client, experiment)
    _show(session, session.client.experiments.skip_task(_task(session, found, task).id, reason))


def _task(session: Session, experiment: Experiment, text: str) -> Task:
    tasks = list(session.client.experiments.tasks(experiment.id))
    found = next((task for task in tasks if text in {task.id, task.name}), None)
    if found is None:
        known = ", ".join(task.name for task in tasks[:20])
        raise CliError(f"{experiment.name} has no task {text!r}; it has {known}")
    return found


def _show(session: Session, experiment: Experiment, *, watch: bool = False) -> None:
    if watch:
        follow_to_the_end(session, experiment)
    else:
        session.show(experiment, f"{experiment.id}  {experiment.state}  {experiment.name}")
