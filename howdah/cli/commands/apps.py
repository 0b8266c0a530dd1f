"""``howdah apps``: what can be run, with which inputs, and where."""

from typing import Annotated, Any

import typer

from howdah.cli.finding import find_interface
from howdah.cli.session import Session, table, with_session

app = typer.Typer(no_args_is_help=True, help="Applications: what can be run, and where.")


@app.command("list")
@with_session
def list_apps(session: Session) -> None:
    """List the applications with the resources that they are deployed on."""
    shown = [_overview(session, interface.id) for interface in session.client.interfaces.list()]
    shown.sort(key=lambda one: one["name"])
    rows = ((one["name"], one["module"], ", ".join(one["resources"]), one["description"], one["id"]) for one in shown)
    session.show(shown, table(("NAME", "MODULE", "RESOURCES", "DESCRIPTION", "ID"), rows))


@app.command("show")
@with_session
def show_app(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME|ID", help="The application.", show_default=False)],
) -> None:
    """Show an application: its inputs, its outputs, where it runs."""
    interface = find_interface(session.client, name)
    overview = _overview(session, interface.id)
    if session.as_json:
        session.json_line({**overview, "inputs": interface.inputs, "outputs": interface.outputs}, indent=2)
        return
    session.show(None, f"{overview['name']}: {overview['description'] or overview['module']}")
    session.show(None, f"runs on {', '.join(overview['resources']) or 'no resource yet'}\n")
    rows = ((one["name"], one["type"], _default(one), _range(one), one.get("description")) for one in interface.inputs)
    session.show(None, table(("INPUT", "TYPE", "DEFAULT", "VALUES", "DESCRIPTION"), rows))
    outputs = ((one["name"], one["type"], one.get("path"), one.get("description")) for one in interface.outputs)
    session.show(None, "")
    session.show(None, table(("OUTPUT", "TYPE", "FILE", "DESCRIPTION"), outputs))


def _overview(session: Session, interface_id: str) -> dict[str, Any]:
    interface = session.client.interfaces.get(interface_id)
    module = session.client.modules.get(interface.module_id)
    resources = {one.id: one.name for one in session.client.resources.list()}
    places = [one for one in session.client.deployments.list() if one.module_id == module.id]
    return {
        "id": interface.id,
        "name": interface.name,
        "description": interface.description,
        "module": f"{module.name} {module.release}".strip(),
        "resources": sorted(resources.get(one.resource_id, one.resource_id) for one in places),
    }


def _default(one: dict[str, Any]) -> str:
    default = one.get("default")
    if default is None:
        return "(required)" if one.get("required", True) else ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _range(one: dict[str, Any]) -> str:
    if choices := one.get("choices"):
        return " | ".join(map(str, choices))
    low, high = one.get("minimum"), one.get("maximum")
    return "" if low is None and high is None else f"{_number(low)} … {_number(high)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if abs(value) < 1_000_000 else f"{value:.0f}"  # noqa: PLR2004 - where %g turns to powers
