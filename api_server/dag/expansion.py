"""A fan-out whose items are known only while the run goes on: the tasks of each item from the body of one. Pure.

The same fan-out with the same items gives the same tasks under the same ids, whenever the decision is taken again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from api_server.dag.bindings import settled
from howdah.contracts.flow import FAN_OUT, FanOutParams
from howdah.contracts.ids import ResourceId, TaskId, derive_id
from howdah.contracts.tasks import MAX_TASKS, TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft


class NoItemsError(ValueError):
    """What is fanned out over is no list, or too long a one; the text says how."""


def place_of(fan_out: TaskId) -> str:
    """Return what stands for the item's number in the names and paths of a body."""
    return fan_out.replace("-", "")


def resources_of(tasks: Iterable[TaskSpec]) -> set[ResourceId]:
    """Return the resources that tasks use, or will use once their fan-outs have found their items."""
    used: set[ResourceId] = set()
    waiting = list(tasks)
    while waiting:
        task = waiting.pop()
        if task.resource_id is not None:
            used.add(task.resource_id)
        if task.type == FAN_OUT:
            waiting += map(TaskSpec.model_validate, FanOutParams.model_validate(task.params).body)
    return used


def expand(draft: "Draft", spec: TaskSpec, params: Mapping[str, JsonValue]) -> int:
    """Add the tasks of every item to the run; return how many items there are."""
    fan_out = FanOutParams.model_validate(params)
    fan_in = draft.spec(fan_out.fan_in)
    if fan_out.end is None:
        return len(fan_in.depends_on) - 1
    items = _items(draft, fan_out)
    body = Body(spec.task_id, fan_out.body)
    tasks = [task for index, item in enumerate(items) for task in body.of(index, item)]
    draft.add(tasks, fan_in, [body.id_of(fan_out.end, index) for index in range(len(items))])
    return len(items)


def _items(draft: "Draft", fan_out: FanOutParams) -> list[Any]:
    items = fan_out.items
    if not isinstance(items, list):
        raise NoItemsError(f"it is done once for each item of a list, but was given {json.dumps(items)[:100]}")
    present = len(draft.run.dag.tasks) + len(draft.decisions.added)
    if present + len(items) * len(fan_out.body) > MAX_TASKS:
        raise NoItemsError(
            f"{len(items)} items with {len(fan_out.body)} tasks each are too many beside the {present} that there are: "
            f"a run has {MAX_TASKS} tasks at most"
        )
    return items


class Body:
    """The tasks of one item, to be made for any. ``fan_out``: whose outputs ``item`` and ``index`` they refer to."""

    def __init__(self, fan_out: TaskId, body: tuple[dict[str, JsonValue], ...]) -> None:
        self._fan_out = fan_out
        self._ids = [TaskId(str(task["task_id"])) for task in body]
        self._texts = [json.dumps(task) for task in body]

    def id_of(self, task_id: TaskId, index: int) -> TaskId:
        """Return the id that a task of the body has for an item."""
        return TaskId(derive_id(self._fan_out, task_id, index))

    def of(self, index: int, item: JsonValue) -> Iterator[TaskSpec]:
        """Yield the tasks of an item."""
        place, values = place_of(self._fan_out), {"item": item, "index": index}
        ids = [(task_id, self.id_of(task_id, index)) for task_id in self._ids]
        own = [*ids, *((place_of(old), place_of(new)) for old, new in ids)]
        for text in self._texts:
            for old, new in own:
                text = text.replace(old, new)  # noqa: PLW2901 - ids stand in job names and paths as well
            yield self._settled(TaskSpec.model_validate_json(text.replace(place, str(index))), values)

    def _settled(self, spec: TaskSpec, values: Mapping[str, JsonValue]) -> TaskSpec:
        if not spec.bindings and spec.way.guard is None and spec.type != FAN_OUT:
            return spec
        params, bindings = settled(spec.params, spec.bindings, self._fan_out, values)
        if spec.type == FAN_OUT:
            inner = FanOutParams.model_validate(params)
            body = [self._settled(TaskSpec.model_validate(task), values).model_dump(mode="json") for task in inner.body]
            params["body"] = list(body)
        changed: dict[str, Any] = {"params": params, "bindings": bindings}
        if (guard := spec.way.guard) is not None:
            condition, bound = settled(guard.condition, guard.bindings, self._fan_out, values)
            guarded = guard.model_copy(update={"condition": condition, "bindings": bound})
            changed["flow"] = spec.way.model_copy(update={"guard": guarded})
        return spec.model_copy(update=changed)
