"""One batch of events, one transaction: each is applied once, in order, to runs locked in the order of their ids."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import structlog
from orjson import Fragment
from prometheus_client import Counter

from api_server.dag.admission import Gate, open_gate
from api_server.dag.advance import advance
from api_server.dag.decisions import Decisions, Outcome
from api_server.dag.expansion import CHUNK_TASKS
from api_server.lifecycle.commands import Commands
from api_server.lifecycle.held import HeldRun, Occurrence
from api_server.lifecycle.recording import Recording
from api_server.orchestrator.loading import RunCache, hold
from api_server.orchestrator.outcomes import Outcomes
from api_server.registry.unit_of_work import Registry, UnitOfWork
from howdah.contracts.messages import (
    Event,
    TaskEvent,
    TaskReleased,
    TaskStarted,
    TimerDue,
)
from howdah.contracts.requests import (
    AdmissionGranted,
    CorrectionRequested,
    Request,
    SignalGiven,
    SkipRequested,
)
from howdah.contracts.standings import Standings
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import EVENTS_APPLIED, ORCHESTRATOR_BATCH

log = structlog.get_logger(__name__)

_ENVELOPE: Final = {
    *("kind", "version", "at", "trace", "gateway_id", "experiment_id", "process_id"),
    *("event_id", "task_id", "attempt"),
}


_OF_TASK: Final = SkipRequested | CorrectionRequested | AdmissionGranted | SignalGiven


class EventWriter:
    """Takes events in. One thread uses it.

    After an error nothing of the batch stays, neither in the registry nor in memory: the same events may be given
    again, all or some of them.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with; one caller
        self,
        registry: Registry,
        commands: Commands,
        cache: RunCache,
        clock: Clock,
        standings: Standings,
        outcomes: Outcomes,
        gate: Gate = open_gate,
    ) -> None:
        self._registry = registry
        self._commands = commands
        self._cache = cache
        self._clock = clock
        self._gate = gate
        self._standings = standings
        self._outcomes = outcomes

    def apply(self, events: Sequence[Event]) -> None:
        """Apply the events that were not applied before, in one transaction; publish what follows from them."""
        began = self._clock.monotonic()
        process_ids = {event.process_id for event in events}
        try:
            with self._registry.transaction() as work:
                touched, recording = self._write(work, events)
            if recording is not None:
                recording.committed()
        except BaseException:
            for process_id in process_ids:
                self._cache.drop(process_id)
            raise
        for held in touched:
            self._cache.put(held)
        ORCHESTRATOR_BATCH.observe(self._clock.monotonic() - began)

    def _write(self, work: UnitOfWork, events: Sequence[Event]) -> tuple[list[HeldRun], Recording | None]:
        held = hold(work.session, {event.process_id for event in events}, self._cache)
        fresh = list(self._fresh(events, held))
        if not fresh:
            return [], None
        now = self._clock.now()
        recording = Recording(self._commands, now)
        room = CHUNK_TASKS
        for event in fresh:
            room -= self._take_in(recording, held.get(event.process_id), event, now, room)
        recording.write(work)
        return list(held.values()), recording

    @staticmethod
    def _fresh(events: Sequence[Event], held: Mapping[str, HeldRun]) -> Iterator[Event]:
        """Yield each event once that was not applied before."""
        seen: set[str] = set()
        for event in events:
            run = held.get(event.process_id)
            if event.event_id in seen or (run is not None and event.event_id in run.applied):
                _counter(_kind(event), "duplicate").inc()
            else:
                seen.add(event.event_id)
                yield event

    def _take_in(self, recording: Recording, held: HeldRun | None, event: Event, now: datetime, room: int) -> int:
        """Note what follows from an event; return how many tasks fan-outs made, for which there was ``room``."""
        kind = _kind(event)
        if held is None or event.gateway_id != held.run.identity.gateway_id:
            _counter(kind, "unknown").inc()
            log.warning("event of an unknown process", kind=kind, process_id=event.process_id, event_id=event.event_id)
            return 0
        # The codec gives one of AnyEvent.
        decisions = advance(held.run, event, now, self._gate, self._standings, room)  # type: ignore[arg-type]
        _counter(kind, decisions.outcome).inc()
        if decisions.outcome is Outcome.ILLEGAL:
            log.info(
                "event dropped",
                kind=kind,
                reason=decisions.reason,
                process_id=event.process_id,
                event_id=event.event_id,
            )
            return 0
        self._outcomes.take(held.run, event)
        recording.add(held, decisions, _occurrence(held, event, decisions))
        return len(decisions.added)


@lru_cache(maxsize=256)
def _counter(kind: str, outcome: str) -> Counter:
    return EVENTS_APPLIED.labels(kind, outcome)


def _kind(event: Event) -> str:
    return event.kind


def _occurrence(held: HeldRun, event: Event, decisions: Decisions) -> Occurrence:
    about = event if isinstance(event, TaskEvent) else None
    task_id = event.task_id if isinstance(event, TaskEvent | _OF_TASK) else None
    return Occurrence(
        event_id=event.event_id,
        kind=event.kind,
        actor=_actor(held, event),
        at=event.at,
        payload=Fragment(event.model_dump_json(exclude=_ENVELOPE, exclude_none=True)),
        task_id=task_id,
        attempt=about.attempt if about else None,
        reason=event.reason if isinstance(event, Request) else decisions.reason,
    )


def _actor(held: HeldRun, event: Event) -> str:
    match event:
        case Request():
            return event.actor
        case TimerDue() | TaskReleased():
            return "orchestrator"
        case TaskStarted():
            return event.worker
        case TaskEvent() if event.task_id in held.run.dag.by_id:
            return f"service:{held.run.dag.by_id[event.task_id].type}"
        case _:
            return "service"
