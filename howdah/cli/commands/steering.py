"""``howdah experiments retry | refetch | pause | resume | skip``: what is asked of an experiment that was launched."""

from typing import Annotated

import typer

from howdah.cli.errors import CliError
from howdah.cli.finding import find_experiment
from howdah.cli.following import follow_to_the_end
from howdah.cli.session import Session, with_session
from howdah.client.models import Experiment, Task

_Experiment = Annotated[
    str, typer.Argument(metavar="ID|NAME", help="The experiment; a name only where it is unique.", show_default=False)
]
_Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the experiment.")]
_Watch = Annotated[bool, typer.Option("--watch", help="Follow it until the end.")]
_Tasks = list[str] | None


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command("retry")(retry)
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
