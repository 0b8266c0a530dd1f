"""``howdah resources``: the machines that run jobs."""

from typing import Annotated

import typer

from howdah.cli.finding import find_resource
from howdah.cli.session import Session, table, with_session

app = typer.Typer(no_args_is_help=True, help="Compute resources: the machines that run jobs.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME|ID", help="The resource.", show_default=False)]


@app.command("list")
@with_session
def list_resources(session: Session) -> None:
    """List the compute resources."""
    resources = sorted(session.client.resources.list(), key=lambda one: one.name)
    rows = (
        (
            one.name,
            one.scheduler,
            f"{one.username}@{one.host}:{one.port}" if one.transport == "ssh" else one.transport,
            ", ".join(queue.name + ("*" if queue.is_default else "") for queue in one.queues),
            "yes" if one.enabled else "no",
            one.id,
        )
        for one in resources
    )
    session.show(resources, table(("NAME", "SCHEDULER", "REACHED AS", "QUEUES", "ENABLED", "ID"), rows))


@app.command("show")
@with_session
def show_resource(session: Session, name: NameArgument) -> None:
    """Show one compute resource."""
    one = find_resource(session.client, name)
    facts = {
        "name": one.name,
        "id": one.id,
        "description": one.description,
        "reached by": f"{one.transport}, {one.username}@{one.host}:{one.port}",
        "by way of": "\n".join(f"{hop['username']}@{hop['host']}:{hop['port']}" for hop in one.jump_hosts),
        "host keys": "\n".join(one.host_keys) or "none confirmed yet: howdah resources test",
        "scheduler": one.scheduler,
        "grid engine": "\n".join(f"{key}={value}" for key, value in one.grid_engine.items() if value)
        if one.scheduler == "sge"
        else "",
        "scratch": one.scratch,
        "environment": "\n".join(f"{key}={value}" for key, value in one.environment.items()),
        "queues": "\n".join(_limits(queue.model_dump()) for queue in one.queues),
        "enabled": "yes" if one.enabled else "no",
    }
    session.show(one, table(("", ""), ((label, value) for label, value in facts.items() if value)))


@app.command("delete")
@with_session
def delete_resource(session: Session, name: NameArgument) -> None:
    """Delete a compute resource that nothing uses."""
    one = find_resource(session.client, name)
    session.client.resources.delete(one.id)
    session.show({"deleted": one.id}, f"{one.name} is deleted")


def _limits(queue: dict[str, object]) -> str:
    limits = ", ".join(
        f"{key.removeprefix('max_')} ≤ {value}" for key, value in queue.items() if key[:4] == "max_" and value
    )
    return f"{queue['name']}{' (default)' if queue['is_default'] else ''}{': ' + limits if limits else ''}"
