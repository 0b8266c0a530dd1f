"""``howdah schedules``: experiments that start by themselves."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from howdah.cli.errors import CliError
from howdah.cli.finding import find_schedule
from howdah.cli.session import Session, table, with_session
from howdah.client.catalogue import experiment_requests, read_documents
from howdah.client.schedules import Schedule

app = typer.Typer(no_args_is_help=True, help="Schedules: experiments that start by themselves.")

_Schedule = Annotated[str, typer.Argument(metavar="ID|NAME", help="The schedule.", show_default=False)]
_Cron = Annotated[
    str, typer.Option("--cron", metavar="EXPRESSION", help="Such as '30 2 * * mon-fri'.", show_default=False)
]
_Zone = Annotated[str, typer.Option("--zone", metavar="NAME", help="The time zone, such as Europe/Berlin.")]


@app.command("list")
@with_session
def list_schedules(session: Session) -> None:
    """List the gateway's schedules."""
    found = list(session.client.schedules.list())
    rows = (
        (one.name, one.cron, one.time_zone, "paused" if one.paused else _local(one.next_at, one), one.owner, _last(one))
        for one in found
    )
    session.show(found, table(("NAME", "CRON", "TIME ZONE", "NEXT", "OWNER", "LAST"), rows))


@app.command("set")
@with_session
def set_schedule(  # noqa: PLR0913 - the parts of a schedule, by option
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.", show_default=False)],
    *,
    cron: _Cron,
    file: Annotated[
        Path, typer.Option("-f", "--file", metavar="FILE", help="A YAML file of one Experiment.", show_default=False)
    ],
    zone: _Zone = "UTC",
    catch_up: Annotated[
        str, typer.Option("--catch-up", metavar="skip|one|all", help="What becomes of missed moments.")
    ] = "one",
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most that --catch-up all runs.")] = 10,
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="allow|skip|wait|cancel", help="While an earlier run goes on.")
    ] = "wait",
    resource: Annotated[
        str | None, typer.Option("--resource", metavar="NAME", help="Run it there instead of where the file says.")
    ] = None,
) -> None:
    """Launch an experiment by itself from now on, or change the schedule of this name."""
    documents = list(read_documents(file))
    if len(documents) != 1:
        raise CliError(f"a schedule launches one experiment, and {file} describes {len(documents)}")
    [experiment] = experiment_requests(session.client, documents, resource=resource)
    body = {
        "name": name,
        "cron": cron,
        "time_zone": zone,
        "catch_up": catch_up,
        "catch_up_limit": limit,
        "overlap": overlap,
        "experiment": experiment,
    }
    calls = session.client.schedules
    known = calls.find(name)
    made = calls.create(body) if known is None else calls.replace(known, body)
    session.show(made, f"{made.name}: next {_local(made.next_at, made)}")


@app.command("show")
@with_session
def show(session: Session, schedule: _Schedule) -> None:
    """Show a schedule with its next moments and what became of the latest ones."""
    one = find_schedule(session.client, schedule)
    runs = [run for run, _ in zip(session.client.schedules.runs(one.id), range(20), strict=False)]
    if session.as_json:
        session.json_line({"schedule": one, "runs": runs}, indent=2)
        return
    policies = f"catch-up {one.catch_up} (limit {one.catch_up_limit}), overlap {one.overlap}"
    session.show(None, f"{one.name}  {one.cron}  {one.time_zone}{'  paused' if one.paused else ''}\n{policies}")
    session.show(None, "next: " + (", ".join(_local(at, one) for at in one.next_runs) or "never"))
    rows = ((_local(run.due_at, one), run.outcome, run.number, run.experiment_id, run.reason) for run in runs)
    session.show(None, table(("DUE", "OUTCOME", "MOMENTS", "EXPERIMENT", "REASON"), rows))


@app.command("pause")
@with_session
def pause(session: Session, schedule: _Schedule) -> None:
    """Launch nothing more; what was launched goes on."""
    paused = session.client.schedules.pause(find_schedule(session.client, schedule).id)
    session.show(paused, f"{paused.name} is paused")


@app.command("resume")
@with_session
def resume(session: Session, schedule: _Schedule) -> None:
    """Go on with the next moment."""
    resumed = session.client.schedules.resume(find_schedule(session.client, schedule).id)
    session.show(resumed, f"{resumed.name}: next {_local(resumed.next_at, resumed)}")


@app.command("remove")
@with_session
def remove(session: Session, schedule: _Schedule) -> None:
    """Delete a schedule; the experiments that it has launched stay."""
    one = find_schedule(session.client, schedule)
    session.client.schedules.delete(one.id)
    session.show({"removed": one.id}, f"{one.name} is removed")


@app.command("preview")
@with_session
def preview(
    session: Session,
    cron: Annotated[str, typer.Argument(metavar="EXPRESSION", show_default=False)],
    zone: _Zone = "UTC",
    count: Annotated[int, typer.Option("--count", min=1, max=100, help="How many moments.")] = 10,
) -> None:
    """Say when a cron expression would be due."""
    found = session.client.schedules.preview(cron, zone, count)
    session.show([at.isoformat() for at in found], "\n".join(_in_zone(at, zone) for at in found))


def _last(schedule: Schedule) -> str:
    run = schedule.last_run
    return "" if run is None else f"{run.outcome} {_local(run.due_at, schedule)}"


def _local(at: datetime | None, schedule: Schedule) -> str:
    return "never" if at is None else _in_zone(at, schedule.time_zone)


def _in_zone(at: datetime, zone: str) -> str:
    try:
        return f"{at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %Z}"
    except ZoneInfoNotFoundError:  # The server knows it, this machine does not.
        return f"{at:%a %Y-%m-%d %H:%M} UTC"
