"""The body of a run's graph, as OpenAPI tells it."""

from api_server.experiments.run_schemas import Process
from api_server.experiments.trouble_schemas import Answer, Failure
from api_server.http.model import Instant
from howdah.contracts.states import JobState, ProcessState, TaskState


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
