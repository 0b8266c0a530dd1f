"""Tasks and the DAG that they form: what ``plan`` makes, ``advance`` walks and a command carries."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from howdah.contracts.failures import RetryPolicy
from howdah.contracts.flow import Bindings, Flow, Name, OutputRef
from howdah.contracts.ids import UUID_TEXT, ResourceId, TaskId, TaskType
from howdah.contracts.states import ProcessState
from howdah.contracts.task_types import LaneName

MAX_TASKS = 10_000

_PLAIN: Final = Flow()


class Trigger(StrEnum):
    """When a task becomes due: after all that it depends on succeeded, ran to an end, or ended in any way.

    A task whose dependencies have all ended without its trigger is SKIPPED.
    """

    ALL_SUCCEEDED = "all_succeeded"
    ALL_RAN = "all_ran"
    """Well or not, but none was skipped or canceled: what a failed application printed is worth having."""
    ALL_DONE = "all_done"
    ANY_FAILED = "any_failed"
    """Not all of it ended well. A task that is SKIPPED because all did takes nothing from the run's success."""


class TaskSpec(BaseModel):
    """One node of a DAG: which service does it, with what parameters, after which others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_id: Annotated[TaskId, UUID_TEXT]
    name: Name
    """Unique in its DAG; what people read."""
    type: TaskType
    params: dict[str, JsonValue] = Field(default_factory=dict)
    bindings: Bindings = Field(default_factory=dict)
    """Parameter → output of a task named in ``depends_on`` (or before it), filled in when published."""
    depends_on: tuple[Annotated[TaskId, UUID_TEXT], ...] = ()
    trigger: Trigger = Trigger.ALL_SUCCEEDED
    resource_id: Annotated[ResourceId, UUID_TEXT] | None = None
    phase: ProcessState = ProcessState.EXECUTING
    """The process state that this task's execution means."""
    retry: RetryPolicy = Field(default_factory=RetryPolicy)
    lane: LaneName = LaneName.FAST
    """Where its commands go when nothing about their resource says otherwise."""
    deadline_seconds: float = Field(default=3_600.0, gt=0, le=400 * 86_400)
    """From an attempt's publication to its terminal event, queue wait included; then it counts as timed out."""
    flow: Flow | None = Field(default=None, exclude_if=lambda flow: flow is None)
    """Its place in a workflow; None, and not written, in a plain DAG: what releases before workflows read, too."""

    @property
    def way(self) -> Flow:
        """Its place in a workflow."""
        return self.flow or _PLAIN

    def references(self) -> Iterator[OutputRef]:
        """Yield the outputs that it needs, of its parameters and of its condition."""
        guard = self.way.guard
        for binding in (*self.bindings.values(), *(guard.bindings.values() if guard else ())):
            if isinstance(binding, OutputRef):
                yield binding
            else:
                yield from (part for part in binding.parts if isinstance(part, OutputRef))


class Dag(BaseModel):
    """The tasks of one process. Construction refuses duplicate ids and names, unknown dependencies and cycles."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    tasks: tuple[TaskSpec, ...] = Field(min_length=1, max_length=MAX_TASKS)

    @model_validator(mode="after")
    def _is_a_dag(self) -> "Dag":
        if len(self.by_id) != len(self.tasks):
            raise ValueError("tasks: two tasks have the same task_id; give each its own")
        name, times = Counter(task.name for task in self.tasks).most_common(1)[0]
        if times > 1:
            raise ValueError(f"tasks: the name {name!r} is used {times} times; names are unique in a DAG")
        for task in self.tasks:
            for needed in (*task.depends_on, *(ref.task_id for ref in task.references())):
                if needed not in self.by_id:
                    raise ValueError(f"tasks: {task.name!r} depends on {needed}, which is no task of this DAG")
        try:
            TopologicalSorter({task.task_id: task.depends_on for task in self.tasks}).prepare()
        except CycleError as error:
            path = " → ".join(self.by_id[task_id].name for task_id in error.args[1])
            raise ValueError(f"tasks: they depend on each other in a circle: {path}") from None
        return self

    @cached_property
    def by_id(self) -> dict[TaskId, TaskSpec]:
        """The tasks by their id."""
        return {task.task_id: task for task in self.tasks}

    @cached_property
    def dependents(self) -> dict[TaskId, tuple[TaskId, ...]]:
        """For each task, those that name it in ``depends_on``."""
        found: dict[TaskId, list[TaskId]] = {task.task_id: [] for task in self.tasks}
        for task in self.tasks:
            for needed in task.depends_on:
                found[needed].append(task.task_id)
        return {task_id: tuple(ids) for task_id, ids in found.items()}
