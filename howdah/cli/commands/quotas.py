"""``howdah quotas``: how many jobs may be live at once, and when resources are to be empty."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from howdah.cli.errors import CliError
from howdah.cli.finding import find_resource
from howdah.cli.session import Session, table, with_session

app = typer.Typer(no_args_is_help=True, help="Quotas of live jobs, and maintenance windows of resources.")

_Resource = Annotated[str | None, typer.Option("--resource", metavar="ID|NAME", help="On this resource only.")]


@app.command("list")
@with_session
def list_quotas(session: Session) -> None:
    """List the gateway's quotas."""
    found = list(session.client.quotas.list())
    names = {one.id: one.name for one in session.client.resources.list()}
    rows = (
        (
            one.name,
            one.max_live_jobs,
            names.get(one.resource_id or "", "any"),
            one.queue or "any",
            one.owner or ("each" if one.each_user else "all together"),
        )
        for one in found
    )
    session.show(found, table(("NAME", "LIVE JOBS", "RESOURCE", "QUEUE", "USER"), rows))


@app.command("set")
@with_session
def set_quota(  # noqa: PLR0913 - the parts of a quota, by option
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.", show_default=False)],
    max_live_jobs: Annotated[int, typer.Argument(metavar="JOBS", help="The most live jobs.", show_default=False)],
    *,
    resource: _Resource = None,
    queue: Annotated[str | None, typer.Option("--queue", metavar="NAME", help="In this queue only.")] = None,
    owner: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Of this user only.")] = None,
    each_user: Annotated[bool, typer.Option("--each-user", help="So many for each user.")] = False,
) -> None:
    """Set a quota, or change the one of this name."""
    body = {
        "name": name,
        "max_live_jobs": max_live_jobs,
        "resource_id": find_resource(session.client, resource).id if resource else None,
        "queue": queue,
        "owner": owner,
        "each_user": each_user,
    }
    known = session.client.quotas.find(name)
    quota = session.client.quotas.create(body) if known is None else session.client.quotas.replace(known, body)
    session.show(quota, f"{quota.name}: {quota.max_live_jobs} live jobs")


@app.command("remove")
@with_session
def remove_quota(session: Session, name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)]) -> None:
    """Remove a quota; what waited for it goes on."""
    known = session.client.quotas.find(name)
    if known is None:
        raise CliError(f"there is no quota {name!r}")
    session.client.quotas.delete(known.id)
    session.show({"removed": known.id}, f"{name} is removed")


@app.command("maintenance")
@with_session
def maintenance(
    session: Session,
    resource: Annotated[str, typer.Argument(metavar="ID|NAME", help="The resource.", show_default=False)],
    starts_at: Annotated[datetime, typer.Argument(help="In UTC.", show_default=False)],
    ends_at: Annotated[datetime, typer.Argument(help="In UTC.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What is done to it.")] = "",
) -> None:
    """Announce that a resource is to be empty for a while: jobs that would reach into it wait."""
    body = {
        "resource_id": find_resource(session.client, resource).id,
        "starts_at": starts_at.replace(tzinfo=UTC).isoformat(),
        "ends_at": ends_at.replace(tzinfo=UTC).isoformat(),
        "reason": reason,
    }
    window = session.client.maintenance_windows.create(body)
    session.show(window, f"{window.id}  {window.starts_at:%Y-%m-%d %H:%M} to {window.ends_at:%Y-%m-%d %H:%M} UTC")


@app.command("windows")
@with_session
def windows(session: Session) -> None:
    """List maintenance windows."""
    found = list(session.client.maintenance_windows.list())
    names = {one.id: one.name for one in session.client.resources.list()}
    rows = (
        (one.id, names.get(one.resource_id, one.resource_id), f"{one.starts_at:%c}", f"{one.ends_at:%c}", one.reason)
        for one in found
    )
    session.show(found, table(("ID", "RESOURCE", "FROM", "TO", "REASON"), rows))


@app.command("end-maintenance")
@with_session
def end_maintenance(session: Session, window: Annotated[str, typer.Argument(metavar="ID", show_default=False)]) -> None:
    """Remove a maintenance window; what waited for it goes on."""
    session.client.maintenance_windows.delete(window)
    session.show({"removed": window}, f"{window} is removed")
