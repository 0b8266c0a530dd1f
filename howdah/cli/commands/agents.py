"""``howdah agents``: who may work at a resource; ``howdah agent``: the process that does."""

import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter, ValidationError

from howdah.cli.errors import CliError
from howdah.cli.finding import find_resource
from howdah.cli.session import Session, table, with_session
from howdah.client import NotFoundError
from howdah.client.models import Agent, EnrolledAgent
from howdah.runtime.private_files import write_private

app = typer.Typer(no_args_is_help=True, help="Agents: who may work at a resource in place of SSH.")

NameArgument = Annotated[str, typer.Argument(metavar="RESOURCE", help="The resource's name or id.", show_default=False)]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        "-f",
        metavar="FILE",
        help="Where the agent's settings are written, secrets and all, for its owner alone to read "
        "[default: howdah-agent-RESOURCE.json]; - for standard output.",
        show_default=False,
    ),
]
ResourceOption = Annotated[
    str, typer.Option("--resource", metavar="NAME", help="The resource that it works at.", show_default=False)
]
SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="What its enrolment wrote [default: howdah-agent-NAME.json in this folder].",
        show_default=False,
    ),
]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_SETTINGS: Final = TypeAdapter(dict[str, str])


def add_to(tree: typer.Typer) -> None:
    """Put the process itself into the tree."""
    tree.command("agent")(run_agent)


@app.command("list")
@with_session
def list_agents(session: Session) -> None:
    """List the resources that agents work at, and who is enrolled for them."""
    resources = sorted((one for one in session.client.resources.list() if one.reach == "agent"), key=lambda it: it.name)
    enrolled = {one.id: _agent_of(session, one.id) for one in resources}
    rows = (
        (one.name, agent.kafka_user, agent.enrolled_by, f"{agent.rotated_at or agent.enrolled_at:%Y-%m-%d %H:%M}")
        if (agent := enrolled[one.id])
        else (one.name, "none enrolled yet", "", "")
        for one in resources
    )
    session.show(
        [{"resource": one.name, "resource_id": one.id, "agent": enrolled[one.id]} for one in resources],
        table(("RESOURCE", "ACCOUNT", "ENROLLED BY", "SECRETS SINCE"), rows),
    )


@app.command("show")
@with_session
def show_agent(session: Session, resource: NameArgument) -> None:
    """Show who is enrolled for a resource, and with what rights."""
    agent = session.client.resources.agent(find_resource(session.client, resource).id)
    facts = {
        "resource": agent.resource_name,
        "account": agent.kafka_user,
        "enrolled": f"{agent.enrolled_at:%Y-%m-%d %H:%M} by {agent.enrolled_by}",
        "secrets made anew": f"{agent.rotated_at:%Y-%m-%d %H:%M}" if agent.rotated_at else "",
        "reads": "\n".join(agent.reads),
        "writes": "\n".join(agent.writes),
        "groups": f"{agent.groups}*",
    }
    session.show(agent, table(("", ""), ((label, value) for label, value in facts.items() if value)))


@app.command("enrol")
@with_session
def enrol_agent(session: Session, resource: NameArgument, file: FileOption = None) -> None:
    """Give a resource's agent its account, rights and token, and write its settings to a file."""
    one = find_resource(session.client, resource)
    path = file or settings_file(one.name)
    if str(path) != "-" and path.exists():
        raise CliError(f"{path} is there already; move it away, or name another --file")
    _hand_over(session, session.client.resources.enrol_agent(one.id), path)


@app.command("rotate")
@with_session
def rotate_agent(session: Session, resource: NameArgument, file: FileOption = None) -> None:
    """Make an agent's secrets anew; it must be started again with the new file."""
    one = find_resource(session.client, resource)
    _hand_over(session, session.client.resources.rotate_agent(one.id), file or settings_file(one.name))


@app.command("revoke")
@with_session
def revoke_agent(session: Session, resource: NameArgument) -> None:
    """Take every right from a resource's agent."""
    one = find_resource(session.client, resource)
    session.client.resources.revoke_agent(one.id)
    session.show({"revoked": one.id}, f"the agent of {one.name} may do nothing any more")


def run_agent(*, resource: ResourceOption, settings: SettingsOption = None) -> None:
    """Work at a resource: fetch its tasks from the brokers, do them here, tell what came of them. Until Ctrl-C."""
    environment = read_settings(settings or settings_file(resource), resource)
    # The process is a task service like any other; the library, which deploys nothing, only starts it.
    arguments = [sys.executable, "-m", "services.agent"]
    os.execve(sys.executable, arguments, {**os.environ, **environment})  # noqa: S606 - our own interpreter and module


def settings_file(resource: str) -> Path:
    """Return where the settings of a resource's agent are, unless somebody says otherwise."""
    return Path(f"howdah-agent-{re.sub(r'[^A-Za-z0-9._-]+', '-', resource)}.json")


def read_settings(path: Path, resource: str) -> Mapping[str, str]:
    """Return the agent's environment; CliError when the file is not what an enrolment wrote, or others may read it."""
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise CliError(f"{path} can't be read ({error.strerror}): howdah agents enrol {resource!r} writes it") from None
    if mode & _OTHERS:
        raise CliError(f"{path} holds secrets, and others than its owner may read it: chmod 600 {path}")
    try:
        found = _SETTINGS.validate_json(content)
    except ValidationError:
        raise CliError(f"{path} is not what an enrolment wrote: a JSON object of HOWDAH_… variables") from None
    meant = {found.get("HOWDAH_AGENT_RESOURCE"), found.get("HOWDAH_AGENT_RESOURCE_ID")}
    if resource not in meant:
        raise CliError(f"{path} is for the resource {found.get('HOWDAH_AGENT_RESOURCE')!r}, not for {resource!r}")
    return found


def _hand_over(session: Session, made: EnrolledAgent, path: Path) -> None:
    content = json.dumps(made.settings, indent=2) + "\n"
    if str(path) == "-":
        sys.stdout.write(content)
        return
    try:
        write_private(path, content.encode())
    except OSError as error:
        raise CliError(
            f"{path} could not be written ({error.strerror}), and its secrets are lost: "
            f"howdah agents rotate {made.agent.resource_name!r} makes others"
        ) from None
    name = made.agent.resource_name
    session.show(
        {"agent": made.agent, "settings_file": str(path)},
        f"The settings of the agent of {name} are in {path}; their secrets are nowhere else. Bring the file there, and:"
        f"\n  pip install howdah\n  howdah agent --resource {name!r} --settings {path.name}",
    )


def _agent_of(session: Session, resource_id: str) -> Agent | None:
    try:
        return session.client.resources.agent(resource_id)
    except NotFoundError:
        return None
