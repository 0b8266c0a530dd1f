"""``howdah resources``: the machines that run jobs."""

import base64
import hashlib
import itertools
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from howdah.cli.errors import CliError
from howdah.cli.finding import find_resource
from howdah.cli.session import Session, table, with_session
from howdah.client.models import ComputeResource
from howdah.client.resources import ResourceCalls
from howdah.client.standings import HealthEvent, ResourceStanding
from howdah.contracts.looks import StepName, StepReport

app = typer.Typer(no_args_is_help=True, help="Compute resources: the machines that run jobs.")

WaitOption = Annotated[float, typer.Option(min=0, max=60, help="How many seconds to wait for the report.")]
FingerprintOption = Annotated[
    str | None, typer.Option(help="The fingerprint, compared already: nothing is asked.", show_default=False)
]
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
            _reached_as(one),
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
        "reached by": _reached_as(one),
        "by way of": "\n".join(f"{hop['username']}@{hop['host']}:{hop['port']}" for hop in one.jump_hosts),
        "host keys": "\n".join(one.host_keys)
        or ("none confirmed yet: howdah resources test" if one.transport == "ssh" else ""),
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


@app.command("test")
@with_session
def try_resource(session: Session, name: NameArgument, wait: WaitOption = 60.0) -> None:
    """Walk the way to a resource, step by step; exit status 1 when a step fails."""
    one = find_resource(session.client, name)
    tested = session.client.resources.test(one.id, wait_seconds=wait)
    if tested.report is None:
        why = tested.failure.sentence if tested.failure else f"the test {tested.id} is {tested.state}"
        session.show(tested, why)
        raise typer.Exit(1)
    rows = (
        (step.step, step.host, step.passing, f"{step.seconds:.2f} s" if step.seconds else "", _words_of(step))
        for step in tested.report.steps
    )
    session.show(tested, table(("STEP", "HOST", "", "TOOK", ""), rows))
    if not tested.report.reached:
        raise typer.Exit(1)


@app.command("queues")
@with_session
def show_queues(session: Session, name: NameArgument, wait: WaitOption = 60.0) -> None:
    """Look at the scheduler's queues, with everybody's jobs, at most once a minute; exit status 1 when it fails."""
    calls, one = session.client.resources, find_resource(session.client, name)
    seen = calls.look_at_queues(one.id, wait_seconds=wait)
    rows = (
        (
            queue.name,
            "starts jobs" if queue.starts_jobs else "starts no jobs",
            str(queue.running),
            str(queue.pending),
            "" if queue.free_cores is None else str(queue.free_cores),
        )
        for queue in seen.queues
    )
    session.show(seen, table(("QUEUE", "", "RUN", "WAIT", "FREE CORES"), rows) if seen.seen_at else "")
    if seen.failure is not None:
        raise CliError(f"the queues of {one.name} could not be looked at: {seen.failure.sentence}")
    if seen.state != "done":
        raise CliError(f"no answer yet, the look is {seen.state}: ask again in a moment, and see howdah services")


@app.command("health")
@with_session
def show_health(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|ID]", help="The resource; without, all.", show_default=False)
    ] = None,
) -> None:
    """Show which resources are away and why, which lane their tasks take, and what waits for them."""
    calls = session.client.resources
    if name is None:
        found = calls.standings()
        session.show(found, _standings_table(found))
        return
    one = calls.standing(find_resource(session.client, name).id)
    if session.as_json:
        session.json_line({"health": one, "history": list(calls.health_history(one.resource_id))}, indent=2)
        return
    session.show(one, _standings_table([one]))
    rows = ((f"{it.at.astimezone():%Y-%m-%d %H:%M:%S}", it.kind, it.sentence) for it in _latest(calls, one))
    session.show(None, "")
    session.show(None, table(("AT", "WHAT", ""), rows))


@app.command("try-now")
@with_session
def try_now(session: Session, name: NameArgument) -> None:
    """Probe a resource that is away now, instead of at the next moment that is arranged."""
    one = session.client.resources.try_now(find_resource(session.client, name).id)
    session.show(one, f"{one.name} is {one.circuit}; a probe was asked for")


@app.command("control")
@with_session
def control_resource(
    session: Session,
    name: NameArgument,
    lane: Annotated[
        str | None, typer.Option("--lane", metavar="fast|slow", help="Keep it there; else it follows its health.")
    ] = None,
    handlers: Annotated[
        int | None, typer.Option("--handlers", min=1, help="The most handlers of a service replica it may occupy.")
    ] = None,
) -> None:
    """Pin a resource's lane or limit its handlers; what is left out is left to the platform."""
    one = session.client.resources.control(find_resource(session.client, name).id, lane=lane, handlers=handlers)
    session.show(one, f"{one.name}: lane {one.pinned_lane or 'by its health'}, handlers {one.handlers or 'by share'}")


def _latest(calls: ResourceCalls, one: ResourceStanding) -> list[HealthEvent]:
    return list(itertools.islice(calls.health_history(one.resource_id), 20))


def _standings_table(found: Sequence[ResourceStanding]) -> Table:
    rows: list[tuple[object, ...]] = []
    for one in found:
        pinned = "*" if one.pinned_lane else ""
        rows += [(one.name, it.account, it.circuit, it.lane + pinned, it.next) for it in one.accounts]
        if not one.accounts:
            rows.append((one.name, "", one.circuit, one.lane + pinned, "No work was done there yet."))
    return table(("NAME", "ACCOUNT", "CIRCUIT", "LANE", ""), rows)


@app.command("trust")
@with_session
def trust_host(session: Session, name: NameArgument, fingerprint: FingerprintOption = None) -> None:
    """Confirm the host key that the latest test saw, after comparing its fingerprint."""
    one = find_resource(session.client, name)
    if fingerprint is None:
        fingerprint = _shown_fingerprint(session, one)
        session.say(f"{one.host} showed {fingerprint}. Compare it with the one that its operators publish.")
        typer.confirm("Is it the same?", abort=True, err=True)
    session.show(session.client.resources.confirm_host_key(one.id, fingerprint), f"{fingerprint} is trusted now")


def _shown_fingerprint(session: Session, one: ComputeResource) -> str:
    """Return the fingerprint that the host shows, by the latest report or a fresh one."""
    latest = next(session.client.resources.tests(one.id), None)
    if latest is None or latest.report is None:
        latest = session.client.resources.test(one.id)
    for step in latest.report.steps if latest.report else ():
        if step.step is StepName.HOST_KEY and step.host == one.host and "host_key" in step.facts:
            key = base64.b64decode(str(step.facts["host_key"]).split()[1])
            return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    raise CliError(f"no test has seen a host key of {one.name}: howdah resources test {one.name!r}")


def _words_of(step: StepReport) -> str:
    return f"{step.sentence}\n{step.advice}".strip()


@app.command("delete")
@with_session
def delete_resource(session: Session, name: NameArgument) -> None:
    """Delete a compute resource that nothing uses."""
    one = find_resource(session.client, name)
    session.client.resources.delete(one.id)
    session.show({"deleted": one.id}, f"{one.name} is deleted")


def _reached_as(one: ComputeResource) -> str:
    if one.reach == "agent":
        return "its agent"
    return f"{one.username}@{one.host}:{one.port}" if one.transport == "ssh" else one.transport


def _limits(queue: dict[str, object]) -> str:
    limits = ", ".join(
        f"{key.removeprefix('max_')} ≤ {value}" for key, value in queue.items() if key[:4] == "max_" and value
    )
    return f"{queue['name']}{' (default)' if queue['is_default'] else ''}{': ' + limits if limits else ''}"
