"""What somebody who starts a run says: the experiment to be created, in any of its kinds."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, TypeAdapter, model_validator

from api_server.dag.application import FieldName, Requirements, WorkDirectory
from api_server.dag.inline import InlineTask
from howdah.contracts.ids import UUID_TEXT, ResourceId
from howdah.contracts.storage import MAX_URL
from howdah.contracts.tasks import MAX_TASKS
from howdah.contracts.workflows import Named, ParameterName

MAX_BATCH = 500
MAX_DEADLINE_SECONDS = 10 * 366 * 86_400
MAX_CANDIDATES: Final = 20
MAX_REQUESTED_DELIVERIES: Final = 100


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(max_length=4_000)] = ""
    launch: bool = False
    """Launch it in the same transaction."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Where quotas let jobs wait, those of a higher priority go first; above 0 is for administrators."""
    deadline_seconds: Annotated[int, Field(ge=1, le=MAX_DEADLINE_SECONDS)] | None = None
    """How long after its launch it must have ended; what has not is stopped, and it has FAILED."""


class DeliveryRequest(BaseModel):
    """Where an output is put besides the platform's store."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"example": {"output": "table", "to": "howdah://storage/archive/runs/42/table.csv"}},
    )

    output: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """An output of the interface, or ``@work-directory``."""
    to: Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL)]
    """``howdah://storage/<name>/<path>``: what the file is called there; of several files, their folder."""


class ApplicationExperiment(_Request):
    """One run of a catalogued application on a compute resource."""

    kind: Literal["application"] = "application"
    interface_id: Annotated[str, UUID_TEXT]
    resource_id: Annotated[ResourceId, UUID_TEXT] | None = None
    resource_ids: tuple[Annotated[ResourceId, UUID_TEXT], ...] = Field(default=(), max_length=MAX_CANDIDATES)
    """In the place of ``resource_id``: where it may run. At the launch the platform chooses, and says why."""
    inputs: dict[FieldName, JsonValue] = Field(default_factory=dict, max_length=500)
    """Input name → value; a file by its URI."""
    requirements: Requirements = Field(default_factory=Requirements)
    work_directory: WorkDirectory = WorkDirectory.REMOVE_ON_SUCCESS
    archive: bool = False
    """Keep the whole work directory as well, as one tar file: the output ``@work-directory``."""
    deliveries: tuple[DeliveryRequest, ...] = Field(
        default=(), max_length=MAX_REQUESTED_DELIVERIES, exclude_if=lambda all_: not all_
    )
    """Where outputs are put besides the platform's store; the run has failed where that can't be done."""

    @model_validator(mode="after")
    def _names_where_it_runs(self) -> Self:
        if (self.resource_id is None) == (not self.resource_ids):
            raise ValueError("resource_id: name one resource, or several as resource_ids to have one chosen")
        _once_each(self.resource_ids)
        return self

    @property
    def place(self) -> ResourceId:
        """The one resource, of a request that names one."""
        if self.resource_id is None:
            raise ValueError("no resource has been chosen yet")
        return self.resource_id


class TasksExperiment(_Request):
    """A DAG of tasks that the user spells out."""

    kind: Literal["tasks"] = "tasks"
    tasks: tuple[InlineTask, ...] = Field(min_length=1, max_length=MAX_TASKS)


class WorkflowExperiment(_Request):
    """A run of a workflow of the gateway."""

    kind: Literal["workflow"] = "workflow"
    workflow: Named
    """Its name or id."""
    version: int | None = Field(default=None, ge=1)
    """The newest one where it is left out; the experiment keeps to the version that it was made with."""
    parameters: dict[ParameterName, JsonValue] = Field(default_factory=dict, max_length=200)


class Changes(BaseModel):
    """What a relaunch does otherwise than the experiment that it begins from; what is left out stays as it was."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"example": {"inputs": {"steps": 4000}, "requirements": {"wall_time_minutes": 60}}},
    )

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    description: Annotated[str, StringConstraints(max_length=4_000)] | None = None
    inputs: dict[FieldName, JsonValue] = Field(default_factory=dict, max_length=500)
    """Only those that change; null takes the default. Of a workflow's run, its parameters."""
    requirements: Requirements = Field(default_factory=Requirements)
    """Only those that change; null leaves one to the deployment again."""
    resource_id: Annotated[ResourceId, UUID_TEXT] | None = None
    resource_ids: tuple[Annotated[ResourceId, UUID_TEXT], ...] = Field(default=(), max_length=MAX_CANDIDATES)
    """In the place of ``resource_id``: where it may run; those of before, where neither is given."""
    work_directory: WorkDirectory | None = None
    deliveries: tuple[DeliveryRequest, ...] | None = Field(default=None, max_length=MAX_REQUESTED_DELIVERIES)
    """In the place of those that there were."""
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None
    deadline_seconds: Annotated[int, Field(ge=1, le=MAX_DEADLINE_SECONDS)] | None = None
    """Null takes it away."""
    launch: bool = True

    @model_validator(mode="after")
    def _names_one_resource_or_several(self) -> Self:
        if self.resource_id is not None and self.resource_ids:
            raise ValueError("resource_id: name one resource, or several as resource_ids to have one chosen")
        _once_each(self.resource_ids)
        return self


def _once_each(resource_ids: Sequence[ResourceId]) -> None:
    if len(set(resource_ids)) < len(resource_ids):
        raise ValueError("resource_ids: names a resource more than once")


AnyRequest = ApplicationExperiment | TasksExperiment | WorkflowExperiment
ExperimentRequest = Annotated[AnyRequest, Field(discriminator="kind")]

EXPERIMENT_REQUEST: TypeAdapter[AnyRequest] = TypeAdapter(ExperimentRequest)
"""Reads a stored ``experiment.spec`` back into the request that it came from."""
