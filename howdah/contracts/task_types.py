"""A task type as its author describes it: what its tasks take and give, and how they are run. Words only.

The input ports of a task type are its parameters, described by a JSON Schema (2020-12); its output ports are what a
handler returns. Beside the out-ports ``success`` and ``failure`` it may declare branches of its own.
"""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from howdah.contracts.services import ImageName, ModuleName

MAX_PORTS: Final = 100
MAX_DEADLINE_SECONDS: Final = 30 * 86_400

PortName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=100)]
BranchName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=50)]
_ANY_PARAMETERS: Final[dict[str, JsonValue]] = {"type": "object"}
_ALWAYS_THERE: Final = frozenset({"success", "failure"})


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PortType(StrEnum):
    """What a port's values are: the types of JSON, a file of the object store (by its URI), or anything."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    FILE = "file"
    ANY = "any"


class Port(_Word):
    """An output that later tasks may bind a parameter to."""

    name: PortName
    type: PortType = PortType.ANY
    description: Annotated[str, StringConstraints(max_length=1_000)] = ""


class ResourceUse(StrEnum):
    """Whether tasks of the type name a compute resource."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class LaneName(StrEnum):
    """Where commands of the type are published when nothing about their resource says otherwise."""

    FAST = "fast"
    SLOW = "slow"


class Limits(_Word):
    """What a task of the type gets unless it says otherwise, and the most that it may say."""

    deadline_seconds: float = Field(default=3_600.0, gt=0, le=MAX_DEADLINE_SECONDS)
    max_deadline_seconds: float = Field(default=MAX_DEADLINE_SECONDS, gt=0, le=MAX_DEADLINE_SECONDS)
    max_attempts: int = Field(default=20, ge=1, le=100)

    @model_validator(mode="after")
    def _are_ordered(self) -> Self:
        if self.deadline_seconds > self.max_deadline_seconds:
            raise ValueError("deadline_seconds: must not be above max_deadline_seconds")
        return self


class TaskTypeDescription(_Word):
    """What is registered under a task type's name."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "example": {
                "description": "Counts the words of a text",
                "parameters": {
                    "type": "object",
                    "properties": {"text": {"type": "string", "maxLength": 10000}},
                    "required": ["text"],
                    "additionalProperties": False,
                },
                "outputs": [{"name": "words", "type": "integer"}],
                "resource": "none",
                "lane": "fast",
                "limits": {"deadline_seconds": 60, "max_deadline_seconds": 600, "max_attempts": 5},
                "module": "word_count",
                "image": "registry.example.org/word-count:1.2",
            }
        },
    )
    description: Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")] = ""
    parameters: dict[str, JsonValue] = _ANY_PARAMETERS
    """A JSON Schema of the object that a task's ``params`` is."""
    outputs: tuple[Port, ...] = Field(default=(), max_length=MAX_PORTS)
    branches: tuple[BranchName, ...] = Field(default=(), max_length=20)
    """Out-ports beside ``success`` and ``failure``."""
    resource: ResourceUse = ResourceUse.OPTIONAL
    lane: LaneName = LaneName.FAST
    limits: Limits = Limits()
    module: ModuleName | None = None
    """What the service runs, ``python -m MODULE``: offered where it is deployed."""
    image: ImageName | None = None

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for field, names in (("outputs", [port.name for port in self.outputs]), ("branches", list(self.branches))):
            if twice := [name for name, times in Counter(names).items() if times > 1]:
                raise ValueError(f"{field}: the name {twice[0]!r} is used more than once")
        if reserved := _ALWAYS_THERE.intersection(self.branches):
            raise ValueError(f"branches: {min(reserved)!r} is there always; name those beside it")
        return self
