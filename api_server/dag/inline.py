"""Experiments that bring their own tasks: names become ids, and errors say where."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import to_json

from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.task_types import KnownType, fits
from api_server.dag.terms import terms
from howdah.contracts.failures import RetryPolicy
from howdah.contracts.flow import ORCHESTRATED, Name, OutputRef
from howdah.contracts.ids import UUID_TEXT, ResourceId, TaskId, TaskType, new_id
from howdah.contracts.params import BUILT_IN, COMMAND, CommandParams
from howdah.contracts.resources import ReachKind, ResourceTarget
from howdah.contracts.tasks import MAX_TASKS, Dag, TaskSpec, Trigger
from howdah.contracts.wrong_fields import first_wrong, wrong_fields

MAX_PARAMS_BYTES = 250_000


class InlineBinding(BaseModel):
    """Names an output of another task of the same experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Name
    output: Name


class InlineTask(BaseModel):
    """One task as a user writes it: others are referred to by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    type: TaskType
    params: dict[str, JsonValue] = Field(default_factory=dict)
    depends_on: tuple[Name, ...] = Field(default=(), max_length=MAX_TASKS)
    bindings: dict[str, InlineBinding] = Field(default_factory=dict)
    """Parameter → output of a task named in ``depends_on``."""
    trigger: Trigger = Trigger.ALL_SUCCEEDED
    resource_id: Annotated[ResourceId, UUID_TEXT] | None = None
    retry: RetryPolicy = Field(default_factory=RetryPolicy)
    deadline_seconds: float = Field(default=3_600.0, gt=0, le=30 * 86_400)


NO_TYPES: Final[Mapping[str, KnownType]] = MappingProxyType({})


def plan_tasks(
    tasks: Sequence[InlineTask],
    targets: Mapping[ResourceId, ResourceTarget],
    types: Mapping[str, KnownType] = NO_TYPES,
) -> Dag:
    """Return the DAG of ``tasks``; UnplannableError names every wrong field as ``tasks.<index>.<field>``.

    ``types`` are the registered task types: their tasks are held to what the type says. Of another type nothing is
    known, and whoever runs it finds what is wrong.
    """
    ids = {task.name: TaskId(new_id()) for task in tasks}
    problems = [*_duplicates(tasks)]
    for index, task in enumerate(tasks):
        problems += [problem.within(f"tasks.{index}") for problem in _check(task, ids, targets)]
    problems += _against_their_types(tasks, types)
    if problems:
        raise UnplannableError(tuple(problems))
    try:
        return Dag(tasks=tuple(_spec(task, ids, types.get(task.type), targets) for task in tasks))
    except ValidationError as error:
        text = first_wrong(error).message
        raise UnplannableError((FieldProblem("tasks", text.removeprefix("tasks: ")),)) from None


def _duplicates(tasks: Sequence[InlineTask]) -> list[FieldProblem]:
    first: dict[str, int] = {}
    problems = []
    for index, task in enumerate(tasks):
        if (earlier := first.setdefault(task.name, index)) != index:
            text = f"{task.name!r} is the name of task {earlier} already; names are unique in an experiment"
            problems.append(FieldProblem(f"tasks.{index}.name", text, task.name))
    return problems


def _check(
    task: InlineTask, ids: Mapping[str, TaskId], targets: Mapping[ResourceId, ResourceTarget]
) -> list[FieldProblem]:
    problems = [
        FieldProblem(f"depends_on.{index}", f"there is no task named {needed!r} in this experiment", needed)
        for index, needed in enumerate(task.depends_on)
        if needed not in ids
    ]
    problems += [
        FieldProblem(
            f"bindings.{name}.task", f"{binding.task!r} must be named in depends_on, so that it has ended", binding.task
        )
        for name, binding in task.bindings.items()
        if binding.task not in task.depends_on
    ]
    if task.resource_id is not None and task.resource_id not in targets:
        text = "no enabled compute resource of this gateway has this id"
        problems.append(FieldProblem("resource_id", text, task.resource_id))
    elif task.resource_id is not None and task.type not in BUILT_IN:
        problems += _check_agent(task, targets[task.resource_id])
    if (size := len(to_json(task.params))) > MAX_PARAMS_BYTES:
        text = f"{size} bytes as JSON are more than {MAX_PARAMS_BYTES}; put large data into a file and pass its URI"
        problems.append(FieldProblem("params", text))
    return problems + _check_built_in(task)


def _check_agent(task: InlineTask, target: ResourceTarget) -> list[FieldProblem]:
    """An agent runs the platform's own task services; a service of one's own is not there."""
    if target.reach is not ReachKind.AGENT:
        return []
    text = f"{target.name} is worked on by an agent, which runs no {task.type!r}; use {COMMAND!r}, or another resource"
    return [FieldProblem("resource_id", text, task.resource_id)]


def _check_built_in(task: InlineTask) -> list[FieldProblem]:
    if task.type not in BUILT_IN and task.type not in ORCHESTRATED:
        return []
    if task.type != COMMAND:
        text = f"{task.type!r} belongs to application experiments; in your own tasks use {COMMAND!r} or your own type"
        return [FieldProblem("type", text, task.type)]
    problems = [] if task.resource_id else [FieldProblem("resource_id", "a command needs the resource to run it on")]
    if task.bindings:
        return problems
    try:
        CommandParams.model_validate(task.params)
    except ValidationError as error:
        problems += [FieldProblem(wrong.field, wrong.message).within("params") for wrong in wrong_fields(error)]
    return problems


def _against_their_types(tasks: Sequence[InlineTask], types: Mapping[str, KnownType]) -> Iterator[FieldProblem]:
    type_of = {task.name: types.get(task.type) for task in tasks}
    for index, task in enumerate(tasks):
        known, needed = types.get(task.type), [type_of.get(binding.task) for binding in task.bindings.values()]
        for problem in (*(_against(task, known) if known else ()), *_bound_ports(task, known, needed)):
            yield problem.within(f"tasks.{index}")


def _against(task: InlineTask, known: KnownType) -> Iterator[FieldProblem]:
    yield from known.problems(task.params, task.bindings.keys())
    if trouble := known.resource_trouble(named=task.resource_id is not None):
        yield FieldProblem("resource_id", trouble, task.resource_id)
    limits = known.description.limits
    if "deadline_seconds" in task.model_fields_set and task.deadline_seconds > limits.max_deadline_seconds:
        text = f"tasks of type {known.name!r} get {limits.max_deadline_seconds:g} at most"
        yield FieldProblem("deadline_seconds", text, task.deadline_seconds)
    if task.retry.max_attempts > limits.max_attempts and "retry" in task.model_fields_set:
        text = f"tasks of type {known.name!r} get {limits.max_attempts} at most"
        yield FieldProblem("retry.max_attempts", text, task.retry.max_attempts)


def _bound_ports(
    task: InlineTask, known: KnownType | None, needed: Sequence[KnownType | None]
) -> Iterator[FieldProblem]:
    """Check the two ends of each binding, as far as they are known."""
    for (name, binding), source in zip(task.bindings.items(), needed, strict=True):
        if source is None:
            continue
        if trouble := source.output_trouble(binding.output):
            yield FieldProblem(f"bindings.{name}.output", trouble, binding.output)
            continue
        port, wanted = source.port_type(binding.output), known.parameter_type(name) if known else None
        if not fits(port, wanted):
            text = f"{binding.output!r} of {binding.task!r} is a {port.value}, while {name!r} takes a {wanted}"
            yield FieldProblem(f"bindings.{name}", text)


def _spec(
    task: InlineTask,
    ids: Mapping[str, TaskId],
    known: KnownType | None,
    targets: Mapping[ResourceId, ResourceTarget],
) -> TaskSpec:
    """Return the task as it is kept."""
    said = task.model_fields_set
    deadline_seconds, retry, lane = terms(
        known,
        targets.get(task.resource_id) if task.resource_id is not None else None,
        task.retry if "retry" in said else None,
        task.deadline_seconds if "deadline_seconds" in said else None,
    )
    return TaskSpec(
        task_id=ids[task.name],
        name=task.name,
        type=task.type,
        params=task.params,
        bindings={
            name: OutputRef(task_id=ids[binding.task], output=binding.output) for name, binding in task.bindings.items()
        },
        depends_on=tuple(dict.fromkeys(ids[name] for name in task.depends_on)),
        trigger=task.trigger,
        resource_id=task.resource_id,
        retry=retry,
        deadline_seconds=deadline_seconds,
        lane=lane,
    )
