"""What an application takes and gives, and what a resource allows: the catalogue as the planner sees it.

The catalogue stores these shapes as JSON; whoever writes it validates with the same models.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from howdah.contracts.containers import Container
from howdah.contracts.native import NativeDirectives
from howdah.contracts.params import (
    MAX_FILE_BYTES,
    MAX_OUTPUT_FILES,
    ArgumentText,
    EnvironmentName,
    ReservationName,
)
from howdah.contracts.paths import RelativePath
from howdah.contracts.resources import STANDARD_NAMES, GridEngineNames, SchedulerKind
from howdah.contracts.storage import Origin

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=100)]
MAX_FIELDS = 500


class InputType(StrEnum):
    """The type of an application's input."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    ENUM = "enum"
    FILE = "file"
    FILES = "files"
    """Several files: a list of sources."""


FILE_TYPES = frozenset({InputType.FILE, InputType.FILES})


class OutputType(StrEnum):
    """Where an output comes from: the work directory, or what the application printed."""

    FILE = "file"
    FILES = "files"
    """Every file that fits the pattern ``path``, with ``*``, ``?`` and ``[…]``."""
    DIRECTORY = "directory"
    """A directory, as one tar file."""
    STDOUT = "stdout"
    STDERR = "stderr"


PRINTED = frozenset({OutputType.STDOUT, OutputType.STDERR})


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApplicationInput(_Shape):
    """One input: its type, what values are legal, and how it stands on the command line."""

    name: FieldName
    type: InputType
    required: bool = True
    default: JsonValue = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = Field(default=(), max_length=1_000)
    pattern: Annotated[str, StringConstraints(max_length=500)] | None = None
    """A regular expression that the whole value must match."""
    description: Annotated[str, StringConstraints(max_length=4_000)] = ""
    flag: ArgumentText | None = None
    """Put before the value; a boolean's flag stands alone and only when true. None: positional."""
    order: int = Field(default=0, ge=0, le=10_000)
    """Where it stands on the command line; inputs of the same order keep the order of the list."""
    file_name: RelativePath | None = None
    """What a file is called in the work directory; by default as it was uploaded. Of several files, their folder."""
    max_files: int = Field(default=100, ge=1, le=MAX_FIELDS)
    """Of several files, how many there may be."""

    @model_validator(mode="after")
    def _constraints_fit_the_type(self) -> Self:
        if (self.type is InputType.ENUM) != bool(self.choices):
            raise ValueError("choices: an enum needs them, and nothing else has them")
        if self.pattern is not None:
            if self.type is not InputType.STRING:
                raise ValueError(f"pattern: only a string has one, not {self.type.value}")
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern: no regular expression: {error}") from None
        if self.type not in {InputType.INTEGER, InputType.FLOAT} and (self.minimum, self.maximum) != (None, None):
            raise ValueError(f"minimum, maximum: only numbers have them, not {self.type.value}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum: {self.minimum} is above the maximum {self.maximum}")
        if self.file_name is not None and self.type not in FILE_TYPES:
            raise ValueError(f"file_name: only a file has one, not {self.type.value}")
        return self


class ApplicationOutput(_Shape):
    """One output: where it is found after the run."""

    name: FieldName
    type: OutputType
    path: RelativePath | None = None
    """Relative to the work directory; chosen by the platform for what was printed, needed otherwise."""
    max_files: int = Field(default=100, ge=1, le=MAX_OUTPUT_FILES)
    """Of several files, how many there may be; more are a failure that says so."""
    max_bytes: int = Field(default=MAX_FILE_BYTES, ge=1, le=MAX_FILE_BYTES)
    """What it may have, of several files all of them; more are a failure that says so."""
    content_type: Annotated[str, StringConstraints(max_length=200)] | None = None
    required: bool = True
    after_failure: bool = False
    """Brought back also when the application failed, as what it printed always is."""
    description: Annotated[str, StringConstraints(max_length=4_000)] = ""

    @model_validator(mode="after")
    def _a_file_has_a_path(self) -> Self:
        if self.type not in PRINTED and self.path is None:
            raise ValueError(f"path: needed for an output of type {self.type.value}")
        if self.type is OutputType.FILES and "**" in (self.path or ""):
            raise ValueError("path: '**' is no pattern of a shell; a '*' for each level is")
        return self


class Interface(_Shape):
    """The inputs and outputs of an application."""

    inputs: tuple[ApplicationInput, ...] = Field(default=(), max_length=MAX_FIELDS)
    outputs: tuple[ApplicationOutput, ...] = Field(default=(), max_length=MAX_FIELDS)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in (
            ("inputs", [item.name for item in self.inputs]),
            ("outputs", [item.name for item in self.outputs]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: the name {twice[0]!r} is used more than once")
        return self


class Requirements(_Shape):
    """What a job asks of the scheduler; what is absent is left to the deployment's defaults, then to the queue."""

    queue: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")] | None = None
    account: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")] | None = None
    reservation: ReservationName | None = None
    qos: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")] | None = None
    """A quality of service (Slurm) or service class (LSF); the others have none."""
    nodes: int | None = Field(default=None, ge=1, le=100_000)
    tasks_per_node: int | None = Field(default=None, ge=1, le=10_000)
    cpus_per_task: int | None = Field(default=None, ge=1, le=10_000)
    gpus_per_node: int | None = Field(default=None, ge=1, le=1_000)
    memory_mb: int | None = Field(default=None, ge=1, le=100_000_000)
    """For each node."""
    wall_time_minutes: int | None = Field(default=None, ge=1, le=400 * 24 * 60)


class Deployment(_Shape):
    """How an application is started on one resource."""

    executable: ArgumentText
    modules: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/+-]{1,200}$")], ...] = ()
    environment: dict[EnvironmentName, ArgumentText] = Field(default_factory=dict)
    pre_commands: tuple[ArgumentText, ...] = ()
    post_commands: tuple[ArgumentText, ...] = ()
    defaults: Requirements = Field(default_factory=Requirements)
    native: NativeDirectives = ()
    """What only this resource's scheduler knows, in its own words, an option a line: ``--constraint=haswell``."""
    container: Container | None = None
    """The image in which the executable runs, on the resource, through Apptainer or Podman."""


class WorkDirectory(StrEnum):
    """What becomes of the work directory on the resource when the run has ended."""

    REMOVE_ON_SUCCESS = "remove-on-success"
    """The default: what failed or was canceled can be looked at."""
    REMOVE_ON_FAILURE = "remove-on-failure"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """One queue of a resource; an absent limit is not known."""

    name: str
    is_default: bool = False
    max_nodes: int | None = None
    max_cpus_per_node: int | None = None
    max_gpus_per_node: int | None = None
    max_memory_mb: int | None = None
    max_wall_time_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that may serve as an input: in the object store, or where ``origin`` says."""

    uri: str
    """What the input names."""
    name: str
    size_bytes: int | None
    sha256: str | None
    origin: Origin | None = None
    """Where it is read; None for an object of the platform's store, at ``at`` or ``uri``."""
    at: str | None = None
    """The object's URI, where that is another than the input names."""


@dataclass(frozen=True, slots=True)
class Application:
    """All that the planner needs to know of the catalogue for one experiment."""

    interface: Interface
    deployment: Deployment
    queues: tuple[QueueLimits, ...] = ()
    scheduler: SchedulerKind = SchedulerKind.SLURM
    grid_engine: GridEngineNames = STANDARD_NAMES
    files: dict[str, StoredFile] = field(default_factory=dict)
    """By URI: those files of the gateway that the inputs name."""
    places: dict[str, Origin] = field(default_factory=dict)
    """By what a delivery calls it: those places on the gateway's storage to which outputs may go."""
