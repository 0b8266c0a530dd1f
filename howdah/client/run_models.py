"""What the API server answers about experiments and their runs, as far as a client reads it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from howdah.client.models import Answer, Object
from howdah.contracts.failures import Failure
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState


class Experiment(Answer):
    """What a scientist launches; its state follows its latest process."""

    id: str
    name: str
    kind: str = "application"
    description: str = ""
    owner: str
    state: ExperimentState
    failure: Failure | None = None
    interface_id: str | None = None
    resource_id: str | None = None
    process_id: str | None = None
    next: str = ""
    """What comes next, in one sentence."""
    process_state: ProcessState | None = None
    priority: int = 0
    deadline_at: datetime | None = None
    """By when its latest run must have ended."""
    tags: list[str] = Field(default_factory=list)
    archived_at: datetime | None = None
    blocked: Object | None = None
    """The resource that is away and that its run waits for: ``cause``, ``next_probe_at``, ``gives_up_at`` …"""
    paused_lane: Object | None = None
    """The paused lane in which tasks of it wait: ``type``, ``lane``, ``since``, ``actor``, ``reason``, ``tasks``."""
    placement: Object | None = None
    """Which of several resources was chosen, and why: ``resource``, ``reason``, ``considered``. In a full answer."""
    last_seq: int | None = None
    """The number of its latest event."""
    created_at: datetime
    launched_at: datetime | None = None
    ended_at: datetime | None = None


class Annotations(Answer):
    """Notes and tags of an experiment."""

    description: str
    tags: list[str]


class BulkRefusal(Answer):
    """An experiment with which it was not done, and why."""

    id: str
    name: str
    reason: str


class BulkResult(Answer):
    """What came of one step of an action on many experiments."""

    done: int
    refused: int
    refusals: list[BulkRefusal]
    next_cursor: str | None


class Experiments(Answer):
    """The answer to a batch."""

    items: list[Experiment]


class Process(Answer):
    """One run of an experiment."""

    id: str
    experiment_id: str
    number: int
    state: ProcessState
    blocked: Object | None = None
    failure: Failure | None = None
    created_at: datetime
    ended_at: datetime | None = None


class Task(Answer):
    """One node of a process's DAG with the state of its latest attempt."""

    id: str
    name: str
    type: str
    state: TaskState
    attempt: int = 0
    max_attempts: int | None = None
    next: str = ""
    """What comes next, in one sentence."""
    blocked: Object | None = None
    """The resource that is away and that it waits for."""
    paused_lane: Object | None = None
    """The lane in which it waits, where that is paused: ``since``, ``actor``, ``reason``."""
    depends_on: list[str] = Field(default_factory=list)
    waits_for: list[str] = Field(default_factory=list)
    """Names of the tasks that must end first."""
    step: str | None = None
    fraction: float | None = None
    due_at: datetime | None = None
    """RETRY_WAIT: when the next attempt is published. SCHEDULED, EXECUTING: the attempt's deadline."""
    failure: Failure | None = None
    outputs: Object | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Job(Answer):
    """A job of the resource's scheduler."""

    task_id: str
    generation: int = 1
    job_name: str
    native_id: str | None = None
    state: JobState
    reason: str = ""
    exit_code: int | None = None


class Output(Answer):
    """An output of an experiment: there (``present``), not brought back yet (None), or absent (``reason`` says why)."""

    name: str
    uri: str | None = None
    file_name: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    present: bool | None = True
    reason: str | None = None
    delivered: list[str] = Field(default_factory=list)
    """Where it was put besides the platform's store."""


class StateChange(Answer):
    """One transition that an event caused."""

    entity: str
    id: str
    before: Annotated[str | None, Field(alias="from")] = None
    after: Annotated[str, Field(alias="to")]


class Event(Answer):
    """One row of the feed: what happened, and all the transitions that it caused."""

    seq: int
    kind: str
    at: datetime
    actor: str = ""
    experiment_id: str
    process_id: str | None = None
    process_number: int | None = None
    """Which run of the experiment it is about."""
    task_id: str | None = None
    attempt: int | None = None
    changes: list[StateChange] = Field(default_factory=list)
    payload: Object = Field(default_factory=dict)


class DeadLetter(Answer):
    """A message that could not be handled: NEW, REDRIVEN or DISCARDED."""

    id: str
    at: datetime
    state: str
    reason: str
    next: str = ""
    """What comes next, in one sentence."""
    topic: str
    partition: int
    offset: int


class Script(Answer):
    """A job's batch script: ``state`` is running, done or unanswered."""

    id: str
    state: str
    text: str | None = None
    truncated: bool = False
    options: list[str] = Field(default_factory=list)
    """Of the scheduler's submit command."""
    failure: Failure | None = None
