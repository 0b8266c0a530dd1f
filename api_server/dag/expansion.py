"""A fan-out whose items are known only while the run goes on: the tasks of each item from the body of one. Pure.

The same fan-out with the same items gives the same tasks under the same ids, whenever the decision is taken again. One
decision makes ``CHUNK_TASKS`` tasks at most, and all decisions of one batch not many more, so that other runs are heard
in between: a fan-out with more is EXECUTING until it has made all, and is told by its own timer when it is to go on.
How far it is says its fan-in, which waits for the items that there are. Of several in a run one goes on at a time; the
others stand in line.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from api_server.dag.bindings import settled
from howdah.contracts.flow import FAN_OUT, FanOutParams
from howdah.contracts.ids import ResourceId, TaskId, derive_id
from howdah.contracts.states import TaskState
from howdah.contracts.tasks import MAX_TASKS, TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft


CHUNK_TASKS: Final = 500
_IN_LINE: Final = timedelta(seconds=30)
"""After so long a fan-out in line goes on by itself."""


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


def expand(draft: "Draft", spec: TaskSpec, params: Mapping[str, JsonValue]) -> tuple[int, int]:
    """Add the tasks of the next items to the run; return how many items have theirs by now, and how many there are."""
    fan_out = FanOutParams.model_validate(params)
    fan_in = draft.spec(fan_out.fan_in)
    made = len(fan_in.depends_on) - 1
    if fan_out.end is None:
        return made, made
    items = _items(draft, spec, fan_out, made)
    body = Body(spec.task_id, fan_out.body)
    chosen = range(made, min(len(items), made + _room(draft, fan_out)))
    tasks = [task for index in chosen for task in body.of(index, items[index])]
    draft.add(tasks, fan_in, [body.id_of(fan_out.end, index) for index in chosen])
    return made + len(chosen), len(items)


def _room(draft: "Draft", fan_out: FanOutParams) -> int:
    """Return how many items this decision may yet make; at least one of those that it makes, however large its body."""
    added = len(draft.decisions.added)
    return max((min(CHUNK_TASKS, draft.room) - added) // len(fan_out.body), int(added == 0))


def _items(draft: "Draft", spec: TaskSpec, fan_out: FanOutParams, made: int) -> list[Any]:
    items = fan_out.items
    if not isinstance(items, list):
        raise NoItemsError(f"it is done once for each item of a list, but was given {json.dumps(items)[:100]}")
    present = len(draft.run.dag.tasks) + len(draft.decisions.added) - made * len(fan_out.body) + _promised(draft, spec)
    if present + len(items) * len(fan_out.body) > MAX_TASKS:
        raise NoItemsError(
            f"{len(items)} items with {len(fan_out.body)} tasks each are too many beside the {present} that there are: "
            f"a run has {MAX_TASKS} tasks at most"
        )
    return items


def _promised(draft: "Draft", spec: TaskSpec) -> int:
    """Return how many tasks other fan-outs have yet to make."""
    promised = 0
    for other in _unfinished(draft):
        if other.task_id != spec.task_id:
            fan_out = FanOutParams.model_validate({**other.params, "items": None})
            made, items = len(draft.spec(fan_out.fan_in).depends_on) - 1, (draft.status(other.task_id).outputs or {})
            promised += (int(str(items["items"])) - made) * len(fan_out.body)
    return promised


def _unfinished(draft: "Draft") -> Iterator[TaskSpec]:
    """Yield the fan-outs that have more to make."""
    for spec in (*draft.run.dag.tasks, *draft.decisions.added):
        if spec.type == FAN_OUT and draft.status(spec.task_id).state is TaskState.EXECUTING:
            yield spec


def stand_in_line(draft: "Draft", spec: TaskSpec, items: int) -> None:
    """Make the rest later: next, unless another fan-out of the run does so already."""
    status = draft.status(spec.task_id)
    is_next = status.state is TaskState.EXECUTING or next(_unfinished(draft), None) is None
    shown = {"attempt": 1, "started_at": status.started_at or draft.now, "outputs": {"items": items}}
    draft.set_task(spec.task_id, TaskState.EXECUTING, due_at=draft.now + _IN_LINE, **shown)
    if is_next:
        _call(draft, spec)


def call_next(draft: "Draft") -> None:
    """Have the first in line go on."""
    if (spec := next(_unfinished(draft), None)) is not None:
        _call(draft, spec)


def _call(draft: "Draft", spec: TaskSpec) -> None:
    draft.set_task(spec.task_id, TaskState.EXECUTING, due_at=draft.now)
    draft.decisions.timers.append(spec.task_id)


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
