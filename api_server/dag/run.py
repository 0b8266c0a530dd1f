"""One process in memory: its DAG, the state of every task, and counters that make each decision cheap.

Decisions are made on it (``advance``), never by it: the only way to change it is ``apply``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from api_server.dag.decisions import Decisions, Edge, JobStatus, ProcessStatus, TaskStatus, edge_of, weighs_as
from api_server.dag.slots import Slots
from howdah.contracts.ids import ExperimentId, GatewayId, ProcessId, ResourceId, TaskId
from howdah.contracts.params import JOB_MONITORING
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import ExperimentState, TaskState, is_terminal
from howdah.contracts.tasks import Dag

JobKey = tuple[TaskId, int]


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What stays the same over the whole life of a process."""

    gateway_id: GatewayId
    experiment_id: ExperimentId
    process_id: ProcessId
    trace: str | None = None
    targets: Mapping[ResourceId, ResourceTarget] = field(default_factory=dict)
    number: int = 1
    """Which run of its experiment it is."""
    continues: ProcessId | None = None
    """The run whose finished tasks it has adopted and in whose work directory it goes on."""
    settles_as: ExperimentState | None = None
    """What the experiment is when this process is COMPLETED, where that tells nothing of the experiment's own end."""
    deadline_at: datetime | None = None
    """By when it must have ended."""


class Run:
    """One process: identity, DAG, and the present state of everything in it."""

    def __init__(  # noqa: PLR0913 - the parts of a run, by keyword
        self,
        identity: RunIdentity,
        dag: Dag,
        *,
        process: ProcessStatus | None = None,
        experiment: ExperimentState = ExperimentState.VALIDATED,
        tasks: Mapping[TaskId, TaskStatus] | None = None,
        jobs: Iterable[JobStatus] = (),
    ) -> None:
        self.identity = identity
        self.dag = dag
        self.process = process or ProcessStatus()
        self.experiment = experiment
        fresh = TaskStatus()
        known = tasks or {}
        self.tasks: dict[TaskId, TaskStatus] = {task.task_id: known.get(task.task_id, fresh) for task in dag.tasks}
        self.jobs: dict[JobKey, JobStatus] = {(job.task_id, job.generation): job for job in jobs}
        self.ended: Counter[TaskState] = Counter(
            weighs_as(task, status) for task in dag.tasks if is_terminal((status := self.tasks[task.task_id]).state)
        )
        self.parked: set[TaskId] = {task_id for task_id, status in self.tasks.items() if status.parked is not None}
        """The tasks that wait for a resource which is away."""
        self.unfinished = len(self.tasks) - self.ended.total()
        self.edges: dict[TaskId, Edge] = {task.task_id: edge_of(task, self.tasks.__getitem__) for task in dag.tasks}
        self.slots = Slots.of(dag, self.tasks, self.edges)
        """The slots of its fan-outs, and who waits for one."""

    @cached_property
    def monitors(self) -> dict[str, TaskId]:
        """Submission task → the task that follows its job."""
        return {
            str(task.params["submission_task_id"]): task.task_id
            for task in self.dag.tasks
            if task.type == JOB_MONITORING and "submission_task_id" in task.params
        }

    def apply(self, decisions: Decisions) -> None:
        """Make the decided state the present one; costs as much as what changed."""
        if decisions.added:
            self._grow(decisions)
        self.tasks.update(decisions.tasks)
        if self.parked or decisions.blocked is not None:
            for task_id, status in decisions.tasks.items():
                (self.parked.discard if status.parked is None else self.parked.add)(task_id)
        self.edges.update(decisions.edges)
        self.jobs.update(decisions.jobs)
        for state in decisions.ended:
            self.ended[state] += 1
        self.unfinished += len(decisions.added) - len(decisions.ended)
        self.slots.apply(decisions)
        if decisions.process is not None:
            self.process = decisions.process
        if decisions.experiment is not None:
            self.experiment = decisions.experiment

    def _grow(self, decisions: Decisions) -> None:
        everything = (*self.dag.tasks, *decisions.added)
        # Each was checked when the body of the fan-out was planned.
        self.dag = Dag.model_construct(
            tasks=tuple(decisions.respecified.get(task.task_id, task) for task in everything)
        )
        self.tasks |= {task.task_id: TaskStatus() for task in decisions.added}
        self.__dict__.pop("monitors", None)

    def next_due(self) -> datetime | None:
        """Return the earliest moment at which a timer of this run is due."""
        return min((status.due_at for status in self.tasks.values() if status.due_at is not None), default=None)
