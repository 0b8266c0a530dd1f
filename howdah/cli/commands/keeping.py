"""``howdah experiments`` for keeping order: tag, archive, unarchive; and one verb for many."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from howdah.cli.finding import find_experiment
from howdah.cli.session import Session, with_session
from howdah.contracts.states import ExperimentState

_Experiment = Annotated[
    str, typer.Argument(metavar="ID|NAME", help="The experiment; a name only where it is unique.", show_default=False)
]


class Action(StrEnum):
    """What is done with each of many."""

    CANCEL = "cancel"
    RETRY = "retry"
    PAUSE = "pause"
    RESUME = "resume"
    CLONE = "clone"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command("tag")(tag)
    app.command("archive")(archive)
    app.command("unarchive")(unarchive)
    app.command("many")(many)


@with_session
def tag(
    session: Session,
    experiment: _Experiment,
    tags: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="Its tags; may be repeated.")] = None,
    notes: Annotated[str | None, typer.Option("--notes", metavar="TEXT", help="Its notes.")] = None,
) -> None:
    """Write tags and notes; what is not given stays."""
    found = find_experiment(session.client, experiment)
    now = session.client.experiments.annotate(found.id, description=notes, tags=tags)
    session.show(now, f"{found.name}: {', '.join(now.tags) or 'no tags'}")


@with_session
def archive(session: Session, experiment: _Experiment) -> None:
    """Put an experiment away that does not run: lists leave it out, nothing is deleted."""
    moved = session.client.experiments.archive(find_experiment(session.client, experiment).id)
    session.show(moved, f"{moved.id}  put away  {moved.name}")


@with_session
def unarchive(
    session: Session, experiment: Annotated[str, typer.Argument(metavar="ID", help="Its id.", show_default=False)]
) -> None:
    """Bring an experiment back into the lists."""
    moved = session.client.experiments.unarchive(experiment)
    session.show(moved, f"{moved.id}  is back  {moved.name}")


@with_session
def many(  # noqa: PLR0913 - the filters, by option
    session: Session,
    *,
    action: Annotated[Action, typer.Argument(metavar="ACTION", help="What is done with each.", show_default=False)],
    states: Annotated[list[ExperimentState] | None, typer.Option("--state", help="Only these states.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Only names that contain this.")] = None,
    owner: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Only this user's.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="Only those that bear it.")] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Do the same with all experiments that fit, in steps; Ctrl-C stops between two."""
    filters: dict[str, Any] = {"state": [one.value for one in states or ()], "name": name, "owner": owner}
    filters |= {"tag": tags or [], "archived": "true" if action is Action.UNARCHIVE else None}
    wanted = {key: value for key, value in filters.items() if value}
    if not yes:
        typer.confirm(f"{action.value.capitalize()} every experiment that fits?", abort=True)
    done = refused = 0
    for step in session.client.experiments.many(action.value, wanted, reason):
        done, refused = done + step.done, refused + step.refused
        for one in step.refusals:
            session.say(f"{one.name}: {one.reason}")
        session.say(f"{done} done, {refused} refused")
    session.show({"done": done, "refused": refused}, f"{action.value}: {done} done, {refused} refused")
