"""A decision in the making: reads through to the run, writes into ``Decisions``, leaves the run untouched."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from api_server.dag import admission, canceling, parking, slots, windows
from api_server.dag.bindings import UnboundError, bound_params
from api_server.dag.decisions import (
    AttemptNote,
    Change,
    Decisions,
    Edge,
    Outcome,
    ProcessStatus,
    Publication,
    TaskStatus,
    edge_of,
    weighs_as,
)
from api_server.dag.run import Run
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.flow import FailureMeans, OutputRef
from howdah.contracts.ids import CommandId, TaskId, derive_id
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.states import PHASES, ExperimentState, ProcessState, TaskState, is_terminal, may_follow
from howdah.contracts.tasks import MAX_TASKS, TaskSpec
from howdah.contracts.topics import FAST

_PHASE_ORDER = {phase: index for index, phase in enumerate(PHASES)}
_FRESH = TaskStatus()
_TOLD = {"kind", "sentence"}


class Draft:
    """The state as it would be after what was decided so far."""

    def __init__(
        self,
        run: Run,
        now: datetime,
        gate: admission.Gate = admission.open_gate,
        standings: Standings = all_is_well,
        room: int = MAX_TASKS,
    ) -> None:
        self.run = run
        self.now = now
        self.gate = gate
        self.standings = standings
        self.room = room
        """How many tasks fan-outs may make here."""
        self.decisions = Decisions()
        self.freed: set[TaskId] = set()
        """The resources to which fewer tasks are on their way than before."""
        self._due: deque[TaskId] = deque()
        self._made: dict[TaskId, TaskSpec] = {}
        self._dependents: dict[TaskId, list[TaskId]] = {}
        """Task → those that were made and depend on it."""

    # ------------------------------------------------------------ reading

    def status(self, task_id: TaskId) -> TaskStatus:
        """Return where the task stands."""
        return self.decisions.tasks.get(task_id) or self.run.tasks.get(task_id) or _FRESH

    def spec(self, task_id: TaskId) -> TaskSpec:
        """Return the task, be it one that was made by what was decided so far."""
        return self._made.get(task_id) or self.run.dag.by_id[task_id]

    @property
    def process(self) -> ProcessStatus:
        """Where the process stands."""
        return self.decisions.process or self.run.process

    def target(self, spec: TaskSpec) -> ResourceTarget | None:
        """Return where the task works, as the run knows it."""
        return self.run.identity.targets.get(spec.resource_id) if spec.resource_id else None

    def lane(self, spec: TaskSpec) -> str:
        """Return the lane of the task: the slow one when its type or its resource is slow."""
        target = self.target(spec)
        standing = self.standings(target) if target is not None else None
        return standing.lane if standing is not None and spec.lane == FAST else spec.lane

    @property
    def canceling(self) -> bool:
        """Whether somebody asked for the process to be stopped."""
        return self.process.cancel_requested_at is not None

    def edge(self, task_id: TaskId) -> Edge:
        """Return how far the dependencies of the task are."""
        return self.decisions.edges.get(task_id) or self.run.edges[task_id]

    # ------------------------------------------------------------ writing

    def ignore(self, outcome: Outcome, reason: str) -> None:
        """Say why the event moves nothing."""
        self.decisions.outcome = outcome
        self.decisions.reason = reason

    def note(self, task_id: TaskId, attempt: int, **known: Any) -> None:  # noqa: ANN401 - columns of an attempt
        """Record something about an attempt."""
        self.decisions.attempts.append(AttemptNote(task_id, attempt, known))

    def set_task(self, task_id: TaskId, state: TaskState, **fields: Any) -> None:  # noqa: ANN401 - of TaskStatus
        """Move a task; its dependents become due when it ends."""
        before = self.status(task_id)
        if is_terminal(state):
            fields = {"due_at": None, "deferred": False, "parked": None, "ended_at": self.now} | fields
        after = self.decisions.tasks[task_id] = before._replace(state=state, **fields)
        if before.started_at is None:
            windows.note(self, self.spec(task_id), before, after)
        if before.state is state:
            return
        self.decisions.changes.append(Change("task", task_id, before.state, state))
        if is_terminal(state):
            spec, status = self.spec(task_id), self.decisions.tasks[task_id]
            self.decisions.ended.append(weighs_as(spec, status))
            self._end_edges(task_id, status)
            slots.give_back(self, spec)

    def _end_edges(self, task_id: TaskId, status: TaskStatus) -> None:
        for dependent in (*self.run.dag.dependents.get(task_id, ()), *self._dependents.get(task_id, ())):
            spec = self.spec(dependent)
            if spec.way.made_by == task_id:
                continue  # it has not waited for this
            edge = self.edge(dependent).after(spec, task_id, status)
            self.decisions.edges[dependent] = edge
            if edge.open == 0:
                self._due.append(dependent)

    def add(self, specs: Sequence[TaskSpec], also_needed_by: TaskSpec, ends: Sequence[TaskId]) -> None:
        """Add tasks to the run, some of whose ``ends`` another task has to wait for from now on."""
        for spec in specs:
            self._made[spec.task_id] = spec
            self.decisions.added.append(spec)
            for needed in spec.depends_on:
                self._dependents.setdefault(needed, []).append(spec.task_id)
        for spec in specs:
            self.decisions.edges[spec.task_id] = edge = edge_of(spec, self.status)
            if edge.open == 0:
                self._due.append(spec.task_id)
        waiting = also_needed_by.task_id
        needs = {"depends_on": (*also_needed_by.depends_on, *ends)}
        self._made[waiting] = self.decisions.respecified[waiting] = also_needed_by.model_copy(update=needs)
        before = self.edge(waiting)
        self.decisions.edges[waiting] = before._replace(open=before.open + len(ends))
        for end in ends:
            self._dependents.setdefault(end, []).append(waiting)

    def fail_task(self, task_id: TaskId, failure: Failure) -> None:
        """End a task as FAILED; the first failure of a process is what the process reports."""
        self.set_task(task_id, TaskState.FAILED, failure=failure)
        if self.process.failure is None and self.spec(task_id).way.failure_means is FailureMeans.RUN:
            self.decisions.process = self.process._replace(failure=failure)

    def publish(self, task_id: TaskId, attempt: int, *, released: bool = False) -> None:
        """Publish an attempt (again), or fail the task when its parameters can't be filled in.

        While its resource is known to be away the task is parked in its place, unless it has just been ``released``.
        """
        spec = self.spec(task_id)
        if not released and parking.is_withheld(self, spec):
            parking.park(self, spec, attempt)
            return
        if canceling.is_over(self, spec):
            canceling.end_unconfirmed(self, spec)
            return
        try:
            params = bound_params(spec, self.given)
        except UnboundError as error:
            failure = Failure.bounded(kind=FailureKind.PERMANENT, sentence=f"{spec.name} can't be started: {error}")
            self.fail_task(task_id, failure)
            return
        publications = self.status(task_id).publications + 1
        command_id = CommandId(derive_id(task_id, attempt, publications))
        self.set_task(
            task_id,
            TaskState.SCHEDULED,
            attempt=attempt,
            publications=publications,
            command_id=command_id,
            deferred=False,
            parked=None,
            due_at=canceling.due(self, spec),
        )
        lane, deadline_at = self.lane(spec), canceling.deadline(self, spec)
        self.note(task_id, attempt, state=TaskState.SCHEDULED, command_id=command_id, lane=lane, published_at=self.now)
        self.decisions.publications.append(Publication(task_id, attempt, command_id, lane, params, deadline_at))

    def given(self, ref: OutputRef) -> Mapping[str, JsonValue] | None:
        """Return what the task gave that a reference names: outputs, or a failure; None where it gave none."""
        status = self.status(ref.task_id)
        if ref.of == "failure":
            return None if status.failure is None else status.failure.model_dump(mode="json", include=_TOLD)
        return status.outputs if status.state is TaskState.COMPLETED else None

    # ------------------------------------------------------------ what became due

    def due(self, task_id: TaskId) -> None:
        """Look at a task whose dependencies have ended when the draft is settled."""
        self._due.append(task_id)

    def take_due(self) -> Iterator[TaskSpec]:
        """Yield the tasks that became due and have not begun, with those that become so meanwhile."""
        while self._due:
            task_id = self._due.popleft()
            if self.status(task_id).state is TaskState.CREATED:
                yield self.spec(task_id)

    # ------------------------------------------------------------ process and experiment

    def set_process(self, state: ProcessState, **fields: Any) -> None:  # noqa: ANN401 - the fields of ProcessStatus
        """Move the process, if the move is legal."""
        before = self.process
        if may_follow(before.state, state):
            self.decisions.process = before._replace(state=state, **fields)
            process_id = self.run.identity.process_id
            self.decisions.changes.append(Change("process", process_id, before.state, state))

    def set_experiment(self, state: ExperimentState) -> None:
        """Move the experiment, if the move is legal."""
        before = self.decisions.experiment or self.run.experiment
        if may_follow(before, state):
            self.decisions.experiment = state
            self.decisions.changes.append(Change("experiment", self.run.identity.experiment_id, before, state))

    def enter_executing(self) -> None:
        """The first thing that happens to a launched experiment makes it EXECUTING."""
        if (self.decisions.experiment or self.run.experiment) is ExperimentState.LAUNCHED:
            self.set_experiment(ExperimentState.EXECUTING)

    def enter_phase(self, spec: TaskSpec) -> None:
        """The work of ``spec`` has begun: the process has reached its phase, and never goes back."""
        self.enter_executing()
        reached = _PHASE_ORDER.get(self.process.state)
        if reached is not None and _PHASE_ORDER.get(spec.phase, -1) > reached:
            self.set_process(spec.phase)
