"""``howdah services``: what runs in how many instances; scale, restart, deploy, roll back, remove."""

from pathlib import Path
from typing import Annotated

import typer

from howdah.cli.reading import read_document
from howdah.cli.session import Session, table, with_session
from howdah.contracts.services import ServiceDeployment, ServiceReport

app = typer.Typer(no_args_is_help=True, help="Services: what runs in how many instances. Steering needs an operator.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The service.", show_default=False)]


@app.command("list")
@with_session
def list_services(session: Session) -> None:
    """List all services."""
    found = session.client.services.list()
    rows = (
        (one.name, one.kind, f"{one.ready}/{one.replicas}", one.release, one.revision, one.trouble)
        for one in found.items
    )
    session.show(found, table(("NAME", "KIND", "READY", "RELEASE", "REVISION", "TROUBLE"), rows))
    if found.control == "none":
        session.messages.print("This server was not told what runs its services, so it shows none.")


@app.command("show")
@with_session
def show_service(session: Session, name: NameArgument) -> None:
    """Show a service's instances and what happened to them lately."""
    report = session.client.services.get(name)
    session.show(report, table(("INSTANCE", "STATE", "RESTARTS", "REVISION", "WHERE", "TROUBLE"), _instances(report)))
    if not session.as_json:
        events = (
            (f"{one.at.astimezone():%H:%M:%S}", one.about, one.reason, one.count, one.message) for one in report.events
        )
        session.show(report, table(("AT", "ABOUT", "REASON", "×", "MESSAGE"), events))


@app.command("scale")
@with_session
def scale_service(
    session: Session,
    name: NameArgument,
    replicas: Annotated[int, typer.Argument(metavar="REPLICAS", help="How many instances.", min=0)],
) -> None:
    """Want so many instances of a task service."""
    session.show(session.client.services.scale(name, replicas), f"{name} is being brought to {replicas} instances")


@app.command("restart")
@with_session
def restart_service(session: Session, name: NameArgument) -> None:
    """Replace every instance, one after the other; each finishes what it has in hand."""
    session.show(session.client.services.restart(name), f"{name} is being restarted")


@app.command("deploy")
@with_session
def deploy_service(
    session: Session,
    name: NameArgument,
    file: Annotated[Path, typer.Option("--file", "-f", help="YAML or JSON: task_type, module, image or directory …")],
) -> None:
    """Run a task service of your own, or a new revision of it."""
    session.show(
        session.client.services.deploy(name, read_document(file, ServiceDeployment)), f"{name} is being deployed"
    )


@app.command("roll-back")
@with_session
def roll_back_service(session: Session, name: NameArgument) -> None:
    """Go back to the revision before the present one."""
    session.show(session.client.services.roll_back(name), f"{name} is being rolled back")


@app.command("remove")
@with_session
def remove_service(session: Session, name: NameArgument) -> None:
    """Stop a service of your own and forget it; tasks that wait for it stay in their topic."""
    session.client.services.remove(name)
    session.show({"removed": name}, f"{name} is removed")


def _instances(report: ServiceReport) -> list[tuple[object, ...]]:
    return [(one.name, one.state, one.restarts, one.revision, one.where, one.trouble) for one in report.instances]
