"""The task services on real Kafka, real sshd and real Slurm: what they do on the resource and what they tell."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

from howdah.contracts import codec, topics
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import ExperimentId, GatewayId, ProcessId, new_id
from howdah.contracts.messages import (
    Event,
    JobStatusChanged,
    RunTask,
    TaskCanceled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskProgressed,
)
from howdah.contracts.records import Cancellation
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from howdah.contracts.states import JobState
from howdah.messaging import Messaging, Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from howdah.tasks import TaskDefinition
from howdah.tasks.testing import command_for
from services.command.handler import run_command
from services.env_cleanup.handler import clean_up
from services.env_setup.handler import env_setup
from services.input_staging.handler import stage_input
from services.job_monitoring.handler import follow_job
from services.job_submission.handler import submit_job
from services.output_staging.handler import stage_output
from tests.fixtures.interface import KafkaDaemon
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer
from tests.fixtures.waiting import await_value
from tests.integration.services.platform_half import PlatformHalf
from tests.integration.services.processes import EventReader, ServiceProcess, publish, service_process

pytestmark = pytest.mark.integration

E = TypeVar("E", bound=TaskEvent)
UNTIL_RELEASED = "while [ ! -e go ]; do sleep 0.1; done"
ALL = ["-m", "tests.integration.services.all_services"]


class Run:
    """One process of one experiment, stepped by hand as the orchestrator would."""

    def __init__(self, messaging: Messaging, reader: EventReader, target: ResourceTarget) -> None:
        self.gateway_id = GatewayId(new_id())
        self.experiment_id = ExperimentId(new_id())
        self.process_id = ProcessId(new_id())
        self.target = target
        self.work_dir = f"{target.scratch}/{self.process_id}"
        self._messaging = messaging
        self._reader = reader

    def start(self, task: TaskDefinition[Any], params: Mapping[str, Any]) -> RunTask:
        command = command_for(task, {"work_dir": self.work_dir, **params}, target=self.target).model_copy(
            update={
                "gateway_id": self.gateway_id,
                "experiment_id": self.experiment_id,
                "process_id": self.process_id,
            }
        )
        publish(self._messaging, [command])
        return command

    def outcome(self, command: RunTask, kind: type[E], timeout_seconds: float = 90.0) -> E:
        ends = (TaskCompleted, TaskFailed, TaskCanceled)

        def of_task(found: list[Event]) -> list[TaskEvent]:
            return [event for event in found if isinstance(event, ends) and event.task_id == command.task_id]

        self._reader.until(lambda found: bool(of_task(found)), timeout_seconds)
        told = of_task(self._reader.events)
        assert len({event.event_id for event in told}) == 1, told
        assert isinstance(told[0], kind), told[0]
        return told[0]

    def completed(self, command: RunTask, attempt: int) -> TaskCompleted:
        def found() -> list[TaskCompleted]:
            told = [event for event in self._reader.of(self.process_id) if isinstance(event, TaskCompleted)]
            return [event for event in told if (event.task_id, event.attempt) == (command.task_id, attempt)]

        self._reader.until(lambda _: bool(found()), 40.0)
        return found()[0]

    def do(self, task: TaskDefinition[Any], params: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.outcome(self.start(task, params), TaskCompleted).outputs

    def submit(self, shell: str) -> tuple[RunTask, Mapping[str, Any]]:
        """Set up and submit a job of shell text; return its monitoring's command and the submission's parameters."""
        self.do(env_setup, {})
        params = {
            "job": {"executable": "/bin/sh", "arguments": ["-c", shell]},
            "job_name": f"howdah-{new_id()}",
            "monitoring_task_id": new_id(),
        }
        command = self.start(submit_job, params)
        submitted = self.outcome(command, TaskCompleted)
        monitoring = self.start(
            follow_job,
            {
                "job_name": params["job_name"],
                "submission_task_id": command.task_id,
                "native_id": submitted.outputs["native_id"],
            },
        )
        return monitoring, params

    def release(self) -> None:
        """Let a job that runs ``UNTIL_RELEASED`` end."""
        Path(self.work_dir, "go").touch()

    def job_states(self) -> list[JobState]:
        return [event.state for event in self._reader.of(self.process_id) if isinstance(event, JobStatusChanged)]

    def await_state(self, state: JobState) -> None:
        self._reader.until(lambda _: state in self.job_states(), 90.0)

    def await_step(self, words: str) -> None:
        def told() -> list[str]:
            return [event.step for event in self._reader.of(self.process_id) if isinstance(event, TaskProgressed)]

        self._reader.until(lambda _: any(words in step for step in told()), 30.0)

    def cancel(self) -> None:
        note = Cancellation(
            at=command_for(env_setup, {}).at,
            gateway_id=self.gateway_id,
            experiment_id=self.experiment_id,
            process_id=self.process_id,
        )
        row = Outgoing(topics.CANCELLATIONS.name, codec.encode(note), self.process_id.encode())
        self._messaging.producer().send_all([row])


@pytest.fixture(scope="module")
def settings(kafka: KafkaDaemon) -> KafkaSettings:
    return KafkaSettings.load(kafka_bootstrap=kafka.bootstrap)


@pytest.fixture(scope="module")
def half(sshd: SshServer) -> Iterator[PlatformHalf]:
    with PlatformHalf(sshd.secret()) as made:
        yield made


@pytest.fixture(scope="module")
def messaging(settings: KafkaSettings) -> Iterator[Messaging]:
    with connect(settings, "test") as made:
        made.admin().ensure(topics.platform_topics())
        yield made


@pytest.fixture(scope="module")
def reader(messaging: Messaging) -> Iterator[EventReader]:
    made = EventReader(messaging, f"test-{new_id()}")
    yield made
    made.close()


Start = Callable[[], ServiceProcess]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("services") / "log"


@pytest.fixture(scope="module")
def services(settings: KafkaSettings, half: PlatformHalf, log: Path) -> Iterator[ServiceProcess]:
    with service_process(
        ALL, settings.kafka_bootstrap, log, HOWDAH_API_URL=half.url, HOWDAH_MONITOR_MAX_SECONDS="2"
    ) as service:
        yield service
        assert service.stop() == 0, log.read_text(encoding="utf-8")[-4_000:]


@pytest.fixture(params=["fork", "slurm"])
def target(request: pytest.FixtureRequest, sshd: SshServer, slurm: SlurmCluster) -> ResourceTarget:
    if request.param == "fork":
        return sshd.target()
    return sshd.target(
        resource_id=new_id(), name="test cluster", scheduler=SchedulerKind.SLURM, environment=slurm.environment
    )


@pytest.fixture
def run(services: ServiceProcess, messaging: Messaging, reader: EventReader, target: ResourceTarget) -> Run:
    assert services.child.poll() is None
    return Run(messaging, reader, target)


def test_an_experiment_s_tasks_do_their_work_on_the_resource(run: Run, half: PlatformHalf, log: Path) -> None:
    content = b"to be counted\n" * 50_000
    source, result = f"howdah://objects/{run.process_id}/in", f"howdah://objects/{run.process_id}/out"
    half.objects[source] = content
    sha256 = hashlib.sha256(content).hexdigest()
    run.do(env_setup, {"subdirectories": ["data"]})
    staged = run.do(stage_input, {"source": source, "target": "data/in.txt", "sha256": sha256})
    told = {"uri": source, "size_bytes": len(content), "sha256": sha256, "present": True, "form": "file", "files": []}
    assert staged == told
    monitoring, _ = run.submit("wc -c < data/in.txt > count.txt")
    assert run.outcome(monitoring, TaskCompleted).outputs["exit_code"] == 0
    run.do(stage_output, {"source": "count.txt", "target": result, "name": "count"})
    assert int(half.objects[result]) == len(content)
    assert (run.job_states()[0], run.job_states()[-1]) == (JobState.INTENT, JobState.COMPLETE)
    run.do(clean_up, {})
    assert not Path(run.work_dir).exists()
    said = log.read_text(encoding="utf-8")
    assert "/objects?" not in said, "a signed URL is a secret"
    assert half.secret.private_key.splitlines()[1] not in said


def test_a_failing_job_says_why(run: Run) -> None:
    monitoring, _ = run.submit("echo 'no such parameter: alpha' >&2; exit 3")
    failure = run.outcome(monitoring, TaskFailed).failure
    assert (failure.kind, failure.exit_status) == (FailureKind.PERMANENT, 3)
    assert "exit code 3" in failure.sentence
    assert "no such parameter: alpha" in (failure.detail or "")


def test_a_canceled_job_is_gone_before_it_is_told(run: Run) -> None:
    monitoring, _ = run.submit("sleep 300")
    run.await_state(JobState.ACTIVE)
    run.await_step("is ACTIVE")
    run.cancel()
    assert run.outcome(monitoring, TaskCanceled).confirmed
    assert run.job_states()[-1] is JobState.CANCELED


def test_a_submission_that_is_canceled_at_its_start_leaves_no_job(run: Run, slurm: SlurmCluster) -> None:
    run.do(env_setup, {})
    params = {
        "job": {"executable": "/bin/sh", "arguments": ["-c", "echo ran > ran.txt"]},
        "job_name": f"howdah-{new_id()}",
        "monitoring_task_id": new_id(),
    }
    run.cancel()
    assert run.outcome(run.start(submit_job, params), TaskCanceled).confirmed
    assert not Path(run.work_dir, "ran.txt").exists()
    assert params["job_name"] not in {*slurm.live_jobs(), *(job.name for job in slurm.completed_jobs())}


def test_a_canceled_command_ends_on_the_resource(run: Run) -> None:
    run.do(env_setup, {})
    mark = f"{run.work_dir}/alive"
    shell = f"while :; do date +%s%N > {mark}; sleep 0.1; done"
    command = run.start(run_command, {"argv": ["sh", "-c", shell]})
    await_file(Path(mark))
    run.cancel()
    assert run.outcome(command, TaskCanceled).confirmed
    last = Path(mark).read_text(encoding="ascii")
    time.sleep(0.5)
    assert Path(mark).read_text(encoding="ascii") == last, "it goes on after its end was told"


def test_a_redelivered_submission_finds_the_one_job(run: Run, messaging: Messaging, slurm: SlurmCluster) -> None:
    run.do(env_setup, {})
    params = {
        "job": {"executable": "/bin/sh", "arguments": ["-c", "echo x >> runs.txt"]},
        "job_name": f"howdah-{new_id()}",
        "monitoring_task_id": new_id(),
    }
    first = run.start(submit_job, params)
    native_id = run.outcome(first, TaskCompleted).outputs["native_id"]
    again = first.model_copy(update={"command_id": new_id(), "attempt": 2})
    publish(messaging, [again])
    second = run.completed(again, attempt=2)
    assert second.outputs == {"native_id": native_id, "adopted": True}
    if run.target.scheduler is SchedulerKind.SLURM:
        name = params["job_name"]
        await_value(lambda: name not in slurm.live_jobs() or None, "the job leaves the queue")
        ended = await_value(lambda: [job for job in slurm.completed_jobs() if job.name == name] or None, "its record")
        assert len(ended) == 1


def test_a_command_s_output_comes_back_and_its_failure_speaks(run: Run) -> None:
    run.do(env_setup, {})
    assert run.do(run_command, {"argv": ["sh", "-c", "echo out; echo err >&2"]})["stdout"] == "out\n"
    failure = run.outcome(run.start(run_command, {"argv": ["sh", "-c", "echo bad >&2; exit 4"]}), TaskFailed).failure
    assert (failure.kind, failure.exit_status, failure.detail) == (FailureKind.PERMANENT, 4, "bad\n")


def await_file(path: Path, timeout_seconds: float = 30.0) -> None:
    ends = time.monotonic() + timeout_seconds
    while not path.exists():
        assert time.monotonic() < ends, f"{path} did not appear"
        time.sleep(0.05)


def await_line(log: Path, words: str, timeout_seconds: float = 30.0) -> None:
    ends = time.monotonic() + timeout_seconds
    while words not in log.read_text(encoding="utf-8"):
        assert time.monotonic() < ends, f"{words!r} was not logged"
        time.sleep(0.1)


def test_an_unreachable_resource_fails_no_job_and_delays_no_other(  # noqa: PLR0917 - fixtures
    services: ServiceProcess,
    messaging: Messaging,
    reader: EventReader,
    sshd: SshServer,
    proxy: FaultProxy,
    log: Path,
) -> None:
    assert services.child.poll() is None
    behind = Run(
        messaging,
        reader,
        sshd.target(resource_id=new_id(), port=proxy.port, connect_timeout_seconds=3, command_timeout_seconds=3),
    )
    healthy = Run(messaging, reader, sshd.target())
    slow, _ = behind.submit(UNTIL_RELEASED)
    behind.await_state(JobState.ACTIVE)
    proxy.black_hole = True
    behind.release()
    for _ in range(3):
        monitoring, _ = healthy.submit("true")
        began = time.monotonic()
        healthy.outcome(monitoring, TaskCompleted)
        assert time.monotonic() - began < 10.0
        healthy = Run(messaging, reader, sshd.target())
    await_line(log, "a resource could not be asked")
    ends = [event for event in reader.of(behind.process_id) if event.kind in {"task-failed", "task-canceled"}]
    assert ends == []
    proxy.black_hole = False
    proxy.cut()
    assert behind.outcome(slow, TaskCompleted).outputs["exit_code"] == 0


def test_jobs_are_divided_among_replicas_and_taken_over(  # noqa: PLR0917 - fixtures
    settings: KafkaSettings,
    half: PlatformHalf,
    messaging: Messaging,
    reader: EventReader,
    sshd: SshServer,
    tmp_path: Path,
) -> None:
    environment = {"HOWDAH_API_URL": half.url, "HOWDAH_MONITOR_MAX_SECONDS": "2"}
    with (
        service_process(ALL, settings.kafka_bootstrap, tmp_path / "first", **environment) as first,
        service_process(ALL, settings.kafka_bootstrap, tmp_path / "second", **environment) as second,
    ):
        first.await_working()
        second.await_working()
        runs = [Run(messaging, reader, sshd.target(resource_id=new_id())) for _ in range(6)]
        monitorings = [run.submit(UNTIL_RELEASED)[0] for run in runs]
        for run in runs:
            run.await_state(JobState.ACTIVE)
        assert first.stop() == 0
        for run, monitoring in zip(runs, monitorings, strict=True):
            run.release()
            assert run.outcome(monitoring, TaskCompleted).outputs["exit_code"] == 0
        assert second.stop() == 0


def test_a_killed_monitor_s_jobs_are_followed_to_their_end(  # noqa: PLR0917 - fixtures
    settings: KafkaSettings, half: PlatformHalf, messaging: Messaging, reader: EventReader, sshd: SshServer, log: Path
) -> None:
    environment = {"HOWDAH_API_URL": half.url, "HOWDAH_MONITOR_MAX_SECONDS": "2"}
    run = Run(messaging, reader, sshd.target())
    with service_process(ALL, settings.kafka_bootstrap, log, **environment) as first:
        monitoring, _ = run.submit(UNTIL_RELEASED)
        run.await_state(JobState.ACTIVE)
        first.kill()
    run.release()
    with service_process(ALL, settings.kafka_bootstrap, log, **environment):
        assert run.outcome(monitoring, TaskCompleted).outputs["exit_code"] == 0
