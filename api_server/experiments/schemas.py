"""The bodies of the experiments' routes, as OpenAPI tells them."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from api_server.dag.placement import Placement
from api_server.experiments.trouble_schemas import Answer, BlockedBy, Failure
from api_server.http.model import ApiModel, Instant
from api_server.lifecycle.requests import MAX_BATCH, ExperimentRequest
from howdah.contracts.flow import Name
from howdah.contracts.params import OutputForm
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState

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


class Process(Answer):
    """One run of an experiment."""

    id: str
    experiment_id: str
    number: int
    state: ProcessState
    blocked: BlockedBy | None
    failure: Failure | None
    trace: str | None
    continues: str | None
    """The run that it goes on from: it has adopted that one's finished tasks."""
    deadline_at: Instant | None
    """By when it must have ended; what has not is stopped then, and it has failed."""
    cancel_requested_at: Instant | None
    created_at: Instant
    updated_at: Instant
    ended_at: Instant | None


class ProcessInFull(Process):
    """One run with the resources as it knows them: as they stood at the launch."""

    targets: dict[str, Any]


class Task(Answer):
    """A task: what it does now, what it waits for, when it is tried again."""

    id: str
    experiment_id: str
    process_id: str
    position: int
    name: str
    type: str
    state: TaskState
    next: Annotated[
        str, Field(examples=["Attempt 2 of 4 failed (transient); the next begins at 2026-11-22 20:01:07 UTC."])
    ]
    phase: ProcessState | None
    resource_id: str | None
    depends_on: list[str]
    waits_for: list[str]
    """Names of the tasks that must end first (20 at most); ``waits_for_total`` counts them."""
    waits_for_total: int
    attempt: int
    max_attempts: int
    due_at: Instant | None
    next_attempt_at: Instant | None
    blocked: BlockedBy | None
    """RETRY_WAIT: the resource that is away and that it waits for; ``due_at`` is when it gives up."""
    deadline_at: Instant | None
    worker: str | None
    lane: str | None
    step: str | None
    fraction: float | None
    outputs: Object | None
    failure: Failure | None
    started_at: Instant | None
    ended_at: Instant | None
    adopted_from: str | None
    """The finished task of an earlier run that it is: done there, not again."""


class TaskInFull(Task):
    """One task with what it is to do."""

    params: Object
    bindings: Object
    retry: Object | None
    trigger: str
    deadline_seconds: float | None


class Attempt(Answer):
    """One try at a task: where it was published, who took it up, how it ended."""

    task_id: str
    attempt: int
    lane: str | None
    state: str
    worker: str | None
    partition: int | None
    offset: int | None
    step: str | None
    fraction: float | None
    failure: Failure | None
    published_at: Instant
    started_at: Instant | None
    ended_at: Instant | None


class LogLine(Answer):
    """One line."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    at: str
    text: str


class LogLines(Answer):
    """Lines that a handler wrote at one time."""

    id: str
    attempt: int
    at: Instant
    lines: list[LogLine]


class Job(Answer):
    """A job of a resource's scheduler; ``native_id`` is the scheduler's."""

    task_id: str
    generation: int
    experiment_id: str
    process_id: str
    resource_id: str | None
    job_name: str
    native_id: str | None
    state: JobState
    next: str
    reason: str
    exit_code: int | None
    created_at: Instant
    updated_at: Instant
    started_at: Instant | None
    ended_at: Instant | None


class Transition(Answer):
    """A state that was left for another."""

    entity: Literal["experiment", "process", "task", "job"]
    id: str
    before: Annotated[str | None, Field(alias="from")]
    after: Annotated[str, Field(alias="to")]


class Event(Answer):
    """Something that happened to an experiment, with all the transitions that it caused."""

    seq: int
    kind: str
    at: Instant
    actor: str
    experiment_id: str
    process_id: str | None
    process_number: int | None
    """Which run of the experiment it is about."""
    task_id: str | None
    attempt: int | None
    changes: list[Transition]
    payload: Object


class OutputFile(Answer):
    """One of an output's several files: ``…/outputs/{name}/files/{number}``."""

    number: int
    path: str
    size_bytes: int
    sha256: str


class Intermediate(Answer):
    """An output as it was at a moment while the run went on: ``…/outputs/{name}/intermediate``."""

    state: Literal["fetching", "here", "absent", "failed"]
    size_bytes: int | None
    sha256: str | None
    seen_at: Instant | None
    reason: str | None
    """Why there is nothing, or nothing new."""


class Output(Answer):
    """An output: there (``present``), not brought back yet (null), or absent (``reason`` says why)."""

    name: str
    type: str
    state: TaskState
    present: bool | None
    file_name: str | None
    uri: str | None
    content_type: str
    size_bytes: int | None
    sha256: str | None
    description: str
    required: bool
    reason: str | None
    task_id: str
    path: str
    """In the work directory; of several files the pattern."""
    form: OutputForm
    """``files``: several, together as one tar; the other forms are one file."""
    files: list[OutputFile]
    """Of several files, each."""
    intermediate: Intermediate | None
    """What somebody had fetched while the run went on."""


class GraphTask(Answer):
    """A task as graph and timeline draw it."""

    id: str
    name: str
    type: str
    state: TaskState
    phase: ProcessState | None
    resource_id: str | None
    attempt: int
    due_at: Instant | None
    blocked: bool
    """It waits for a resource that is away."""
    started_at: Instant | None
    ended_at: Instant | None
    depends_on: list[int]
    """Positions of the tasks that it needs: their places in the list."""
    failure: Failure | None


class GraphAttempt(Answer):
    """An attempt as the timeline draws it."""

    task: int
    """The position of its task."""
    attempt: int
    state: str
    lane: str | None
    published_at: Instant
    started_at: Instant | None
    ended_at: Instant | None


class GraphJob(Answer):
    """A job as the timeline draws it."""

    task: int
    state: JobState
    native_id: str | None
    created_at: Instant
    started_at: Instant | None
    ended_at: Instant | None


class RunGraph(Answer):
    """A whole run in one answer, as of one instant: ``last_seq`` says which events are in it."""

    process: Process | None
    last_seq: int
    tasks: list[GraphTask]
    """In their order; positions are indices."""
    attempts: list[GraphAttempt]
    jobs: list[GraphJob]
