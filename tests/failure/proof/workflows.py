"""Workflows under fire: API server, orchestrator and services are killed while runs fan out, branch, wait, are retried.

The definition is ``under_fire.yaml`` beside this file. Each node leaves a line in a file when it runs; how often it
should have run is known beforehand, and the witness counts.
"""

import json
import shlex
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from howdah.client import Client, ClientError
from howdah.client.catalogue import apply_documents, read_documents
from howdah.client.models import Object
from howdah.contracts.flow import SIGNAL
from howdah.contracts.states import ExperimentState, TaskState
from tests.failure.proof.gateway import launched
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.storm import Storm, StormSize
from tests.failure.proof.verdicts import hear, witness
from tests.fixtures.waiting import holds_within

KINDS = ("api-server", "orchestrator", "command")
_DEFINITIONS = Path(__file__).with_name("under_fire.yaml")


@dataclass(frozen=True)
class Size:
    """How many runs there are, how many items each fan-out has, and how hard it storms."""

    runs: int
    items: int
    storm: StormSize
    node_seconds: float = 0.4
    """How long a node takes."""
    storm_waits: bool = False
    """Whether the storm begins only when a node is at work; else with the launches."""


def _storm(kills: int, of_each: int, seconds: float, kinds: tuple[str, ...] = KINDS) -> StormSize:
    return StormSize(Scale(0), kills, kills_of_each=of_each, kills_in_window=0, seconds=seconds, kinds=kinds)


FULL = Size(runs=20, items=20, storm=_storm(kills=36, of_each=12, seconds=420))
SMALL = Size(runs=2, items=3, storm=_storm(kills=3, of_each=1, seconds=120))
SABOTAGE = Size(
    runs=2,
    items=4,
    storm=_storm(kills=8, of_each=8, seconds=90, kinds=("command",)),
    node_seconds=2.5,
    storm_waits=True,
)
"""Nodes that take long, and kills that go on while they do: some are at work when their service is killed."""

_NODE = """\
#!/bin/sh
# Leaves a trace of each run that nobody else writes, takes a moment, and fails where it is told to.
printf '%s\\n' "$1 $2" >>{folder}/traces
sleep {seconds}
case "$2" in shaky) exit 3 ;; weak) [ -e "{folder}/$1.mended" ] || exit 3 ;; esac
echo "$2"
"""


def wanted(items: int) -> dict[str, int]:
    """Return how often each node of a run is to run: what failed, and was retried, twice."""
    once = ("first", "inner-one", "inner-two", "shaky", "rescue", "last")
    each = [f"{node}-{number}" for node in ("each", "later") for number in range(items)]
    return {**dict.fromkeys((*once, *each), 1), "weak": 2}


def workflows(ground: Ground, size: Size, seed: int, proof: str = "workflows") -> Line:
    """Run the proof and return its line."""
    ground.begin(size.storm.scale)
    folder = _definitions(ground, proof, size.node_seconds)
    storm = Storm(ground, size.storm, seed)

    def blow() -> None:
        if size.storm_waits:
            holds_within((folder / "traces").exists, size.storm.seconds)
        storm.blow(time.monotonic() + size.storm.seconds)

    thread = threading.Thread(target=blow, daemon=True)
    thread.start()
    with ThreadPoolExecutor(size.runs) as pool:
        runs = [pool.submit(_run, ground, f"{proof}-{number}", size, folder) for number in range(size.runs)]
        accepted = [run.result() for run in runs]
    thread.join(size.storm.seconds)
    return {
        "proof": proof,
        "seed": seed,
        "kills": storm.killed.total(),
        "kills_of_each": dict(sorted(storm.killed.items())),
        **_counted(ground, proof, accepted, size, folder / "traces"),
    }


def _definitions(ground: Ground, proof: str, node_seconds: float) -> Path:
    folder = ground.runs.parent / proof
    folder.mkdir()
    folder.chmod(0o777)
    node = folder / "node"
    node.write_text(_NODE.format(folder=shlex.quote(str(folder)), seconds=node_seconds))
    node.chmod(0o755)
    text = folder / "workflows.yaml"
    text.write_text(_DEFINITIONS.read_text().replace("NODE", str(node)))
    with ground.client() as client:
        list(apply_documents(client, read_documents(text)))
    return folder


def _run(ground: Ground, name: str, size: Size, folder: Path) -> str:
    """Launch a run, do what people do in it, and return its id once it has completed or the time is over."""
    items = [str(number) for number in range(size.items)]
    request = {
        "kind": "workflow",
        "name": name,
        "workflow": "under-fire",
        "parameters": {"run": name, "items": items},
        "launch": True,
    }
    with ground.client() as client:
        experiment = launched(client, request, size.storm.seconds)
        answer: Object = {"items": list(items)}
        holds_within(
            lambda: _step(client, experiment, answer, folder / f"{name}.mended"), size.storm.seconds, every=0.3
        )
    return experiment


def _step(client: Client, experiment: str, answer: Object, mended: Path) -> bool:
    """Do what is due: answer, or mend and retry. What was not accepted is done again in the next step."""
    try:
        state = client.experiments.get(experiment).state
        if state is ExperimentState.FAILED:
            mended.touch()
            client.experiments.retry(experiment)
        elif state is ExperimentState.EXECUTING:
            for task in client.experiments.tasks(experiment):
                if task.type == SIGNAL and task.state is TaskState.EXECUTING:
                    client.workflows.answer(task.id, "approved", data=answer)
    except ClientError:
        return False
    return state is ExperimentState.COMPLETED


def _counted(ground: Ground, proof: str, accepted: list[str], size: Size, traces: Path) -> dict[str, int]:
    """Have the runs counted by the witness, the separate program that it is."""
    listed, told = traces.with_name("accepted"), traces.with_name("wanted")
    listed.write_text("\n".join(accepted), encoding="utf-8")
    told.write_text(json.dumps(wanted(size.items)), encoding="utf-8")
    arguments = {
        "--proof": proof,
        "--accepted": listed,
        "--wanted": told,
        "--database": ground.postgres.url,
        "--traces": traces,
    }
    return hear(witness("workflow_witness.py", arguments, {}), seconds=60)
