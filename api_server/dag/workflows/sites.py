"""Where a node stands in a plan: how it is reached, what it is a part of, what its texts refer to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from api_server.dag.workflows.scope import Scope
from howdah.contracts.flow import FailureMeans, Flow, Guard, Slot
from howdah.contracts.ids import TaskId
from howdah.contracts.tasks import Trigger
from howdah.contracts.workflows import SUCCESS, Join


@dataclass(frozen=True, slots=True)
class Entry:
    """How the first task of a node is reached."""

    depends_on: tuple[TaskId, ...] = ()
    routes: Mapping[TaskId, tuple[str, ...]] = field(default_factory=dict)
    join: Join = Join.ALL
    guard: Guard | None = None

    @classmethod
    def after(cls, task_id: TaskId, guard: Guard | None = None) -> "Entry":
        """Return the entry of what follows one task's success."""
        return cls((task_id,), {task_id: (SUCCESS,)}, guard=guard)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a node stands. Every node is reached by one task and left by one task, which may be the same."""

    name: str
    """Of the task by which it is left."""
    place: str
    """What tells its work directory and outputs from others'."""
    field: str
    """Where it stands in the definition, for problems."""
    scope: Scope
    entry: Entry
    parent: TaskId | None = None
    means: FailureMeans = FailureMeans.RUN
    slot: Slot | None = None

    def first(self, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of Flow
        """Return how the node's first task is reached, as fields of its spec; ``fields`` go into its flow."""
        entry = self.entry
        flow = Flow(routes=dict(entry.routes), join=entry.join, guard=entry.guard, slot=self.slot, **fields)
        return {"depends_on": entry.depends_on, "trigger": Trigger.ALL_DONE, "flow": flow}

    def last(self, first: TaskId) -> dict[str, Any]:
        """Return what the flow of the node's last task says, ``first`` being its first one."""
        frees = first if self.slot is not None else None
        return {"parent": self.parent, "failure_means": self.means, "frees": frees}

    def item(self, index: str, scope: Scope, **fields: Any) -> "Site":  # noqa: ANN401 - fields of Site
        """Return the site of one item of a fan-out."""
        return replace(self, name=f"{self.name}[{index}]", place=f"{self.place}.{index}", scope=scope, **fields)
