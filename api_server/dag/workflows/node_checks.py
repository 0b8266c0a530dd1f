"""What is wrong with one node of a workflow, whose references are known to lead somewhere."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError

from api_server.dag.application import InputType, Requirements
from api_server.dag.inputs import check_inputs
from api_server.dag.late import Late, is_late
from api_server.dag.problems import FieldProblem
from api_server.dag.task_types import KnownType
from api_server.dag.workflows.kinds import ANY, Kinds, element_of, places_of, suits
from api_server.dag.workflows.parameters import check_parameters, resource_trouble
from api_server.dag.workflows.surroundings import KnownApplication, Surroundings, known_names
from howdah.contracts.flow import ORCHESTRATED, OutputRef
from howdah.contracts.ids import TaskId
from howdah.contracts.params import BUILT_IN, COMMAND
from howdah.contracts.references import Part, replaced
from howdah.contracts.workflows import (
    AnyNode,
    ApplicationNode,
    ApprovalNode,
    ChoiceNode,
    FanOut,
    TaskNode,
    WorkflowDefinition,
    WorkflowNode,
)
from howdah.contracts.wrong_fields import wrong_fields

_SOME_TASK: Final = TaskId("00000000-0000-0000-0000-000000000000")
_REQUIREMENTS: Final = TypeAdapter(Requirements)


def check_node(definition: WorkflowDefinition, node: AnyNode, around: Surroundings) -> Iterator[FieldProblem]:
    """Yield the problems, with their place within the node."""
    match node:
        case TaskNode():
            yield from _task(definition, node, around)
        case ApplicationNode():
            yield from _application(definition, node, around)
        case WorkflowNode():
            yield from _workflow(definition, node, around)
        case ChoiceNode() | ApprovalNode():
            return
    yield from _fan_out(definition, node.for_each, around)


def _fan_out(definition: WorkflowDefinition, each: FanOut | None, around: Surroundings) -> Iterator[FieldProblem]:
    if each is None:
        return
    over = each.over
    kind = Kinds(definition, around).of(over)
    if kind != ANY and element_of(kind) is None:
        text = f"is done once for each item of a list, and this is a {kind}; give a list, or a reference to one"
        yield FieldProblem("for_each.over", text, over)


def _task(definition: WorkflowDefinition, node: TaskNode, around: Surroundings) -> Iterator[FieldProblem]:
    if node.type in ORCHESTRATED or (node.type in BUILT_IN and node.type != COMMAND):
        text = f"{node.type!r} is the platform's own; use {COMMAND!r}, a registered type, or a node of another kind"
        yield FieldProblem("type", text, node.type)
        return
    known = around.type_of(node.type)
    if known is None:
        text = f"no task type of this name is registered; there are {known_names((COMMAND, *around.types))}"
        yield FieldProblem("type", text, node.type)
        return
    yield from _resource(definition, node, around)
    if trouble := known.resource_trouble(named=node.resource is not None):
        yield FieldProblem("resource", trouble, node.resource)
    yield from _inputs_by_schema(definition, node, known, around)
    limits = known.description.limits
    if node.deadline_seconds is not None and node.deadline_seconds > limits.max_deadline_seconds:
        text = f"tasks of type {known.name!r} get {limits.max_deadline_seconds:g} at most"
        yield FieldProblem("deadline_seconds", text, node.deadline_seconds)
    if node.retry is not None and node.retry.max_attempts > limits.max_attempts:
        text = f"tasks of type {known.name!r} get {limits.max_attempts} at most"
        yield FieldProblem("retry.max_attempts", text, node.retry.max_attempts)


def _inputs_by_schema(
    definition: WorkflowDefinition, node: TaskNode, known: KnownType, around: Surroundings
) -> Iterator[FieldProblem]:
    late = Late()
    params, bindings = late.bound(_marked(node.inputs, late))
    yield from against_schema(known, params, bindings)
    kinds = Kinds(definition, around, node)
    for place, text, wanted in places_of(dict(node.inputs), known.description.parameters, "inputs"):
        yield from _fitting(kinds, place, text, wanted)


def against_schema(
    known: KnownType, params: Mapping[str, JsonValue], bindings: Collection[str]
) -> Iterator[FieldProblem]:
    """Yield what is wrong with the inputs of a task, but for what is filled in later."""
    whole = {name for name in bindings if not name.startswith("/")}
    places = tuple("params" + where.replace("/", ".") for where in bindings if where.startswith("/"))
    given = {name: value for name, value in params.items() if name not in whole}
    for problem in known.problems(given, whole):
        if not (places and problem.field.startswith(places)):
            field = problem.field.replace("params", "inputs", 1).replace("bindings", "inputs", 1)
            yield FieldProblem(field, problem.message, problem.got)


def _marked(inputs: Mapping[str, JsonValue], late: Late) -> dict[str, JsonValue]:
    """Return the values with a mark for whatever is not known when the definition is read."""

    def marked(parts: list[Part]) -> JsonValue:
        marks = (part if isinstance(part, str) else late.mark(_SOME_OUTPUT) for part in parts)
        return "".join(marks)

    return {name: replaced(value, lambda parts: marked(list(parts))) for name, value in inputs.items()}


_SOME_OUTPUT: Final = OutputRef(task_id=_SOME_TASK, output="later")


def _application(definition: WorkflowDefinition, node: ApplicationNode, around: Surroundings) -> Iterator[FieldProblem]:
    application = around.applications.get(node.application)
    if application is None:
        text = "no application interface of this gateway has this name or id; see `howdah applications list`"
        yield FieldProblem("application", text, node.application)
        return
    yield from _resource(definition, node, around)
    if "${" not in node.resource:
        yield from _deployment(application, node.resource, around)
    values = _marked(node.inputs, Late())
    checked = check_inputs(application.interface.inputs, values, around.files, complete=True)
    yield from checked.problems
    wanted = {item.name: item.type.value for item in application.interface.inputs}
    kinds = Kinds(definition, around, node)
    for name, value in node.inputs.items():
        if name in wanted and InputType(wanted[name]) is not InputType.FILES:
            yield from _fitting(kinds, f"inputs.{name}", value, wanted[name])
    yield from _requirements(node)


def _requirements(node: ApplicationNode) -> Iterator[FieldProblem]:
    literal = {name: value for name, value in node.requirements.items() if not is_late(_marked({"": value}, Late()))}
    unknown = node.requirements.keys() - Requirements.model_fields.keys()
    try:
        _REQUIREMENTS.validate_python({name: value for name, value in literal.items() if name not in unknown})
    except ValidationError as error:
        for wrong in wrong_fields(error):
            yield FieldProblem(f"requirements.{wrong.field}", wrong.message)
    for name in sorted(unknown):
        text = f"there is no such requirement; there are {known_names(Requirements.model_fields)}"
        yield FieldProblem(f"requirements.{name}", text)


def _deployment(application: KnownApplication, resource: str, around: Surroundings) -> Iterator[FieldProblem]:
    known = around.resources.get(resource)
    if known is not None and (application.id, known.id) not in around.deployed:
        text = f"{application.name} is not deployed on {known.name}; deploy it there, or choose a resource that has it"
        yield FieldProblem("resource", text, resource)


def _workflow(definition: WorkflowDefinition, node: WorkflowNode, around: Surroundings) -> Iterator[FieldProblem]:
    inner = around.workflows.get((node.workflow, node.version))
    if inner is None:
        version = f" with version {node.version}" if node.version else ""
        text = f"no workflow of this gateway has this name{version}; see `howdah workflows list`"
        yield FieldProblem("workflow", text, node.workflow)
        return
    parameters = inner.definition.parameters
    yield from check_parameters(parameters, _marked(node.inputs, Late()), around, field="inputs")[1]
    kinds = Kinds(definition, around, node)
    for name, value in node.inputs.items():
        if name in parameters:
            yield from _fitting(kinds, f"inputs.{name}", value, parameters[name].type.value)


def _resource(
    definition: WorkflowDefinition, node: TaskNode | ApplicationNode, around: Surroundings
) -> Iterator[FieldProblem]:
    name = node.resource
    if name is None:
        return
    if "${" in name:
        kind = Kinds(definition, around, node).of(name)
        if kind not in {"resource", "string", ANY}:
            yield FieldProblem("resource", f"this is a {kind}; give the name of a resource, or a parameter of it", name)
    elif trouble := resource_trouble(name, around):
        yield FieldProblem("resource", trouble, name)


def _fitting(kinds: Kinds, place: str, value: JsonValue, wanted: str) -> Iterator[FieldProblem]:
    """Check the types at the two ends of a reference, as far as they are known."""
    if not isinstance(value, str) or "${" not in value:
        return
    kind = kinds.of(value)
    if not suits(kind, wanted):
        text = f"takes the type {wanted}, and {value} has the type {kind}; refer to something of the type that is taken"
        yield FieldProblem(place, text, value)
