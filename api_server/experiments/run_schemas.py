"""The bodies of the routes that show runs: processes, tasks with attempts, jobs, events, outputs."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api_server.experiments.schemas import Object
from api_server.experiments.trouble_schemas import Answer, BlockedBy, Failure, PausedLane
from api_server.http.model import Instant
from howdah.contracts.params import OutputForm
from howdah.contracts.states import JobState, ProcessState, TaskState


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
    paused_lane: PausedLane | None
    """SCHEDULED: the lane of its type in which it waits, where that is paused; its time does not run meanwhile."""
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
    delivered: list[str]
    """Where it was put besides, as the experiment's deliveries call it."""
    intermediate: Intermediate | None
    """What somebody had fetched while the run went on."""
