"""Places that a run's tasks take and give back, and the lines in front of them. Pure.

Slots of fan-outs say how many items are under way at once. The places on the way to a resource (``windows``) are
counted and called in the same manner.

An item takes a slot when its first task begins and frees it when its last one has ended; who finds none stands in line,
CREATED, and is begun by whoever frees one. Each step costs the same, however many wait.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from api_server.dag import windows
from api_server.dag.decisions import Decisions, Edge, TaskStatus
from howdah.contracts.ids import TaskId
from howdah.contracts.states import TaskState, is_terminal
from howdah.contracts.tasks import Dag, TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft


class Slots:
    """The places of one run: pool → taken ones, and who waits. A pool is a fan-out, or a resource."""

    def __init__(self) -> None:
        self.taken: Counter[TaskId] = Counter()
        self.holders: set[TaskId] = set()
        self.waiting: defaultdict[TaskId, deque[TaskId]] = defaultdict(deque)

    @classmethod
    def of(cls, dag: Dag, tasks: Mapping[TaskId, TaskStatus], edges: Mapping[TaskId, Edge]) -> "Slots":
        """Return the slots as the states of the tasks say."""
        slots = cls()
        over = {spec.way.frees for spec in dag.tasks if spec.way.frees and is_terminal(tasks[spec.task_id].state)}
        for spec in dag.tasks:
            task_id, slot = spec.task_id, spec.way.slot
            if spec.resource_id is not None:
                slots._recount(spec, tasks[task_id], edges[task_id])
            if slot is None or task_id in over:
                continue
            if tasks[task_id].state is not TaskState.CREATED:
                slots.holders.add(task_id)
                slots.taken[slot.pool] += 1
            elif edges[task_id].open == 0:
                slots.waiting[slot.pool].append(task_id)
        return slots

    def _recount(self, spec: TaskSpec, status: TaskStatus, edge: Edge) -> None:
        """Count a task with a resource. All that could begin are in line: who is called looks at everything again."""
        if (pool := windows.pool_of(spec)) is None:
            return
        if windows.is_on_its_way(status):
            self.taken[pool] += 1
        elif status.state is TaskState.CREATED and edge.open == 0:
            self.waiting[pool].append(spec.task_id)

    def apply(self, decisions: Decisions) -> None:
        """Make what was decided the present state."""
        self.taken.update(decisions.slots)
        for task_id, holds in decisions.holders.items():
            (self.holders.add if holds else self.holders.discard)(task_id)
        for pool, task_id in decisions.lined_up:
            self.waiting[pool].append(task_id)
        for pool, times in decisions.called.items():
            for _ in range(times):
                self.waiting[pool].popleft()


def take(draft: "Draft", spec: TaskSpec) -> bool:
    """Take a slot for the task, which is about to begin; without a free one it stands in line."""
    slot = spec.way.slot
    if slot is None:
        return True
    if draft.run.slots.taken[slot.pool] + draft.decisions.slots[slot.pool] >= slot.limit:
        draft.decisions.lined_up.append((slot.pool, spec.task_id))
        return False
    draft.decisions.slots[slot.pool] += 1
    draft.decisions.holders[spec.task_id] = True
    return True


def give_back(draft: "Draft", spec: TaskSpec) -> None:
    """Free the slot of an item whose last task has ended, and call the next in line."""
    holder = spec.way.frees
    if holder is None or not draft.decisions.holders.get(holder, holder in draft.run.slots.holders):
        return
    slot = draft.spec(holder).way.slot
    if slot is not None:
        draft.decisions.slots[slot.pool] -= 1
        draft.decisions.holders[holder] = False
        call_next(draft, slot.pool)


def call_next(draft: "Draft", pool: TaskId) -> bool:
    """Begin the first of the line that has not begun otherwise; return whether there was one."""
    waiting, called = draft.run.slots.waiting[pool], draft.decisions.called
    new = [task_id for of, task_id in draft.decisions.lined_up if of == pool]
    while called[pool] < len(waiting) + len(new):
        number = called[pool]
        called[pool] += 1
        task_id = waiting[number] if number < len(waiting) else new[number - len(waiting)]
        if draft.status(task_id).state is TaskState.CREATED:
            draft.due(task_id)
            return True
    return False
