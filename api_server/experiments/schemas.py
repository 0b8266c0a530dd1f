"""The bodies of the experiments' routes, as OpenAPI tells them."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from api_server.dag.placement import Placement
from api_server.experiments.trouble_schemas import Answer, BlockedBy, Failure, PausedLane
from api_server.http.model import ApiModel, Instant
from api_server.lifecycle.requests import MAX_BATCH, ExperimentRequest
from howdah.contracts.flow import Name
from howdah.contracts.states import ExperimentState, ProcessState

Object = dict[str, JsonValue]


class ExperimentFailure(Failure):
    """The same, with the task that failed first and how often it was tried."""

    task: str | None = None
    task_id: str | None = None
    attempts: int | None = None


class ExperimentBrief(Answer):
    """An experiment as it stands; ``next`` says what comes next."""

    id: str
    name: str
    description: str
    kind: Literal["application", "tasks", "workflow"]
    owner: str
    state: ExperimentState
    next: Annotated[str, Field(examples=["2 tasks run and 1 task waits for earlier ones."])]
    failure: ExperimentFailure | None
    interface_id: str | None
    resource_id: str | None
    workflow_id: str | None
    workflow_version: int | None
    cloned_from: str | None
    process_id: str | None
    last_seq: int
    version: int
    created_at: Instant
    updated_at: Instant
    launched_at: Instant | None
    ended_at: Instant | None


class Experiment(ExperimentBrief):
    """An experiment with the progress of its latest process; ``tasks`` counts by state, ``total`` among them."""

    tags: list[str]
    archived_at: Instant | None
    """When it was put away: lists leave it out."""
    process_state: ProcessState | None
    process_number: int | None
    tasks: Annotated[dict[str, int], Field(examples=[{"total": 7, "COMPLETED": 2, "EXECUTING": 1, "CREATED": 4}])]
    next_attempt_at: Instant | None
    """When the earliest retry of a task is due."""
    blocked: BlockedBy | None
    """What the run waits for while ``process_state`` is BLOCKED."""
    paused_lane: PausedLane | None
    """The paused lane in which the most of its tasks wait for a worker."""
    queued: Annotated[str | None, Field(examples=["ClimateHub quota: 60 of 60 jobs run on curlew; 4th in line"])]
    """Why it waits its turn while ``process_state`` is QUEUED."""
    interface_name: str | None
    resource_name: str | None
    queue: str | None
    priority: int
    deadline_at: Instant | None
    """By when the latest process must have ended."""


class ExperimentInFull(Experiment):
    """One experiment with the request it was made from."""

    spec: Object
    placement: Placement | None
    """Which of the ``resource_ids`` of the request was chosen at the launch, and why."""


class ExperimentCounts(Answer):
    """How many experiments fit a filter."""

    total: int
    states: Annotated[dict[str, int], Field(examples=[{"EXECUTING": 4, "FAILED": 1}])]
    held: Annotated[dict[str, int], Field(examples=[{"BLOCKED": 2, "PAUSED": 1}])]
    """Of the live ones: how many are QUEUED, BLOCKED or PAUSED."""


class BatchRequest(ApiModel):
    """Up to 500 experiments, made all or none."""

    experiments: Annotated[list[ExperimentRequest], Field(min_length=1, max_length=MAX_BATCH)]


class Batch(Answer):
    """The experiments of a batch, in the order of the request."""

    items: list[ExperimentBrief]


class CancelRequest(ApiModel):
    """Why it is to be stopped; goes into the history."""

    reason: Annotated[str, StringConstraints(max_length=2_000), Field(examples=["wrong input"])] = ""


class GiveUpRequest(ApiModel):
    """Why nobody waits any longer; goes into the history."""

    reason: Annotated[str, StringConstraints(max_length=2_000), Field(examples=["the cluster is retired"])] = ""


class CloneRequest(ApiModel):
    """What the new experiment is called; the old name where it is left out."""

    name: Annotated[Name | None, Field(examples=["spots, second try"])] = None
