"""Real runs for the console's pictures, on the stack of a running ``howdah up``: once, by name.

``python scripts/console_runs.py STACK`` makes what a gateway has on an ordinary day: runs that ended well, a wide one
of which two windows failed, one that goes on, one that was canceled, one whose resource does not answer, a draft, and a
message that nobody could read.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from howdah.client import Client
from howdah.client.catalogue import apply_documents, read_documents
from howdah.client.models import ComputeResource
from howdah.contracts import topics
from howdah.contracts.task_types import TaskTypeDescription
from howdah.local import status
from howdah.messaging import connect
from howdah.messaging.abstract import Outgoing
from howdah.runtime.settings import KafkaSettings

EXAMPLE: Final = Path(__file__).parents[1] / "examples" / "gray-scott"
WINDOWS: Final = 60
BROKEN: Final = (17, 42)
PATTERNS: Final = (("Labyrinth, feed 0.029", 0.029, 0.057), ("Solitons, feed 0.030", 0.030, 0.062))

Task = dict[str, Any]
Found = TypeVar("Found")


def command(resource: ComputeResource, name: str, script: str, *after: str) -> Task:
    """Return a task that runs ``script`` on the resource."""
    argv = ["sh", "-c", script]
    return {
        "name": name,
        "type": "command",
        "params": {"argv": argv},
        "resource_id": resource.id,
        "depends_on": list(after),
    }


def umbrella(on: ComputeResource, archive: ComputeResource) -> list[Task]:
    """Return a wide run: windows that wait for one equilibration, of which two fail, and what waits for all of them."""
    windows = [f"window-{number:03}" for number in range(1, WINDOWS + 1)]
    tasks = [
        command(on, "topology", "echo 4 chains; sleep 1"),
        command(on, "equilibrate", "sleep 2", "topology"),
        command(on, "pull", "sleep 1", "equilibrate"),
    ]
    for number, window in enumerate(windows, 1):
        ends = (
            "echo 'LINCS WARNING: relative constraint deviation exceeds 0.5' >&2; exit 1"
            if number in BROKEN
            else "true"
        )
        tasks.append(command(on, window, f"sleep {1 + number % 4}; {ends}", "pull"))
    tasks += [
        command(on, "free-energy", "sleep 1", *windows),
        command(archive, "fetch-maps", "ls maps", "pull"),
        command(on, "compare", "sleep 1", "free-energy", "fetch-maps"),
        command(on, "archive", "sleep 1", "compare"),
    ]
    return tasks


def steered(on: ComputeResource) -> Iterator[tuple[str, list[Task]]]:
    """Yield the runs that are made of tasks, by name."""
    yield "Membrane thickness scan, POPC/CHOL", [command(on, f"slab-{n:02}", "sleep 2") for n in range(1, 25)]
    yield (
        "Lysozyme hydration shell, 5 × 100 ns",
        [
            command(on, "prepare", "sleep 1"),
            *(command(on, f"replica-{n}", "sleep 1500", "prepare") for n in range(1, 6)),
        ],
    )
    yield (
        "Spike trimer equilibration, 310 K",
        [
            command(on, "minimise", "sleep 1"),
            command(on, "equilibrate", "echo 'out of memory: used 64.0 of 64 GB' >&2; exit 137", "minimise"),
            command(on, "production", "sleep 1", "equilibrate"),
        ],
    )
    yield (
        "Snow-water equivalent, test grid",
        [command(on, "regrid", "sleep 900"), command(on, "maps", "true", "regrid")],
    )


def silent_resource(client: Client, like: ComputeResource) -> ComputeResource:
    """Return a resource at a port on which nobody listens."""
    known = client.resources.find("petrel")
    if known is not None:
        return known
    described = like.model_dump(mode="json", exclude={"id", "version", "created_at", "updated_at"})
    return client.resources.create(
        described | {"name": "petrel", "description": "Archive of maps", "host": "127.0.0.1", "port": 9}
    )


def populate(client: Client, stack: Path) -> None:
    """Make what is not there yet."""
    list(apply_documents(client, read_documents(EXAMPLE / "catalogue.yaml")))
    names = {one.name for one in client.experiments.list()}
    sandbox = _there(client.resources.find("sandbox"), "the sandbox")
    petrel = silent_resource(client, sandbox)
    runs = {"Umbrella sampling, KcsA selectivity filter": umbrella(sandbox, petrel), **dict(steered(sandbox))}
    for name, tasks in runs.items():
        if name not in names:
            made = client.experiments.create_tasks(name=name, tasks=tasks, launch=True)
            if name.startswith("Snow-water"):
                client.experiments.cancel(made.id, "wrong grid")
    _patterns(client, sandbox, names)
    _limits(client, sandbox)
    if not any(True for _ in client.workflows.list()):
        _workflow(client)
    _by_themselves(client)
    _own_type(client)
    _agent(client)
    if client.storage.find("archive") is None:
        client.storage.create({"name": "archive", "kind": "http", "root": "https://archive.example.org/runs"})
    if not any(True for _ in client.dead_letters.list()):
        _unreadable_message(stack)


def _workflow(client: Client) -> None:
    """Keep a workflow in two versions, and run it."""
    steps = {
        "prepare": {
            "kind": "task",
            "type": "command",
            "resource": "${parameters.cluster}",
            "inputs": {"argv": ["echo", "0.029"]},
        },
        "simulate": {
            "kind": "application",
            "application": "gray-scott",
            "resource": "${parameters.cluster}",
            "inputs": {
                "program": client.files.upload(EXAMPLE / "gray_scott.py").uri,
                "seeds": client.files.upload(EXAMPLE / "seeds.csv").uri,
                "steps": 1_000,
            },
            "after": ["prepare"],
        },
        "look": {"kind": "approval", "message": "Is the picture right?", "after": ["simulate"]},
    }
    definition: dict[str, Any] = {
        "name": "coral-patterns",
        "description": "Grow a pattern, look at it, publish it.",
        "parameters": {"cluster": {"type": "resource", "default": "sandbox"}},
        "nodes": steps,
    }
    kept = client.workflows.create(definition, "the first one")
    publish = {
        "kind": "task",
        "type": "command",
        "resource": "${parameters.cluster}",
        "inputs": {"argv": ["echo", "published by ${nodes.look.outputs.by}"]},
        "after": ["look.approved"],
    }
    tell = publish | {"inputs": {"argv": ["echo", "${nodes.simulate.failure.sentence}"]}, "after": ["simulate.failure"]}
    definition["nodes"] = {**steps, "publish": publish, "tell": tell}
    client.workflows.add_version(kept.id, definition, "publishes what was approved")
    client.experiments.submit(
        {"kind": "workflow", "name": "Corals, to be approved", "workflow": "coral-patterns", "launch": True}
    )


def _by_themselves(client: Client) -> None:
    """Schedule the workflow, every quarter of an hour and every night; the latter is paused."""
    if any(True for _ in client.schedules.list()):
        return
    request = {"kind": "workflow", "name": "Corals, to be approved", "workflow": "coral-patterns"}
    body = {"time_zone": "Europe/Berlin", "catch_up": "one", "overlap": "wait", "experiment": request}
    client.schedules.create(body | {"name": "Corals, every quarter", "cron": "*/15 * * * *"})
    nightly = client.schedules.create(body | {"name": "Corals, nightly", "cron": "30 2 * * mon-fri", "overlap": "skip"})
    client.schedules.pause(nightly.id)


def _own_type(client: Client) -> None:
    """Register a task type as its author would."""
    parameters = {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 10_000}},
        "required": ["text"],
        "additionalProperties": False,
    }
    described = {
        "description": "Counts the words of a text",
        "parameters": parameters,
        "outputs": [{"name": "words", "type": "integer", "description": "How many there are"}],
        "resource": "none",
        "module": "word_count",
    }
    client.task_types.register("word-count", TaskTypeDescription.model_validate(described))


def _agent(client: Client) -> None:
    """Describe a resource that an agent works on; none is enrolled yet."""
    if client.resources.find("heron") is None:
        queue = {"name": "short", "is_default": True, "max_nodes": 4}
        body = {"name": "heron", "description": "Behind a firewall", "reach": "agent", "scheduler": "slurm"}
        client.resources.create(body | {"queues": [queue]})


def _limits(client: Client, sandbox: ComputeResource) -> None:
    """Set a quota, and arrange for the maintenance of a third resource."""
    if client.quotas.find("Gray-Scott quota") is None:
        client.quotas.create({"name": "Gray-Scott quota", "max_live_jobs": 40, "resource_id": sandbox.id})
    if client.resources.find("plover") is None:
        described = sandbox.model_dump(mode="json", exclude={"id", "version", "created_at", "updated_at"})
        plover = client.resources.create(described | {"name": "plover", "description": "Cluster of the chemists"})
        begins = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=6)
        window = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=4)).isoformat()}
        client.maintenance_windows.create({"resource_id": plover.id, "reason": "new file system", **window})


def _patterns(client: Client, sandbox: ComputeResource, names: set[str]) -> None:
    interface = _there(client.interfaces.find("gray-scott"), "the example's interface")
    wanted = [(name, feed, kill, True) for name, feed, kill in PATTERNS] + [
        ("Worms, to be looked at", 0.058, 0.065, False)
    ]
    for name, feed, kill, launch in wanted:
        if name in names:
            continue
        files = {
            name: client.files.upload(EXAMPLE / file).uri
            for name, file in {"program": "gray_scott.py", "seeds": "seeds.csv"}.items()
        }
        inputs: Mapping[str, Any] = {**files, "steps": 3_000, "feed": feed, "kill": kill}
        client.experiments.create(
            name=name, interface_id=interface.id, resource_id=sandbox.id, inputs=inputs, launch=launch
        )


def _unreadable_message(stack: Path) -> None:
    bootstrap = _there(status(stack).kafka_bootstrap, "Kafka")
    with connect(KafkaSettings.load(kafka_bootstrap=bootstrap), "pictures") as messaging:
        topic = topics.tasks("command").name
        messaging.producer().send_all([Outgoing(topic=topic, partition=0, value=b"\x00no message")])


def _there(found: Found | None, what: str) -> Found:
    if found is None:
        raise SystemExit(f"the stack does not have {what}")
    return found


if __name__ == "__main__":
    known = json.loads((Path(sys.argv[1]) / "client.json").read_text())
    with Client(known["api_url"], known["token"]) as made_with:
        populate(made_with, Path(sys.argv[1]))
