"""``howdah lanes``: what waits in which lane, who holds its partitions; pause and resume."""

from typing import Annotated

import typer

from howdah.cli.session import Session, table, with_session
from howdah.contracts.task_types import LaneName

app = typer.Typer(
    no_args_is_help=True,
    help="Lanes of task types. Pausing one concerns every gateway: it needs a platform administrator.",
)

TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="The task type.", show_default=False)]


LaneArgument = Annotated[LaneName, typer.Argument(metavar="LANE", help="fast or slow.", show_default=False)]


@app.command("list")
@with_session
def list_lanes(session: Session) -> None:
    """List both lanes of every task type."""
    found = session.client.lanes.list()
    rows = (
        (one.type, one.lane, one.waiting, one.running, one.retrying, "paused" if one.paused else "", one.next)
        for one in found.items
    )
    session.show(found, table(("TYPE", "LANE", "WAITING", "RUNNING", "RETRYING", "", "NEXT"), rows))


@app.command("show")
@with_session
def show_lanes(session: Session, task_type: TypeArgument) -> None:
    """Show the partitions of a type's lanes, who holds them, and the latest rebalances."""
    found = session.client.lanes.partitions(task_type)
    rows = (
        (
            one.number,
            one.lane,
            f"{one.host}:{one.pid}" if one.host else "nobody",
            "" if one.watermark is None else one.watermark,
            one.finished_beyond,
            one.gaps,
            one.in_flight,
            one.backlog,
            "held" if one.held else "",
        )
        for one in found.items
    )
    heads = ("PARTITION", "LANE", "INSTANCE", "WATERMARK", "BEYOND", "GAPS", "IN FLIGHT", "BACKLOG", "")
    session.show(found, table(heads, rows))
    if not session.as_json:
        moves = (
            (f"{one.at.astimezone():%H:%M:%S}", one.what, ", ".join(map(str, one.partitions)), f"{one.host}:{one.pid}")
            for one in found.rebalances
        )
        session.show(found, table(("AT", "REBALANCE", "PARTITIONS", "INSTANCE"), moves))


@app.command("pause")
@with_session
def pause_lane(
    session: Session,
    task_type: TypeArgument,
    lane: LaneArgument,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; everybody who waits is told.")] = "",
) -> None:
    """Let nothing of a lane be taken up; what is in hand is finished, the rest waits in its order.

    Agents have topics of their own and are not held back: an agent's resource is disabled instead.
    """
    control = session.client.lanes.pause(task_type, lane, reason)
    session.show(control, f"the {lane} lane of {task_type} is paused since {control.since:%Y-%m-%d %H:%M:%S %Z}")


@app.command("resume")
@with_session
def resume_lane(session: Session, task_type: TypeArgument, lane: LaneArgument) -> None:
    """Go on with a lane that is paused."""
    session.show(session.client.lanes.resume(task_type, lane), f"the {lane} lane of {task_type} goes on")
