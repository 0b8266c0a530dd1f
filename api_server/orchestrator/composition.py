"""Which loops an orchestrator has and what each stands on. Decides nothing and starts nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Engine

from api_server.lifecycle.commands import Commands, Mint
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.orchestrator.admissions import Admissions, Gates
from api_server.orchestrator.agent_loop import AgentLoop
from api_server.orchestrator.batches import BatchLoop
from api_server.orchestrator.events import EventWriter
from api_server.orchestrator.health import HealthKeeper
from api_server.orchestrator.lanes import LaneTeller
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
from api_server.registry.outbox import Sweeper
from api_server.registry.unit_of_work import Registry
from howdah.contracts import codec, topics
from howdah.contracts.ids import new_id
from howdah.messaging.abstract import Messaging, Producer
from howdah.messaging.standings import StandingsTable
from howdah.runtime.clock import Clock

_PRUNE_SECONDS: Final = 600.0

Loop = BatchLoop[Any] | LeasedLoop | AgentLoop


@dataclass(frozen=True)
class Ground:
    """What the loops of one replica share."""

    settings: OrchestratorSettings
    engine: Engine
    registry: Registry
    messaging: Messaging
    producer: Producer
    standings: StandingsTable
    mint: Mint
    clock: Clock
    replica: str = field(default_factory=new_id)
    """The replica's name in the leases."""


def loops_of(ground: Ground) -> dict[str, Loop]:
    """Return every loop by its name."""
    registry, clock, settings = ground.registry, ground.clock, ground.settings
    gates = Gates(ground.engine)
    outcomes = Outcomes(registry, ground.standings, clock)
    cache = RunCache(settings.orchestrator_cached_tasks)
    commands = Commands(ground.mint)
    writer = EventWriter(registry, commands, cache, clock, ground.standings, outcomes, gates.must_ask)
    return {
        **_readers(ground, writer),
        **_single_hands(ground),
        "agents": AgentLoop(
            ground.engine,
            ground.messaging,
            clock,
            replication_factor=settings.kafka_replication_factor,
            limit=settings.orchestrator_batch,
        ),
        "gates": LeasedLoop("gates", gates.refresh, settings.gates_period_seconds, None, clock),
        "outcomes": LeasedLoop("outcomes", outcomes.write, settings.health_period_seconds, None, clock),
    }


def _readers(ground: Ground, writer: EventWriter) -> dict[str, Loop]:
    """Return the loops that take in what the topics bring, batch by batch."""
    registry, group, limit = ground.registry, ground.settings.orchestrator_group, ground.settings.orchestrator_batch

    def batches(topic: topics.Topic, decoder: codec.Codec[Any], apply: Callable[..., None]) -> BatchLoop[Any]:
        name = group if topic is topics.EVENTS else f"{group}-{topic.name.rpartition('.')[2]}"
        reader = ground.messaging.batches([topic.name], name)
        return BatchLoop(reader, lambda record: decoder.decode(record.value), apply, ground.clock, limit=limit)

    return {
        "events": batches(topics.EVENTS, codec.EVENTS, writer.apply),
        "dead-letters": batches(topics.DEAD_LETTERS, codec.DEAD_LETTERS, DeadLetterSink(registry).store),
        "logs": batches(topics.LOGS, codec.LOGS, LogSink(registry).store),
        "look-answers": batches(topics.LOOK_ANSWERS, codec.LOOK_ANSWERS, LookSink(registry).store),
    }


def _single_hands(ground: Ground) -> dict[str, Loop]:
    """Return the loops of which one replica at a time may work: whoever holds the lease."""
    registry, engine, clock, settings = ground.registry, ground.engine, ground.clock, ground.settings
    leases = LeaseHolder(engine, ground.replica, clock=clock)
    health = HealthKeeper(registry, ground.producer, Prober(ground.mint), settings, clock)
    schedules = Schedules(registry, Lifecycle(ground.mint, clock, ground.standings), clock)
    retention = Retention(engine, logs=timedelta(days=settings.log_retention_days))
    steps: dict[str, tuple[Callable[[], object], float]] = {
        "timers": (Timers(engine, ground.producer, clock).fire, settings.timer_period_seconds),
        "admissions": (Admissions(registry, clock).turn, settings.admission_period_seconds),
        "schedules": (schedules.take_turns, settings.schedule_period_seconds),
        "sweeper": (Sweeper(engine, ground.producer).sweep, settings.sweep_period_seconds),
        "health": (health.step, settings.health_period_seconds),
        "lanes": (LaneTeller(registry, clock).step, settings.health_period_seconds),
        "retention": (retention.prune, _PRUNE_SECONDS),
    }
    return {name: LeasedLoop(name, step, period, leases, clock) for name, (step, period) in steps.items()}
