"""A small world around a run: makes DAGs and events, plays the services and the clock, checks every decision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from api_server.dag.adoption import Continuation
from api_server.dag.advance import advance, begin
from api_server.dag.decisions import Decisions, Outcome, Publication, TaskStatus, counts_as
from api_server.dag.run import Run, RunIdentity
from howdah.contracts import params
from howdah.contracts.failures import Failure, FailureKind, RetryPolicy
from howdah.contracts.ids import EventId, ExperimentId, GatewayId, ProcessId, TaskId, derive_id, new_id
from howdah.contracts.messages import (
    Start,
    TaskCanceled,
    TaskCompleted,
    TaskDeferred,
    TaskEvent,
    TaskFailed,
    TaskOutcome,
    TaskStarted,
    TimerDue,
)
from howdah.contracts.requests import (
    AnyEvent,
    CancelRequested,
    PauseRequested,
    Request,
    ResumeRequested,
    SkipRequested,
)
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState, is_terminal, may_follow
from howdah.contracts.tasks import Dag, TaskSpec, Trigger

START = datetime(2026, 1, 1, tzinfo=UTC)
E = TypeVar("E", bound=TaskEvent)
Asked = TypeVar("Asked", bound=Request)
Ended = TypeVar("Ended", bound=TaskOutcome)
_ENUMS = {"task": TaskState, "process": ProcessState, "experiment": ExperimentState, "job": JobState}


def spec(name: str, *depends_on: str, task_type: str = "noop", **fields: Any) -> TaskSpec:  # noqa: ANN401 - the fields of TaskSpec
    """Return a task whose id derives from its name."""
    return TaskSpec(
        task_id=TaskId(derive_id("test", name)),
        name=name,
        type=task_type,
        depends_on=tuple(TaskId(derive_id("test", needed)) for needed in depends_on),
        **fields,
    )


def job_specs(**fields: Any) -> tuple[TaskSpec, TaskSpec]:  # noqa: ANN401 - of the submission
    """Return a submission and the monitoring of its job."""
    submission = spec("submit", task_type=params.JOB_SUBMISSION, params={"job_name": "j", "generation": 1}, **fields)
    monitoring = spec(
        "monitor",
        "submit",
        task_type=params.JOB_MONITORING,
        params={"submission_task_id": submission.task_id},
        bindings={"native_id": {"task_id": submission.task_id, "output": "native_id"}},
        deadline_seconds=900,
    )
    return submission, monitoring


def timer_of(run: Run, task_id: TaskId, now: datetime) -> TimerDue:
    """Return what tells the run that the moment stored with a task has come."""
    identity, status = run.identity, run.tasks[task_id]
    assert status.due_at is not None
    return TimerDue(
        at=now,
        gateway_id=identity.gateway_id,
        experiment_id=identity.experiment_id,
        process_id=identity.process_id,
        event_id=EventId(new_id()),
        task_id=task_id,
        attempt=status.attempt,
        due_at=status.due_at,
    )


@dataclass
class World:
    """A launched run, and what was published so far."""

    dag: Dag
    now: datetime = START
    published: list[Publication] = field(default_factory=list)
    decisions: list[Decisions] = field(default_factory=list)
    adopted: Mapping[TaskId, TaskStatus] = field(default_factory=dict)
    told: list[TimerDue] = field(default_factory=list)
    """Timers that were told with decisions, and not fed yet."""

    def __post_init__(self) -> None:
        identity = RunIdentity(GatewayId(new_id()), ExperimentId(new_id()), ProcessId(new_id()))
        self.run = Run(identity, self.dag, tasks=self.adopted)
        self.take(begin(self.run, self.now))

    @classmethod
    def of(cls, *tasks: TaskSpec) -> "World":
        return cls(Dag(tasks=tasks))

    @classmethod
    def continued(cls, continuation: Continuation) -> "World":
        return cls(continuation.dag, adopted=continuation.tasks)

    # ------------------------------------------------------------ looking

    def status(self, name: str) -> TaskStatus:
        return self.run.tasks[TaskId(derive_id("test", name))]

    def state(self, name: str) -> TaskState:
        return self.status(name).state

    @property
    def process(self) -> ProcessState:
        return self.run.process.state

    def names_published(self) -> list[str]:
        return [self.run.dag.by_id[publication.task_id].name for publication in self.published]

    def latest(self, name: str) -> Publication:
        return next(p for p in reversed(self.published) if self.run.dag.by_id[p.task_id].name == name)

    # ------------------------------------------------------------ doing

    def load_again(self) -> None:
        """Go on from what the registry keeps, as another replica would."""
        run = self.run
        self.run = Run(
            run.identity,
            run.dag,
            process=run.process,
            experiment=run.experiment,
            tasks=run.tasks,
            jobs=run.jobs.values(),
        )

    def feed(self, event: AnyEvent) -> Decisions:
        decisions = advance(self.run, event, self.now)
        self.take(decisions)
        return decisions

    def take(self, decisions: Decisions) -> None:
        self._check(decisions)
        self.run.apply(decisions)
        self.published += decisions.publications
        self.decisions.append(decisions)
        self.told += (timer_of(self.run, task_id, self.now) for task_id in decisions.timers)
        self._check_counters()

    def event(self, model: type[E], publication: Publication, **fields: Any) -> E:  # noqa: ANN401 - of the event
        identity = self.run.identity
        values: dict[str, Any] = {
            "at": self.now,
            "gateway_id": identity.gateway_id,
            "experiment_id": identity.experiment_id,
            "process_id": identity.process_id,
            "event_id": EventId(new_id()),
            "task_id": publication.task_id,
            "attempt": publication.attempt,
        }
        return model(**(values | fields))

    def started(self, publication: Publication) -> TaskStarted:
        return self.event(
            TaskStarted, publication, worker="w", topic="howdah.tasks.noop", partition=0, offset=0, lane="fast"
        )

    def completed(self, publication: Publication, **outputs: Any) -> TaskCompleted:  # noqa: ANN401 - any JSON
        return self.event(TaskCompleted, publication, outputs=outputs)

    def with_start(self, outcome: Ended) -> Ended:
        start = Start(at=self.now, worker="w", topic="howdah.tasks.noop", partition=0, offset=0, lane="fast")
        return outcome.model_copy(update={"start": start})

    def failed(self, publication: Publication, kind: FailureKind = FailureKind.TRANSIENT) -> TaskFailed:
        return self.event(TaskFailed, publication, failure=Failure(kind=kind, sentence=f"It was {kind.value}."))

    def canceled(self, publication: Publication) -> TaskCanceled:
        return self.event(TaskCanceled, publication)

    def deferred(self, publication: Publication, delay_seconds: float = 1.0) -> TaskDeferred:
        return self.event(
            TaskDeferred,
            publication,
            reason="busy",
            delay_seconds=delay_seconds,
            command_id=publication.command_id,
        )

    def request(self, model: type[Asked], **fields: Any) -> Asked:  # noqa: ANN401 - of the request
        identity = self.run.identity
        values: dict[str, Any] = {
            "at": self.now,
            "gateway_id": identity.gateway_id,
            "experiment_id": identity.experiment_id,
            "process_id": identity.process_id,
            "event_id": EventId(new_id()),
            "actor": "me",
            "reason": "enough",
        }
        return model(**(values | fields))

    def cancel_requested(self) -> CancelRequested:
        return self.request(CancelRequested)

    def pause_requested(self) -> PauseRequested:
        return self.request(PauseRequested)

    def resume_requested(self) -> ResumeRequested:
        return self.request(ResumeRequested)

    def skip_requested(self, name: str) -> SkipRequested:
        return self.request(SkipRequested, task_id=derive_id("test", name))

    def timers(self) -> Iterator[TimerDue]:
        """Go to the next moment that a timer is set for, and return the timers of that moment."""
        due_at = self.run.next_due()
        if due_at is None:
            return
        self.now = max(self.now, due_at) + timedelta(milliseconds=1)
        for task_id, status in list(self.run.tasks.items()):
            if status.due_at == due_at:
                yield timer_of(self.run, task_id, self.now)

    # ------------------------------------------------------------ what must hold of every decision

    def _check(self, decisions: Decisions) -> None:
        for change in decisions.changes:
            states = _ENUMS[change.entity]
            if change.before is not None:
                before, after = states(change.before), states(change.after)
                assert may_follow(before, after), change  # type: ignore[arg-type]  # one of the four kinds of state
        if decisions.outcome is Outcome.ILLEGAL:
            assert not any((decisions.tasks, decisions.publications, decisions.changes, decisions.attempts))
        for publication in decisions.publications:
            self._check_publication(decisions, publication)

    def _check_publication(self, decisions: Decisions, publication: Publication) -> None:
        made = {task.task_id: task for task in decisions.added}
        task = made.get(publication.task_id) or self.run.dag.by_id[publication.task_id]
        before = self.run.tasks.get(task.task_id, TaskStatus())
        assert not is_terminal(before.state), f"{task.name} is published after its end"
        if before.attempt == 0:
            after = self.run.tasks | decisions.tasks
            states = [counts_as(after[needed]) for needed in task.depends_on if needed != task.way.made_by]
            assert all(is_terminal(state) for state in states), f"{task.name} is published too early"
            if task.trigger is Trigger.ALL_SUCCEEDED:
                assert set(states) <= {TaskState.COMPLETED}
            if task.trigger is Trigger.ALL_RAN:
                assert set(states) <= {TaskState.COMPLETED, TaskState.FAILED}
        commands = {p.command_id for p in self.published}
        assert publication.command_id not in commands, "every publication has a command id of its own"

    def _check_counters(self) -> None:
        again = Run(self.run.identity, self.run.dag, process=self.run.process, tasks=self.run.tasks)
        assert again.edges == self.run.edges
        assert +again.ended == +self.run.ended
        assert +again.slots.taken == +self.run.slots.taken
        assert again.slots.holders == self.run.slots.holders
        everything_ended = all(is_terminal(status.state) for status in self.run.tasks.values())
        assert is_terminal(self.process) == everything_ended == is_terminal(self.run.experiment)
        if everything_ended:
            assert self.run.next_due() is None


IMPATIENT = RetryPolicy(max_attempts=3, initial_delay_seconds=1, max_delay_seconds=4)
