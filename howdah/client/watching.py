"""The live feed as an iterator: reconnects by itself, leaves nothing out, tells nothing twice.

The server sends a snapshot first and then every change, each with a cursor. After a broken connection the cursor of
the last one goes along as ``Last-Event-ID`` and the server replays what came after it. When that lies too far back the
server says ``resync``: the feed begins anew with a snapshot, and what was missed of a single experiment is read from
its history. Format: WHATWG HTML, section 9.2 (server-sent events).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from howdah.client.connection import Connection
from howdah.client.errors import (
    ConnectionFailedError,
    ServerFailedError,
    TooManyRequestsError,
    UnexpectedAnswerError,
)
from howdah.client.models import Event, Experiment, Job, Process, Task
from howdah.contracts.states import ExperimentState, is_terminal

SILENCE_SECONDS: Final = 60.0
"""The server sends a sign of life far more often: after so long a silence the connection is taken for dead."""
MAX_EVENT_BYTES: Final = 64 << 20
"""A snapshot holds up to 10,000 tasks."""
MAX_FAILURES: Final = 60
MAX_DELAY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How things stand at one instant: everything known before is replaced by it."""

    cursor: str
    experiments: tuple[Experiment, ...]
    process: Process | None = None
    """When one experiment is watched: its latest run, with its tasks and jobs."""
    tasks: tuple[Task, ...] = ()
    jobs: tuple[Job, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened. Within one experiment ``event.seq`` goes up by one each time."""

    event: Event
    cursor: str | None = None
    """None when it was read from the history instead of the feed."""

    def experiment_state(self) -> ExperimentState | None:
        """Return the state that the experiment took by this event, if it took one."""
        states = [change.after for change in self.event.changes if change.entity == "experiment"]
        return ExperimentState(states[-1]) if states else None


News = Snapshot | Change


class _SnapshotData(BaseModel):
    model_config = ConfigDict(extra="ignore")

    cursor: str
    experiments: tuple[Experiment, ...] = ()
    experiment: Experiment | None = None
    process: Process | None = None
    tasks: tuple[Task, ...] = ()
    jobs: tuple[Job, ...] = ()

    def snapshot(self) -> Snapshot:
        experiments = (self.experiment,) if self.experiment else self.experiments
        return Snapshot(self.cursor, experiments, self.process, self.tasks, self.jobs)


class Feed:
    """One subscription to a stream of the API server, over as many connections as it takes."""

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._cursor: str | None = None
        self._failures = 0

    def __iter__(self) -> Iterator[News]:
        """Yield a Snapshot, then Changes; another Snapshot only after a resync.

        Raises:
            ConnectionFailedError: the server could not be reached for some minutes.
            ProblemError: the server refuses (unknown experiment, token revoked).
        """
        while True:
            try:
                yield from self._connected()
            except (ConnectionFailedError, ServerFailedError, TooManyRequestsError):
                self._failures += 1
                if self._failures > MAX_FAILURES:
                    raise
            self._connection.retry.sleep(min(0.25 * 2 ** min(self._failures, 8), MAX_DELAY_SECONDS))

    def _connected(self) -> Iterator[News]:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._cursor is not None:
            headers["Last-Event-ID"] = self._cursor
        with self._connection.streaming(self._path, headers=headers, timeout_seconds=SILENCE_SECONDS) as response:
            self._failures = 0
            for message in httpx2.EventSource(response, max_event_size=MAX_EVENT_BYTES):
                if message.event == "resync":
                    self._cursor = None
                    return
                news = _decoded(message, self._path)
                if news is not None:
                    self._cursor = news.cursor
                    yield news


def watch_experiment(connection: Connection, experiment_id: str) -> Iterator[News]:
    """Yield the news of one experiment until it is COMPLETED, FAILED or CANCELED.

    No change is left out and none is told twice, whatever happens to the connection.
    """
    path = f"/experiments/{experiment_id}"
    last_seq: int | None = None
    for news in Feed(connection, f"{path}/stream"):
        if isinstance(news, Snapshot):
            for event in _history(connection, path, last_seq):
                last_seq = event.seq
                yield Change(event)
            yield news
            if any(is_terminal(one.state) for one in news.experiments):
                return
            continue
        if last_seq is not None and news.event.seq > last_seq + 1:
            for event in _history(connection, path, last_seq):
                if event.seq < news.event.seq:
                    last_seq = event.seq
                    yield Change(event)
        if last_seq is None or news.event.seq > last_seq:
            last_seq = news.event.seq
            yield news
            state = news.experiment_state()
            if state is not None and is_terminal(state):
                return


def _history(connection: Connection, path: str, after: int | None) -> Iterator[Event]:
    if after is not None:
        yield from connection.pages(f"{path}/events", Event, {"after": after})


def _decoded(message: httpx2.ServerSentEvent, path: str) -> News | None:
    """Return the news, or None for a kind of event that a later server may send."""
    try:
        match message.event:
            case "snapshot":
                return _SnapshotData.model_validate_json(message.data).snapshot()
            case "change":
                return Change(Event.model_validate(json.loads(message.data)), message.id)
            case _:
                return None
    except (ValidationError, ValueError) as error:
        raise UnexpectedAnswerError(f"the feed {path} sent a {message.event} that is not understood: {error}") from None
