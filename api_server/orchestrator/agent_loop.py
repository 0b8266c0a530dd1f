"""Follows the list of resources that agents work on: their topics are there, and what is told on them is read."""

import threading
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_server.orchestrator.agents import GROUP, AgentGate, Told, read
from api_server.orchestrator.batches import BatchLoop
from api_server.registry.repositories.agents import worked_on_by_agents
from howdah.contracts.agents import agent_topics
from howdah.contracts.ids import ResourceId
from howdah.messaging.abstract import Messaging, MessagingError
from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0
_JOIN_SECONDS: Final = 15.0


class AgentLoop:
    """Makes the topics of each agent and reads what it tells. Every replica does so, and Kafka divides the work.

    When the list changes the reader is closed and another opened: that is rare, and nothing is lost by it. The topics
    of a resource that is deleted stay, with what may still be in them; an operator deletes them.
    """

    def __init__(
        self, engine: Engine, messaging: Messaging, clock: Clock, *, replication_factor: int, limit: int
    ) -> None:
        self._engine = engine
        self._messaging = messaging
        self._clock = clock
        self._replication_factor = replication_factor
        self._limit = limit
        self._gate = AgentGate(engine, messaging.producer(), clock)
        self._reading: _Reading | None = None
        self._trouble: str | None = None

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence."""
        return self._trouble or (self._reading.loop.trouble() if self._reading else None)

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; raises what a reader died of."""
        try:
            self._follow()
            while not self._clock.wait(stop, LOOK_SECONDS):
                self._follow()
        finally:
            self._end_reading()

    def _follow(self) -> None:
        if self._reading is not None and self._reading.error is not None:
            raise self._reading.error
        try:
            with Session(self._engine) as session:
                wanted = frozenset(map(ResourceId, worked_on_by_agents(session)))
            if self._reading is None or self._reading.of != wanted:
                self._read_from(wanted)
        except (SQLAlchemyError, MessagingError) as error:
            self._trouble = f"the list of agents can't be followed: {str(error).partition(chr(10))[0]}"
            log.warning("agents will be looked for later", error=self._trouble)
            return
        self._trouble = None

    def _read_from(self, resource_ids: frozenset[ResourceId]) -> None:
        self._end_reading()
        if not resource_ids:
            return
        every = [agent_topics(resource_id) for resource_id in sorted(resource_ids)]
        self._messaging.admin().ensure([topic for one in every for topic in one.all], self._replication_factor)
        reader = self._messaging.batches([one.events.name for one in every], GROUP)
        loop = BatchLoop(reader, read, self._gate.pass_on, self._clock, limit=self._limit)
        self._reading = _Reading(resource_ids, loop)
        self._reading.start()
        log.info("reading what agents tell", agents=len(resource_ids))

    def _end_reading(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.end()


class _Reading:
    """One reader on a thread of its own, of the agents that there were when it began."""

    def __init__(self, of: frozenset[ResourceId], loop: BatchLoop[Told]) -> None:
        self.of = of
        self.loop = loop
        self.error: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._guarded, args=(loop.run,), name="agent-events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(_JOIN_SECONDS)

    def _guarded(self, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self._stop)
        except Exception as error:  # noqa: BLE001 - the thread's boundary: the loop that watches it raises this
            self.error = error
