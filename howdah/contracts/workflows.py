"""Workflow definitions as their authors write them, in YAML or JSON: parameters, nodes, edges by port. Words only.

A node is a task, an application, another workflow, a choice or an approval. It begins when the nodes that it names in
``after`` have left by the ports it names, and when those have ended whose outputs it refers to. Every node leaves by
exactly one out-port: ``success``, ``failure``, or one that it declares. What a definition refers to beyond itself (task
types, applications, resources) is checked by the API half, not here.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from howdah.contracts.failures import RetryPolicy
from howdah.contracts.ids import TaskType
from howdah.contracts.task_types import MAX_DEADLINE_SECONDS, BranchName, LaneName, Port, PortName

FORMAT: Final = "howdah-workflow/1"
MAX_NODES: Final = 1_000
MAX_ITEMS: Final = 10_000

SUCCESS: Final = "success"
FAILURE: Final = "failure"
ALWAYS: Final = "always"
"""In an edge: by whichever port, as long as the node was not left out."""

NodeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=60)]
ParameterName = NodeName
WorkflowName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=100)]
Text = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00]*$")]
Named = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
"""The name or id of something in the catalogue, or a reference to a parameter."""


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParameterType(StrEnum):
    """The type of a workflow's parameter."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    FILE = "file"
    """A source of a file, as an application's input takes it."""
    FILES = "files"
    RESOURCE = "resource"
    """The name or id of a compute resource."""
    ANY = "any"


class Parameter(_Word):
    """What a run is given. It is required unless it has a default."""

    type: ParameterType
    description: Text = ""
    required: bool = True
    default: JsonValue = None
    choices: tuple[JsonValue, ...] = Field(default=(), max_length=1_000)
    minimum: float | None = None
    maximum: float | None = None

    @property
    def has_default(self) -> bool:
        """Whether a default is written, be it null."""
        return "default" in self.model_fields_set


def _edge(value: Any) -> Any:  # noqa: ANN401 - whatever somebody wrote
    """Read ``node`` and ``node.port``, the short forms."""
    if not isinstance(value, str):
        return value
    node, dot, port = value.partition(".")
    return {"node": node, "port": port} if dot else {"node": node}


class Edge(_Word):
    """From an out-port of an earlier node. Also written ``node`` (by success) or ``node.port``."""

    node: NodeName
    port: BranchName = SUCCESS


AnyEdge = Annotated[Edge, BeforeValidator(_edge, json_schema_input_type=Edge | str)]


class Join(StrEnum):
    """How many of the edges must be taken; the others must have been decided, too."""

    ALL = "all"
    ANY = "any"


OPERATORS: Final = (
    *("equals", "not_equals", "greater_than", "at_least", "less_than", "at_most"),
    *("one_of", "contains", "exists"),
)
_CONNECTIVES: Final = ("all", "any", "not_")


class Condition(_Word):
    """One comparison of ``value`` (mostly a reference), or several conditions under ``all``, ``any`` or ``not``."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    value: JsonValue = None
    equals: JsonValue = None
    not_equals: JsonValue = None
    greater_than: JsonValue = None
    at_least: JsonValue = None
    less_than: JsonValue = None
    at_most: JsonValue = None
    one_of: JsonValue = None
    contains: JsonValue = None
    """A text has a text in it, a list an element, an object a key."""
    exists: bool | None = None
    """Whether the value is anything but null."""
    all: tuple["Condition", ...] | None = Field(default=None, min_length=1, max_length=100)
    any: tuple["Condition", ...] | None = Field(default=None, min_length=1, max_length=100)
    not_: "Condition | None" = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        said = [name for name in (*OPERATORS, *_CONNECTIVES) if name in self.model_fields_set]
        if len(said) != 1:
            wanted = ", ".join((*OPERATORS, "all", "any", "not"))
            raise ValueError(f"must say exactly one of {wanted}; combine several under 'all' or 'any'")
        if (said[0] in OPERATORS) != ("value" in self.model_fields_set):
            raise ValueError("value: what is compared; needed for a comparison, and for nothing else")
        return self


class FanOut(_Word):
    """The node is done once for each item of a list: ``${item}`` and ``${index}`` say which."""

    over: JsonValue
    """A list, or a reference to one: of a parameter (known when the run is launched) or of an earlier node's output."""
    concurrency: int | None = Field(default=None, ge=1, le=MAX_ITEMS)
    """How many items are under way at once; all of them where it is left out."""
    max_failed: int = Field(default=0, ge=0, le=MAX_ITEMS)
    """How many items may fail; with more the node fails, once all have ended."""


class Position(_Word):
    """Where a composer draws the node; means nothing else."""

    x: float
    y: float


class _Node(_Word):
    description: Text = ""
    after: tuple[AnyEdge, ...] = Field(default=(), max_length=MAX_NODES)
    join: Join = Join.ALL
    when: Condition | None = None
    """Where it is not true the node is left out (SKIPPED), with what comes after it."""
    position: Position | None = None


class _Repeatable(_Node):
    for_each: FanOut | None = None


class Callback(_Word):
    """The task only starts something: the node ends when that calls back, with outputs and the port it leaves by."""

    deadline_seconds: float = Field(default=86_400.0, gt=0, le=400 * 86_400)
    """From when the task was ready to begin; then the node fails as timed out."""
    outputs: tuple[Port, ...] = Field(default=(), max_length=100)
    branches: tuple[BranchName, ...] = Field(default=(), max_length=20)


class TaskNode(_Repeatable):
    """A task of a type: one that is registered, or ``command``."""

    kind: Literal["task"] = "task"
    type: TaskType
    resource: Named | None = None
    inputs: dict[str, JsonValue] = Field(default_factory=dict, max_length=500)
    """The task's parameters, as its type describes them."""
    retry: RetryPolicy | None = None
    deadline_seconds: float | None = Field(default=None, gt=0, le=MAX_DEADLINE_SECONDS)
    """For each attempt, waiting included."""
    lane: LaneName | None = None
    callback: Callback | None = None


class ApplicationNode(_Repeatable):
    """A run of a catalogued application: set up, stage in, submit, follow the job, stage out, clean up."""

    kind: Literal["application"] = "application"
    application: Named
    """The application interface."""
    resource: Named
    inputs: dict[str, JsonValue] = Field(default_factory=dict, max_length=500)
    requirements: dict[str, JsonValue] = Field(default_factory=dict, max_length=50)
    work_directory: Literal["remove-on-success", "remove-on-failure", "remove", "keep"] = "remove-on-success"
    archive: bool = False
    retry: RetryPolicy | None = None
    """Of each of its tasks but the one that follows the job."""


class WorkflowNode(_Repeatable):
    """Another workflow of the gateway, whose nodes become part of the run."""

    kind: Literal["workflow"] = "workflow"
    workflow: WorkflowName
    version: int | None = Field(default=None, ge=1)
    """The newest one at the launch where it is left out."""
    inputs: dict[str, JsonValue] = Field(default_factory=dict, max_length=500)
    """Its parameters."""


class ChoiceNode(_Node):
    """Leaves by the first branch whose condition is true, else by ``otherwise``."""

    kind: Literal["choice"] = "choice"
    branches: dict[BranchName, Condition] = Field(min_length=1, max_length=20)
    otherwise: BranchName = "otherwise"


class Approver(StrEnum):
    """Who may answer an approval."""

    OWNER = "owner"
    """Who owns the experiment."""
    USER = "user"
    """Every user of the gateway who may steer experiments."""
    ADMIN = "gateway-admin"
    """Administrators of the gateway; they always may."""


class ApprovalNode(_Node):
    """Waits, without holding anything, until somebody answers; leaves by the port that was chosen."""

    kind: Literal["approval"] = "approval"
    message: Text
    """What is asked; may refer to outputs."""
    choices: tuple[BranchName, ...] = Field(default=("approved", "rejected"), min_length=1, max_length=20)
    by: Approver = Approver.OWNER
    deadline_seconds: float | None = Field(default=None, gt=0, le=400 * 86_400)
    on_deadline: BranchName | None = None
    """The port that it leaves by when nobody answered in time; without it the node fails as timed out."""


AnyNode = Annotated[TaskNode | ApplicationNode | WorkflowNode | ChoiceNode | ApprovalNode, Field(discriminator="kind")]


class WorkflowDefinition(_Word):
    """One version of a workflow."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "example": {
                "format": FORMAT,
                "name": "count-words",
                "parameters": {"texts": {"type": "array"}, "cluster": {"type": "resource", "default": "sandbox"}},
                "nodes": {
                    "count": {
                        "kind": "task",
                        "type": "command",
                        "resource": "${parameters.cluster}",
                        "inputs": {"argv": ["sh", "-c", 'echo "$1" | wc -w', "sh", "${item}"]},
                        "for_each": {"over": "${parameters.texts}", "concurrency": 20},
                    },
                    "look": {"kind": "approval", "message": "Are these right? ${nodes.count.outputs.stdout}"},
                },
                "outputs": {"counts": "${nodes.count.outputs.stdout}"},
            }
        },
    )
    format: Literal["howdah-workflow/1"] = FORMAT
    name: WorkflowName
    description: Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")] = ""
    parameters: dict[ParameterName, Parameter] = Field(default_factory=dict, max_length=200)
    nodes: dict[NodeName, AnyNode] = Field(min_length=1, max_length=MAX_NODES)
    outputs: dict[PortName, JsonValue] = Field(default_factory=dict, max_length=100)
    """What the run gives: references to outputs of nodes."""


_KINDS: Final = frozenset({"task", "application", "workflow", "choice", "approval"})
_KIND_DEPTH: Final = 2


def place_as_written(field: str) -> str:
    """Return the path of a field as its author sees it: without the kind that pydantic puts in for a node."""
    place = field.split(".")
    if len(place) > _KIND_DEPTH and place[0] == "nodes" and place[_KIND_DEPTH] in _KINDS:
        del place[_KIND_DEPTH]
    return ".".join(place)


def as_written(definition: WorkflowDefinition) -> dict[str, JsonValue]:
    """Return the definition as it is kept and shown: what its author wrote, edges in their long form."""
    written: dict[str, JsonValue] = definition.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return {"format": FORMAT, **written}


def values_of(node: AnyNode) -> Iterator[tuple[tuple[str, ...], JsonValue]]:
    """Yield all of a node that may hold references, with the place within the node."""
    match node:
        case TaskNode() | ApplicationNode():
            yield from ((("inputs", name), value) for name, value in node.inputs.items())
            if node.resource is not None:
                yield ("resource",), node.resource
        case WorkflowNode():
            yield from ((("inputs", name), value) for name, value in node.inputs.items())
        case ChoiceNode():
            for port, condition in node.branches.items():
                yield ("branches", port), condition.model_dump(mode="json", exclude_unset=True, by_alias=True)
        case ApprovalNode():
            yield ("message",), node.message
    if node.when is not None:
        yield ("when",), node.when.model_dump(mode="json", exclude_unset=True, by_alias=True)
    if not isinstance(node, ChoiceNode | ApprovalNode) and node.for_each is not None:
        yield ("for_each", "over"), node.for_each.over
