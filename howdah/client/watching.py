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
from howdah.client.run_models import Event, Experiment, Job, Process, Task
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

    def __str__(self) -> str:
        """Return how each experiment stands, for a terminal."""
        return "\n".join(f"{one.name} is {one.state}" for one in self.experiments)


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened. Within one experiment ``event.seq`` goes up by one each time."""

    event: Event
    cursor: str | None = None
    """None when it was read from the history instead of the feed."""

    def __str__(self) -> str:
        """Return one line for a terminal: when, what happened, and what changed by it."""
        moves = ", ".join(f"{one.entity} {one.before or 'new'} → {one.after}" for one in self.event.changes)
        return f"{self.event.at:%H:%M:%S}  {self.event.kind}" + (f"  {moves}" if moves else "")

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
    order = _InOrder(connection, path)
    for received in Feed(connection, f"{path}/stream"):
        for news in order.of(received):
            yield news
            if _is_the_end(news):
                return


class _InOrder:
    """Knows the number of the last event told: fills holes from the history and drops what was told before."""

    def __init__(self, connection: Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._last_seq: int | None = None

    def of(self, news: News) -> Iterator[News]:
        """Yield what is to be told, given what was received."""
        if isinstance(news, Snapshot):
            yield from self._missed(before=None)
            yield news
            known = [one.last_seq for one in news.experiments if one.last_seq is not None]
            if known:
                self._last_seq = max(*known, self._last_seq or 0)
            return
        if self._last_seq is not None and news.event.seq > self._last_seq + 1:
            yield from self._missed(before=news.event.seq)
        if self._last_seq is None or news.event.seq > self._last_seq:
            self._last_seq = news.event.seq
            yield news

    def _missed(self, before: int | None) -> Iterator[News]:
        if self._last_seq is None:
            return
        for event in self._connection.pages(f"{self._path}/events", Event, {"after": self._last_seq}):
            if before is not None and event.seq >= before:
                return
            self._last_seq = event.seq
            yield Change(event)


def _is_the_end(news: News) -> bool:
    states = [one.state for one in news.experiments] if isinstance(news, Snapshot) else [news.experiment_state()]
    return any(state is not None and is_terminal(state) for state in states)


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
