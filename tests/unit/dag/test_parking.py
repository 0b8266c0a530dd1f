"""Tasks of a resource that is away wait: without an attempt, as long as told, and nobody is forgotten."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from api_server.dag.advance import advance, begin
from api_server.dag.decisions import Decisions, Outcome, Publication
from api_server.dag.parking import OUTAGE
from api_server.dag.run import Run, RunIdentity
from howdah.contracts.failures import Failure, FailureKind, RetryOverride, RetryPolicy
from howdah.contracts.ids import EventId, ExperimentId, GatewayId, ProcessId, ResourceId, TaskId, derive_id, new_id
from howdah.contracts.messages import TaskReleased
from howdah.contracts.requests import AnyEvent, GiveUpRequested, PauseRequested, ResumeRequested
from howdah.contracts.resources import ResourceTarget, TransportKind
from howdah.contracts.standings import CircuitState, ResourceStanding
from howdah.contracts.states import ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import Dag, TaskSpec, Trigger
from tests.unit.dag.world import IMPATIENT, START, World, job_specs, spec

RESOURCE = ResourceId(new_id())
TARGET = ResourceTarget(resource_id=RESOURCE, name="cluster", transport=TransportKind.LOCAL)
AWAY = Failure(kind=FailureKind.TRANSIENT, sentence="The host did not answer.", operation="connect")


@dataclass
class Sea(World):
    """A world in which the resource may be away."""

    away: bool = False
    target: ResourceTarget = TARGET
    lane: str = "fast"

    def __post_init__(self) -> None:
        identity = RunIdentity(
            GatewayId(new_id()), ExperimentId(new_id()), ProcessId(new_id()), targets={RESOURCE: self.target}
        )
        self.run = Run(identity, self.dag)
        self.take(begin(self.run, self.now, standings=self.standings))

    def standings(self, target: ResourceTarget) -> ResourceStanding | None:
        return ResourceStanding(
            at=self.now,
            gateway_id=self.run.identity.gateway_id,
            resource_id=target.resource_id,
            account=target.account,
            circuit=CircuitState.OPEN if self.away else CircuitState.CLOSED,
            since=START,
            cause=AWAY if self.away else None,
            next_probe_at=START if self.away else None,
            lane=self.lane,
        )

    def feed(self, event: AnyEvent) -> Decisions:
        decisions = advance(self.run, event, self.now, standings=self.standings)
        self.take(decisions)
        self.check_blocked()
        return decisions

    def blocked(self) -> bool:
        return self.process is ProcessState.BLOCKED

    def check_blocked(self) -> None:
        parked = {task_id for task_id, status in self.run.tasks.items() if status.parked is not None}
        assert parked == self.run.parked
        assert all(self.run.tasks[task_id].state is TaskState.RETRY_WAIT for task_id in parked)
        assert all(self.run.tasks[task_id].due_at is not None for task_id in parked), "each has an end to its patience"
        if not is_terminal(self.process) and self.process not in {ProcessState.CANCELING, ProcessState.PAUSED}:
            assert (self.process is ProcessState.BLOCKED) == bool(parked)

    def released(self, name: str, *, confirmed: bool = True) -> Decisions:
        return self.feed(self._release(TaskId(derive_id("test", name)), confirmed=confirmed))

    def release_all(self, *, confirmed: bool = True) -> None:
        for task_id in list(self.run.parked):
            self.feed(self._release(task_id, confirmed=confirmed))

    def _release(self, task_id: TaskId, *, confirmed: bool) -> TaskReleased:
        identity, status = self.run.identity, self.run.tasks[task_id]
        return TaskReleased(
            at=self.now,
            gateway_id=identity.gateway_id,
            experiment_id=identity.experiment_id,
            process_id=identity.process_id,
            event_id=EventId(derive_id("release", task_id, status.attempt, status.publications)),
            task_id=task_id,
            attempt=status.attempt,
            confirmed=confirmed,
        )

    def asked(self, request: type[PauseRequested] | type[ResumeRequested]) -> PauseRequested | ResumeRequested:
        identity = self.run.identity
        return request(
            at=self.now,
            gateway_id=identity.gateway_id,
            experiment_id=identity.experiment_id,
            process_id=identity.process_id,
            event_id=EventId(new_id()),
            actor="me",
        )

    def gives_up(self, name: str | None = None) -> Decisions:
        identity = self.run.identity
        return self.feed(
            GiveUpRequested(
                at=self.now,
                gateway_id=identity.gateway_id,
                experiment_id=identity.experiment_id,
                process_id=identity.process_id,
                event_id=EventId(new_id()),
                actor="me",
                reason="retired",
                task_id=None if name is None else TaskId(derive_id("test", name)),
            )
        )


def there(
    name: str, *needed: str, task_type: str = "noop", retry: RetryPolicy = IMPATIENT, **fields: object
) -> TaskSpec:
    return spec(name, *needed, task_type=task_type, resource_id=RESOURCE, retry=retry, **fields)


def sea(*tasks: TaskSpec, away: bool = False, target: ResourceTarget = TARGET) -> Sea:
    return Sea(Dag(tasks=tasks), away=away, target=target)


def test_a_launch_to_a_resource_that_is_away_publishes_nothing_and_goes_on_when_it_is_back() -> None:
    world = sea(there("a"), spec("b"), away=True)
    assert world.names_published() == ["b"], "what needs no resource goes on"
    assert world.blocked()
    blocked = world.decisions[0].blocked
    assert blocked is not None
    assert (blocked.resource, blocked.cause) == ("cluster", AWAY)
    world.feed(world.completed(world.latest("b")))
    assert world.blocked()
    world.away = False
    world.released("a")
    assert (world.latest("a").attempt, world.state("a")) == (1, TaskState.SCHEDULED)
    assert not world.blocked()
    world.feed(world.completed(world.latest("a")))
    assert world.process is ProcessState.COMPLETED


def test_attempts_that_fail_in_an_outage_are_not_held_against_the_task() -> None:
    world = sea(there("a"))
    for _ in range(5):
        world.away = True
        world.feed(world.failed(world.latest("a")))
        assert world.status("a").parked == TARGET.account
        world.away = False
        world.released("a")
    assert world.status("a").excused == 5
    for _ in range(IMPATIENT.max_attempts - 1):
        world.feed(world.failed(world.latest("a")))
        for timer in list(world.timers()):
            world.feed(timer)
    world.feed(world.failed(world.latest("a")))
    assert world.process is ProcessState.FAILED


def test_without_a_probe_that_failed_the_task_is_to_blame() -> None:
    world = sea(there("a", retry=RetryPolicy(max_attempts=1)))
    world.away = True
    world.feed(world.failed(world.latest("a")))
    world.away = False
    world.released("a", confirmed=False)
    assert world.process is ProcessState.FAILED
    assert world.run.process.failure is not None
    assert world.run.process.failure.sentence == "It was transient."


def test_a_failure_that_is_not_the_resources_is_not_waited_out() -> None:
    world = sea(there("a"))
    world.away = True
    world.feed(world.failed(world.latest("a"), FailureKind.PERMANENT))
    assert world.process is ProcessState.FAILED


def test_a_command_that_the_service_handed_back_keeps_its_attempt() -> None:
    world = sea(there("a"))
    first = world.latest("a")
    world.away = True
    world.feed(world.deferred(first, 5.0))
    assert (world.status("a").attempt, world.status("a").parked) == (1, TARGET.account)
    world.away = False
    world.released("a")
    assert world.latest("a").attempt == 1
    assert world.latest("a").command_id != first.command_id


def test_a_retry_that_is_due_while_the_resource_is_away_waits_for_it() -> None:
    world = sea(there("a"))
    world.feed(world.failed(world.latest("a")))
    world.away = True
    for timer in list(world.timers()):
        world.feed(timer)
    assert world.status("a").parked
    world.away = False
    world.released("a")
    assert world.latest("a").attempt == 2


def test_what_was_parked_and_succeeds_after_all_is_done() -> None:
    world = sea(there("a"))
    published = world.latest("a")
    world.away = True
    world.feed(world.failed(published))
    world.feed(world.completed(published))
    assert world.process is ProcessState.COMPLETED


def test_patience_counts_from_the_first_wait_and_ends_with_the_history() -> None:
    target = TARGET.model_copy(update={"retry": RetryOverride(outage_seconds=100)})
    world = sea(there("a"), away=True, target=target)
    world.now += timedelta(seconds=60)
    world.away = False
    world.released("a")
    world.away = True
    world.feed(world.failed(world.latest("a")))
    assert world.status("a").due_at == START + timedelta(seconds=100)
    for timer in list(world.timers()):
        world.feed(timer)
    assert world.process is ProcessState.FAILED
    failure = world.run.process.failure
    assert failure is not None
    assert (failure.kind, failure.operation) == (FailureKind.TRANSIENT, OUTAGE)
    assert "cluster" in failure.sentence
    assert failure.detail is not None
    assert "Attempt 1" in failure.detail


def test_who_gives_up_does_not_wait_again_with_the_next_task() -> None:
    world = sea(there("a"), there("clean", "a", trigger=Trigger.ALL_DONE), away=True)
    assert world.gives_up().outcome is Outcome.APPLIED
    assert world.process is ProcessState.FAILED
    assert [world.state("a"), world.state("clean")] == [TaskState.FAILED, TaskState.FAILED]
    assert world.gives_up().outcome is Outcome.RECORDED


def test_one_task_may_be_given_up_alone() -> None:
    world = sea(there("a"), there("b"), away=True)
    world.gives_up("a")
    assert [world.state("a"), world.state("b")] == [TaskState.FAILED, TaskState.RETRY_WAIT]


def test_a_blocked_process_is_canceled_at_once() -> None:
    world = sea(there("a"), there("b", "a"), away=True)
    world.feed(world.cancel_requested())
    assert world.process is ProcessState.CANCELED
    assert world.names_published() == []


def test_a_blocked_submission_that_may_have_left_a_job_is_sent_to_end_it() -> None:
    submission, monitoring = job_specs(resource_id=RESOURCE)
    world = sea(submission, monitoring)
    world.away = True
    world.feed(world.failed(world.latest("submit")))
    world.feed(world.cancel_requested())
    assert world.names_published() == ["submit", "submit"], "whoever submitted may have left a job"
    world.feed(world.canceled(world.latest("submit")))
    assert world.process is ProcessState.CANCELED


def test_a_submission_that_was_never_sent_needs_nobody_to_end_its_job() -> None:
    submission, monitoring = job_specs(resource_id=RESOURCE)
    world = sea(submission, monitoring, away=True)
    world.feed(world.cancel_requested())
    assert world.process is ProcessState.CANCELED
    assert world.names_published() == []


def test_monitoring_goes_on_while_the_resource_is_away() -> None:
    submission, monitoring = job_specs(resource_id=RESOURCE)
    monitoring = monitoring.model_copy(update={"resource_id": RESOURCE})
    world = sea(submission, monitoring)
    world.away = True
    world.feed(world.completed(world.latest("submit"), native_id="7"))
    assert world.names_published() == ["submit", "monitor"]
    assert not world.blocked()


def test_where_nobody_waits_attempts_are_used_up() -> None:
    target = TARGET.model_copy(update={"retry": RetryOverride(outage_seconds=0)})
    world = sea(there("a"), away=True, target=target)
    assert world.names_published() == ["a"]


def test_a_process_goes_back_to_the_phase_that_it_had_reached() -> None:
    world = sea(there("a", phase=ProcessState.INPUT_DATA_STAGING), there("b", "a", phase=ProcessState.EXECUTING))
    world.feed(world.started(world.latest("a")))
    world.away = True
    world.feed(world.completed(world.latest("a")))
    assert world.blocked()
    world.away = False
    world.released("b")
    assert world.process is ProcessState.INPUT_DATA_STAGING


def test_what_is_let_go_while_the_run_is_paused_waits_for_it_to_go_on() -> None:
    world = sea(there("a"), there("b"), away=True)
    world.feed(world.asked(PauseRequested))
    world.away = False
    world.release_all()
    assert world.names_published() == []
    world.feed(world.asked(ResumeRequested))
    assert world.names_published() == ["a", "b"]
    assert [world.status(name).attempt for name in "ab"] == [1, 1]


def test_a_run_that_is_resumed_while_its_resource_is_away_is_blocked_again() -> None:
    world = sea(there("a"))
    world.feed(world.asked(PauseRequested))
    world.away = True
    world.feed(world.failed(world.latest("a")))
    world.feed(world.asked(ResumeRequested))
    assert world.blocked()


def test_commands_take_the_lane_of_their_resource() -> None:
    world = sea(there("a"), there("b", "a"), spec("c", "a"))
    world.lane = "slow"
    world.feed(world.completed(world.latest("a")))
    assert {world.dag.by_id[one.task_id].name: one.lane for one in world.published} == {
        "a": "fast",
        "b": "slow",
        "c": "fast",
    }


@given(st.integers(0, 10_000))
def test_however_often_the_resource_comes_and_goes_the_run_ends_within_its_attempts(
    seed: int,
) -> None:
    chance = Random(seed)  # noqa: S311 - chosen by the test, to be repeated
    submission, monitoring = job_specs(resource_id=RESOURCE, retry=IMPATIENT)
    tasks = (there("a"), there("b", "a"), submission, monitoring, there("z", "b", "submit", trigger=Trigger.ALL_DONE))
    world = sea(*tasks, away=chance.random() < 0.5)
    heard: set[str] = set()
    for _ in range(400):
        if is_terminal(world.process):
            break
        world.away = chance.random() < 0.4
        step(world, chance, heard)
    world.away = False
    for _ in range(200):
        if is_terminal(world.process):
            break
        world.release_all()
        settle(world, heard)
    assert is_terminal(world.process)
    if world.process is not ProcessState.CANCELED:  # which may take one more, to end a job
        for one in world.dag.tasks:
            status = world.run.tasks[one.task_id]
            assert status.attempt - status.excused <= one.retry.max_attempts


def step(world: Sea, chance: Random, heard: set[str]) -> None:
    waiting = [one for one in world.published if one.command_id not in heard]
    match chance.choice(["answer", "answer", "release", "timer", "wait", "cancel", "give up"]):
        case "answer" if waiting:
            one = chance.choice(waiting)
            heard.add(one.command_id)
            world.feed(answer(world, one, chance))
        case "release":
            world.release_all(confirmed=chance.random() < 0.5)
        case "timer" if not waiting:
            for timer in list(world.timers()):
                world.feed(timer)
        case "cancel" if chance.random() < 0.05:
            world.feed(world.cancel_requested())
        case "give up" if chance.random() < 0.1:
            world.gives_up()
        case _:
            world.now += timedelta(seconds=1)


def answer(world: Sea, one: Publication, chance: Random) -> AnyEvent:
    match chance.choice(["completed", "failed", "deferred"]):
        case "completed":
            return world.completed(one, native_id="7")
        case "failed":
            return world.failed(one)
        case _:
            return world.deferred(one, chance.choice([0.0, 5.0]))


def settle(world: Sea, heard: set[str]) -> None:
    for one in [one for one in world.published if one.command_id not in heard]:
        heard.add(one.command_id)
        world.feed(world.completed(one, native_id="7"))
    if not world.run.parked and not is_terminal(world.process):
        for timer in list(world.timers()):
            world.feed(timer)
