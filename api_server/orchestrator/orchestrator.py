"""The orchestrator as a whole: its loops, their threads, and a clean end."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from api_server.lifecycle.commands import Commands, Mint
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.orchestrator.admissions import Admissions, Gates
from api_server.orchestrator.agent_loop import AgentLoop
from api_server.orchestrator.batches import BatchLoop
from api_server.orchestrator.events import EventWriter
from api_server.orchestrator.health import HealthKeeper
from api_server.orchestrator.loading import RunCache
from api_server.orchestrator.loops import LeasedLoop
from api_server.orchestrator.outcomes import Outcomes
from api_server.orchestrator.probing import Prober
from api_server.orchestrator.retention import Retention
from api_server.orchestrator.schedules import Schedules
from api_server.orchestrator.settings import OrchestratorSettings
from api_server.orchestrator.sinks import DeadLetterSink, LogSink, LookSink
from api_server.orchestrator.timers import Timers
from api_server.registry.leases import LeaseHolder
from api_server.registry.outbox import OutboxRelay, Sweeper, open_registry
from api_server.registry.unit_of_work import Registry
from howdah.contracts import codec, topics
from howdah.contracts.ids import new_id
from howdah.messaging.abstract import Messaging, MessagingError
from howdah.messaging.standings import StandingsTable
from howdah.runtime.clock import Clock
from howdah.runtime.health import Check

log = structlog.get_logger(__name__)

_JOIN_SECONDS = 15.0
_PRUNE_SECONDS = 600.0

Loop = BatchLoop[Any] | LeasedLoop | AgentLoop


class Orchestrator:
    """Takes events in and publishes what follows. Any number of replicas share the work.

    ``run`` blocks until ``stop``; if one loop dies of a defect, all end and the process with them: its supervisor
    starts it again, and it goes on from the registry.
    """

    def __init__(
        self, settings: OrchestratorSettings, engine: Engine, messaging: Messaging, mint: Mint, clock: Clock
    ) -> None:
        self._engine = engine
        self._messaging = messaging
        self._clock = clock
        self._stop = threading.Event()
        self._error: BaseException | None = None
        producer = messaging.producer()
        registry, self._relay = open_registry(engine, producer)
        leases = LeaseHolder(engine, new_id())
        gates = Gates(engine)
        self._standings = StandingsTable(messaging)
        outcomes = Outcomes(registry, self._standings, clock)
        cache = RunCache(settings.orchestrator_cached_tasks)
        writer = EventWriter(registry, Commands(mint), cache, clock, self._standings, outcomes, gates.must_ask)
        health = HealthKeeper(registry, producer, Prober(mint), settings, clock)

        def leased(name: str, step: Callable[[], object], period_seconds: float) -> LeasedLoop:
            return LeasedLoop(name, step, period_seconds, leases, clock)

        schedules = Schedules(registry, Lifecycle(mint, clock, self._standings), clock)
        retention = Retention(engine, logs=timedelta(days=settings.log_retention_days))
        self._loops: dict[str, Loop] = {
            **self._readers(settings, registry, writer),
            "agents": AgentLoop(
                engine,
                messaging,
                clock,
                replication_factor=settings.kafka_replication_factor,
                limit=settings.orchestrator_batch,
            ),
            "timers": leased("timers", Timers(engine, producer, clock).fire, settings.timer_period_seconds),
            "gates": LeasedLoop("gates", gates.refresh, settings.gates_period_seconds, None, clock),
            "admissions": leased("admissions", Admissions(registry, clock).turn, settings.admission_period_seconds),
            "schedules": leased("schedules", schedules.take_turns, settings.schedule_period_seconds),
            "sweeper": leased("sweeper", Sweeper(engine, producer).sweep, settings.sweep_period_seconds),
            "outcomes": LeasedLoop("outcomes", outcomes.write, settings.health_period_seconds, None, clock),
            "health": leased("health", health.step, settings.health_period_seconds),
            "retention": leased("retention", retention.prune, _PRUNE_SECONDS),
        }

    def _readers(self, settings: OrchestratorSettings, registry: Registry, writer: EventWriter) -> dict[str, Loop]:
        """Return the loops that take in what the topics bring, batch by batch."""
        group = settings.orchestrator_group

        def batches(topic: topics.Topic, decoder: codec.Codec[Any], apply: Callable[..., None]) -> BatchLoop[Any]:
            name = group if topic is topics.EVENTS else f"{group}-{topic.name.rpartition('.')[2]}"
            reader = self._messaging.batches([topic.name], name)
            limit = settings.orchestrator_batch
            return BatchLoop(reader, lambda record: decoder.decode(record.value), apply, self._clock, limit=limit)

        return {
            "events": batches(topics.EVENTS, codec.EVENTS, writer.apply),
            "dead-letters": batches(topics.DEAD_LETTERS, codec.DEAD_LETTERS, DeadLetterSink(registry).store),
            "logs": batches(topics.LOGS, codec.LOGS, LogSink(registry).store),
            "look-answers": batches(topics.LOOK_ANSWERS, codec.LOOK_ANSWERS, LookSink(registry).store),
        }

    @property
    def relay(self) -> OutboxRelay:
        """The relay of this replica."""
        return self._relay

    def checks(self) -> dict[str, Check]:
        """Return what readiness asks: the database, and every loop."""
        loops = {name: loop.trouble for name, loop in self._loops.items()}
        kafka, resources = self._messaging.producer().trouble, self._standings.trouble
        return {"database": self._database, "kafka": kafka, "resources": resources, **loops}

    def _database(self) -> str | None:
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            return f"the database does not answer: {str(error).partition(chr(10))[0]}"
        return None

    def stop(self) -> None:
        """Ask all loops to end; safe in a signal handler."""
        self._stop.set()
        self._messaging.give_up_waiting()

    def run(self) -> None:
        """Work until ``stop``; raises what a loop died of."""
        self._relay.start()
        self._standings.start()
        threads = [
            threading.Thread(target=self._guarded, args=(name, loop), name=name, daemon=True)
            for name, loop in self._loops.items()
        ]
        for thread in threads:
            thread.start()
        log.info("orchestrator is up", writer=self._relay.writer)
        self._stop.wait()
        for thread in threads:
            thread.join(_JOIN_SECONDS)
        self._standings.close()
        self._relay.close()
        log.info("orchestrator has ended")
        if self._error is not None:
            raise self._error

    def _guarded(self, name: str, loop: Loop) -> None:
        """Run a loop; the boundary of the process: a defect of one ends them all."""
        try:
            loop.run(self._stop)
        except Exception as error:
            if isinstance(error, MessagingError) and self._stop.is_set():
                log.warning("loop was stopped while Kafka did not answer", loop=name, error=str(error))
                return
            log.exception("loop died", loop=name)
            self._error = error
            self._stop.set()
