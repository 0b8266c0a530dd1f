"""An agent behind a firewall: from its network namespace it reaches the brokers' TLS port and the API server, no more.

The commands are those of the operators' guide: register, enrol, start.
"""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from howdah.client import Client
from howdah.client.run_models import DeadLetter, Experiment
from howdah.contracts import codec, topics
from howdah.contracts.agents import agent_topics
from howdah.contracts.envelope import Message
from howdah.contracts.ids import EventId, ExperimentId, GatewayId, ProcessId, ResourceId, TaskId, new_id
from howdah.contracts.messages import TaskCompleted
from howdah.contracts.requests import (
    CancelRequested,
)
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.states import ExperimentState, JobState, TaskState, is_terminal
from howdah.messaging import Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.batch import BatchSystem
from tests.fixtures.daemons import owned_directory, shared_directory
from tests.fixtures.network import Namespace, namespaces_are_permitted
from tests.fixtures.platform import Platform
from tests.fixtures.secured_kafka import SecuredKafka
from tests.fixtures.tls import Authority, TlsFront
from tests.fixtures.waiting import await_value

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not namespaces_are_permitted(), reason="network namespaces are not permitted here"),
]

EXAMPLE = Path(__file__).parents[3] / "examples" / "gray-scott"
RESOURCE = "far cluster"
STEPS = 200
_ASK = "import socket, sys; sys.exit(socket.socket().connect_ex((sys.argv[1], int(sys.argv[2]))))"


class Agent:
    """The process at a resource: in the namespace, or beside the platform where its scheduler is."""

    def __init__(self, resource: str, folder: Path, space: Namespace | None) -> None:
        self._resource = resource
        self._folder = folder
        self._space = space
        self._log = folder / f"agent-{resource}.log"
        self._child: subprocess.Popen[bytes] | None = None
        self.settings_file = folder / f"agent-{resource}.json"

    def start(self) -> None:
        argv = [sys.executable, "-m", "howdah.cli", "agent", "--resource", self._resource]
        argv += ["--settings", str(self.settings_file)]
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._space.command(argv) if self._space else argv,
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        assert self._child is not None
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(10)

    def stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait(40)

    def said(self) -> str:
        return f"\nthe agent said:\n{self._log.read_text()[-4_000:]}" if self._log.exists() else ""


@dataclass
class Ground:
    """The platform, the way to it, and the agent's end."""

    platform: Platform
    broker: SecuredKafka
    space: Namespace
    front: TlsFront
    folder: Path
    scratch: Path
    agent: Agent

    def howdah(self, *arguments: str) -> str:
        environment = {**os.environ, "HOWDAH_API_URL": self.platform.api_url, "HOWDAH_TOKEN": self.platform.token}
        done = subprocess.run(
            [sys.executable, "-m", "howdah.cli", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.agent.said()
        return done.stdout

    def client(self) -> Client:
        return Client(self.platform.api_url, self.platform.token)

    def reaches(self, address: str, port: int) -> bool:
        """Tell whether a process in the agent's namespace gets through to a port."""
        argv = [sys.executable, "-c", _ASK, address, str(port)]
        return subprocess.run(self.space.command(argv), timeout=60, check=False).returncode == 0

    def run_example(self, resource: str, name: str, requirements: dict[str, object]) -> None:
        """Run the example there to its end, and look at what it made."""
        document = yaml.safe_load((EXAMPLE / "experiment-slurm.yaml").read_text())
        document |= {"resource": resource, "name": name, "requirements": {"wall_time_minutes": 5, **requirements}}
        document["inputs"]["steps"] = STEPS
        (self.folder / "experiment.yaml").write_text(yaml.safe_dump(document))
        watched = self.howdah("experiments", "create", "-f", "experiment.yaml", "--watch")
        assert watched.rstrip().endswith("is COMPLETED"), watched + self.agent.said()
        self.howdah("experiments", "outputs", name, "--download", f"results {name}")
        with (self.folder / f"results {name}" / "history.csv").open(newline="") as table:
            assert int(list(csv.DictReader(table))[-1]["step"]) == STEPS


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    base = tmp_path_factory.mktemp("agents")
    with ExitStack() as closing:
        space = closing.enter_context(Namespace())
        authority = Authority(base)
        broker = SecuredKafka(base / "kafka", space.near, authority)
        closing.callback(broker.stop)
        broker.start()
        front = closing.enter_context(TlsFront(space.near, authority.server(space.near)))
        environment = {
            "HOWDAH_AGENT_KAFKA_BOOTSTRAP": broker.bootstrap_outside,
            "HOWDAH_AGENT_CA_FILE": str(authority.ca_file),
            "HOWDAH_PUBLIC_URL": f"https://{space.near}:{front.port}",
        }
        platform = Platform(base / "stack", kafka=broker.bootstrap, environment=environment)
        closing.enter_context(platform)
        front.behind = urlsplit(platform.api_url).port or 0
        folder = base / "gray-scott"
        shutil.copytree(EXAMPLE, folder)
        scratch = shared_directory("howdah-agent")
        closing.callback(shutil.rmtree, scratch, ignore_errors=True)
        agent = Agent(RESOURCE, folder, space)
        ground = Ground(platform, broker, space, front, folder, owned_directory(scratch / "work"), agent)
        catalogue = folder / "catalogue.yaml"
        catalogue.write_text(catalogue.read_text().rpartition("---")[0])  # without the sandbox's deployment
        ground.howdah("apply", "-f", "catalogue.yaml")
        _apply(ground, {**_resource(ground, RESOURCE), "name": "elsewhere"})
        _register(ground, agent, _resource(ground, RESOURCE))
        closing.callback(agent.stop)
        yield ground


def _register(ground: Ground, agent: Agent, resource: dict[str, object]) -> None:
    """Do what the operators' guide says: describe the resource, enrol its agent, start it there."""
    name = str(resource["name"])
    deployment = {"kind": "ApplicationDeployment", "module": "gray-scott", "resource": name, "executable": "python3"}
    _apply(ground, resource, {**deployment, "defaults": {"wall_time_minutes": 10}})
    ground.howdah("agents", "enrol", name, "--file", str(agent.settings_file))
    assert agent.settings_file.stat().st_mode & 0o777 == 0o600
    agent.start()


def _apply(ground: Ground, *documents: dict[str, object]) -> None:
    (ground.folder / "more.yaml").write_text(yaml.safe_dump_all(documents))
    ground.howdah("apply", "-f", "more.yaml")
    assert "unchanged" in ground.howdah("apply", "-f", "more.yaml")


def _resource(ground: Ground, name: str, kind: SchedulerKind = SchedulerKind.FORK) -> dict[str, object]:
    scratch = str(ground.scratch)
    return {"kind": "ComputeResource", "name": name, "reach": "agent", "scheduler": kind.value, "scratch": scratch}


def _started(ground: Ground, name: str, argv: Sequence[str], resource: str = RESOURCE) -> Experiment:
    with ground.client() as client:
        found = client.resources.find(resource)
        assert found is not None
        task = {"name": "it", "type": "command", "params": {"argv": list(argv)}, "resource_id": found.id}
        return client.experiments.create_tasks(name=name, tasks=[task], launch=True)


def _ended(ground: Ground, experiment_id: str) -> Experiment:
    with ground.client() as client:

        def look() -> Experiment | None:
            found = client.experiments.get(experiment_id)
            return found if is_terminal(found.state) else None

        return await_value(look, f"the end of the experiment{ground.agent.said()}", seconds=120.0)


def test_the_namespace_lets_nothing_through_but_the_brokers_tls_port_and_the_api_server(ground: Ground) -> None:
    near = ground.space.near
    assert ground.reaches(near, int(ground.broker.bootstrap_outside.rpartition(":")[2]))
    assert ground.reaches(near, ground.front.port)
    for port in (ground.broker.port, ground.front.behind):
        assert not ground.reaches("127.0.0.1", port)
        assert not ground.reaches(near, port)
    assert not ground.reaches("192.0.2.1", 443)
    with socket.socket() as probe:  # and there is no way in
        assert probe.connect_ex((ground.space.far, 22)) != 0


def test_the_example_runs_there(ground: Ground) -> None:
    ground.run_example(RESOURCE, "corals by agent", {})
    with ground.client() as client:
        ended = next(client.experiments.list(name="corals by agent"))
        assert {task.state for task in client.experiments.tasks(ended.id)} == {TaskState.COMPLETED}


def test_the_example_runs_by_agent_on_every_scheduler(ground: Ground, batch_system: BatchSystem) -> None:
    kind, name = batch_system.kind, f"agent-{batch_system.kind.value}"
    # Slurm's controller listens on this machine's loopback, which is not in the namespace; the others are commands.
    agent = Agent(name, ground.folder, None if kind is SchedulerKind.SLURM else ground.space)
    queueless = kind in {SchedulerKind.FORK, SchedulerKind.HTCONDOR}
    before = batch_system.succeeded()
    queues: dict[str, object] = {} if queueless else {"queues": [{"name": "debug", "is_default": True}]}
    try:
        _register(
            ground, agent, _resource(ground, name, kind) | {"environment": dict(batch_system.environment)} | queues
        )
        ground.run_example(name, f"corals on {name}", {} if queueless else {"queue": "debug"})
    finally:
        agent.stop()
    if kind is not SchedulerKind.FORK:  # which keeps no record
        assert batch_system.succeeded() == before + 1


def test_the_way_there_is_tested_by_the_agent(ground: Ground) -> None:
    tested = json.loads(ground.howdah("resources", "test", RESOURCE, "--json"))
    assert [step["step"] for step in tested["report"]["steps"]] == ["shell", "scratch", "scheduler"]
    assert tested["report"]["reached"] is True


def test_its_heartbeats_are_heard_under_its_resources_name(ground: Ground) -> None:
    with ground.client() as client:

        def heard() -> bool:
            return f"agent of {RESOURCE}" in client._connection.send("GET", "/service-instances").text

        await_value(heard, f"the agent's heartbeat{ground.agent.said()}")


def test_a_cancellation_reaches_what_it_runs(ground: Ground) -> None:
    experiment = _started(ground, "to be stopped", ["sleep", "600"])
    with ground.client() as client:
        await_value(
            lambda: any(task.state is TaskState.EXECUTING for task in client.experiments.tasks(experiment.id)),
            f"the start of the command{ground.agent.said()}",
        )
        client.experiments.cancel(experiment.id)
    assert _ended(ground, experiment.id).state is ExperimentState.CANCELED


def test_a_killed_agent_goes_on_and_there_is_one_job(ground: Ground, tmp_path: Path) -> None:
    ran, go_on = tmp_path / "ran", tmp_path / "go-on"
    tmp_path.chmod(0o755)
    script = ground.folder / "waits.py"
    script.write_text(
        "import pathlib, sys, time\n"
        f"with open({str(ran)!r}, 'a') as ran: print('ran', file=ran)\n"
        f"while not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.1)\n"
    )
    document = yaml.safe_load((EXAMPLE / "experiment-slurm.yaml").read_text())
    document |= {"resource": RESOURCE, "name": "survivor", "requirements": {"wall_time_minutes": 5}}
    document["inputs"]["program"] = {"file": "waits.py"}
    (ground.folder / "survivor.yaml").write_text(yaml.safe_dump(document))
    ground.howdah("experiments", "create", "-f", "survivor.yaml", "--launch")
    with ground.client() as client:
        experiment = next(client.experiments.list(name="survivor"))
        await_value(ran.exists, f"the job's start{ground.agent.said()}", seconds=90.0)
        ground.agent.kill()
        ground.agent.start()
        go_on.touch()
        # It writes none of the outputs that the example promises: the run fails on that, and on nothing else.
        _ended(ground, experiment.id)
        jobs = list(client.experiments.jobs(experiment.id))
    assert [job.state for job in jobs] == [JobState.COMPLETE], ground.agent.said()
    assert ran.read_text().splitlines() == ["ran"]


def test_what_it_tells_of_a_foreign_process_is_refused(ground: Ground) -> None:
    foreign = _started(ground, "not the agent's", ["true"], resource="elsewhere")
    with ground.client() as client:
        process = next(iter(client.experiments.processes(foreign.id)))
        task = next(iter(client.experiments.tasks(foreign.id)))
        gateway_id = client.me().gateway_id
        envelope = {
            "event_id": EventId(new_id()),
            "at": foreign.created_at,
            "gateway_id": GatewayId(gateway_id),
            "experiment_id": ExperimentId(foreign.id),
            "process_id": ProcessId(process.id),
        }
        forged: list[Message] = [
            TaskCompleted(**envelope, task_id=TaskId(task.id), attempt=1, outputs={"stdout": "done, believe me"}),
            CancelRequested(**(envelope | {"event_id": EventId(new_id())}), actor="the agent"),
        ]
        settings = json.loads(ground.agent.settings_file.read_text())
        told = {name.removeprefix("HOWDAH_").lower(): value for name, value in settings.items()}
        known = {name: value for name, value in told.items() if name.startswith("kafka_")}
        own = agent_topics(ResourceId(settings["HOWDAH_AGENT_RESOURCE_ID"]))
        with connect(KafkaSettings.load(**known), "forger", own) as messaging:
            key = process.id.encode()
            messaging.producer().send_all(
                [Outgoing(topics.EVENTS.name, codec.encode(event), key=key) for event in forged]
            )

        def letters() -> list[DeadLetter] | None:
            found = [one for one in client.dead_letters.list() if one.topic == own.events.name]
            return found if len(found) == len(forged) else None

        reasons = sorted(letter.reason for letter in await_value(letters, "the dead letters of what was forged"))
        assert "kind: 'cancel-requested' is none of" in reasons[0]
        assert "is no task of resource" in reasons[1]
        still = next(iter(client.experiments.tasks(foreign.id)))
        assert still.state is TaskState.SCHEDULED
        assert client.experiments.get(foreign.id).state is not ExperimentState.CANCELING


def test_a_revoked_agent_may_do_nothing_and_a_new_enrolment_goes_on(ground: Ground) -> None:
    ground.howdah("agents", "revoke", RESOURCE)
    waiting = _started(ground, "waits for an agent", ["true"])
    ground.agent.kill()
    ground.agent.settings_file.unlink()
    ground.howdah("agents", "enrol", RESOURCE, "--file", str(ground.agent.settings_file))
    ground.agent.start()
    assert _ended(ground, waiting.id).state is ExperimentState.COMPLETED
    ground.howdah("agents", "rotate", RESOURCE, "--file", str(ground.agent.settings_file))
    ground.agent.kill()
    ground.agent.start()
    assert _ended(ground, _started(ground, "after the rotation", ["true"]).id).state is ExperimentState.COMPLETED
