"""The keeper of the resources' health: samples in, circuits and lanes out. Its decisions are in ``api_server.dag``.

Run under a lease: one replica writes. What it decided is durable first; everybody else is told by ``howdah.resources``
through the outbox of the same transaction, and once more every half minute, in case a message overtook another.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from api_server.dag import circuits, lane_choice
from api_server.dag.circuits import Circuit, Sample
from api_server.orchestrator import probing
from api_server.orchestrator.health_rows import Entry, Key
from api_server.orchestrator.probing import ORCHESTRATOR, Prober, Verdict
from api_server.orchestrator.releasing import Releaser
from api_server.orchestrator.settings import OrchestratorSettings
from api_server.registry.models import ResourceLook
from api_server.registry.repositories import health
from api_server.registry.unit_of_work import Registry, UnitOfWork
from howdah.contracts.failures import Failure
from howdah.contracts.ids import new_id
from howdah.contracts.standings import CircuitState
from howdah.contracts.topics import FAST
from howdah.messaging.abstract import Producer
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import CIRCUITS

log = structlog.get_logger(__name__)

_AGAIN_SECONDS: Final = 30.0
_RECENTLY: Final = timedelta(minutes=10)
_ASKED_LATELY: Final = timedelta(minutes=1)
_MOST_SAMPLES: Final = 400
"""Of one account: more than a window of seconds holds."""


class HealthKeeper:
    """Looks at every account that was worked at, once a period. Used by one thread."""

    def __init__(
        self, registry: Registry, producer: Producer, prober: Prober, settings: OrchestratorSettings, clock: Clock
    ) -> None:
        self._registry = registry
        self._prober = prober
        self._policy = settings.circuit_policy
        self._lanes = settings.lane_policy
        self._clock = clock
        self._releaser = Releaser(registry.engine, producer, self._policy, clock)
        self._began = False
        self._last_sample = 0
        self._samples: dict[Key, deque[Sample]] = defaultdict(lambda: deque(maxlen=_MOST_SAMPLES))
        self._gateways: dict[Key, str] = {}
        self._announced_at = clock.monotonic() - _AGAIN_SECONDS
        self._asked: dict[str, datetime] = {}
        """Resource → the latest wish for a probe that was looked at."""

    def step(self) -> None:
        """Take in what is new, decide, write, tell; then let go what may go."""
        now = self._clock.now()
        with self._registry.transaction() as work:
            rows = health.load(work.session)
            before = {(row["resource_id"], row["account"]): Entry.of(row) for row in rows}
            fresh = self._take_in(work, now)
            after = self._decide(work, before, fresh, now)
            self._write(work, before, after, now)
            self._announce_again(work, after, rows, now)
        self._releaser.step([entry for entry in after.values() if entry.circuit.state is CircuitState.RELEASING])

    # ------------------------------------------------------------ what is new

    def _take_in(self, work: UnitOfWork, now: datetime) -> dict[Key, list[Sample]]:
        """Read new samples, the oldest first. At the start those of the window count for circuits, not for lanes."""
        began, self._began = not self._began, True
        since = now - timedelta(seconds=self._policy.window_seconds)
        fresh: dict[Key, list[Sample]] = defaultdict(list)
        for row in health.samples(work.session, self._last_sample, since):
            key = row["resource_id"], row["account"]
            sample = _sample(row)
            self._samples[key].appendleft(sample)
            self._gateways[key] = row["gateway_id"]
            if not began:
                fresh[key].append(sample)
            self._last_sample = row["id"]
        for key in [key for key, samples in self._samples.items() if not samples or samples[0].at < since]:
            del self._samples[key]
        return fresh

    def _decide(
        self, work: UnitOfWork, before: Mapping[Key, Entry], fresh: Mapping[Key, list[Sample]], now: datetime
    ) -> dict[Key, Entry]:
        parked = health.count_parked(work.session)
        controls = {row["resource_id"]: row for row in health.controls(work.session)}
        looks = health.probes(work.session, [one.probe_id for one in before.values() if one.probe_id])
        gateways = {**self._gateways, **{key: gateway for key, (gateway, _) in parked.items()}}
        after: dict[Key, Entry] = {}
        for key in {*before, *self._samples, *parked}:
            entry = before.get(key) or Entry.new(gateways[key], key, now)
            control = controls.get(entry.resource_id, _NO_CONTROL)
            entry = self._with_circuit(entry, looks, parked.get(key, ("", 0))[1], now)
            entry = self._with_wish(entry, control["probe_asked_at"], now)
            entry = self._with_probe(work, entry, now)
            after[key] = self._with_lane(entry, fresh.get(key, []), control, now)
        return after

    # ------------------------------------------------------------ one account

    def _with_circuit(self, entry: Entry, looks: Mapping[str, ResourceLook], waiting: int, now: datetime) -> Entry:
        circuit, probe_id = entry.circuit, entry.probe_id
        if probe_id is not None:
            match probing.verdict(looks.get(probe_id), now):
                case Verdict.PENDING:
                    return entry
                case Verdict.REACHED:
                    circuit = circuits.probe_succeeded(circuit, now)
                case Failure() as failure:
                    circuit = circuits.probe_failed(circuit, failure, self._policy, now, _chance(probe_id))
                case Verdict.NOTHING:
                    circuit = circuits.probe_went_unanswered(circuit, self._policy, now)
        circuit = circuits.judge(circuit, self._samples.get(entry.key, ()), self._policy, now)
        circuit = circuits.forgotten_ones(circuit, now) if waiting else circuits.drained(circuit, self._policy, now)
        return replace(entry, circuit=circuit, probe_id=None)

    def _with_wish(self, entry: Entry, asked_at: datetime | None, now: datetime) -> Entry:
        if asked_at is None or now - asked_at > _ASKED_LATELY or asked_at <= self._asked.get(entry.resource_id, _EVER):
            return entry
        self._asked[entry.resource_id] = asked_at
        return replace(entry, circuit=circuits.probe_now(entry.circuit, now))

    def _with_probe(self, work: UnitOfWork, entry: Entry, now: datetime) -> Entry:
        if not circuits.is_probe_due(entry.circuit, now):
            return entry
        probe_id = self._prober.send(work, entry, now)
        if probe_id is None:
            return replace(entry, circuit=circuits.probe_succeeded(entry.circuit, now))
        return replace(entry, circuit=circuits.probe_began(entry.circuit), probe_id=probe_id)

    def _with_lane(self, entry: Entry, fresh: list[Sample], control: Mapping[str, Any], now: datetime) -> Entry:
        pace = lane_choice.observed(entry.pace, fresh, self._lanes)
        away = entry.circuit.state is CircuitState.OPEN
        pace = lane_choice.chosen(pace, self._lanes, now, control["lane"], away=away)
        return replace(entry, pace=pace, handlers=control["handlers"])

    # ------------------------------------------------------------ what follows

    def _write(self, work: UnitOfWork, before: Mapping[Key, Entry], after: Mapping[Key, Entry], now: datetime) -> None:
        changed = [entry for key, entry in after.items() if entry != before.get(key)]
        health.store(work.session, [entry.row() for entry in changed])
        health.add_events(
            work.session, [row for entry in changed for row in _history(before.get(entry.key), entry, now)]
        )
        for entry in changed:
            known = before.get(entry.key)
            told = None if known is None else known.standing(now)
            if entry.standing(now) != told:
                work.enqueue(entry.announcement(now))

    def _announce_again(
        self, work: UnitOfWork, after: Mapping[Key, Entry], rows: list[dict[str, Any]], now: datetime
    ) -> None:
        mono = self._clock.monotonic()
        if mono - self._announced_at < _AGAIN_SECONDS:
            return
        self._announced_at = mono
        lately = {(row["resource_id"], row["account"]) for row in rows if now - row["updated_at"] < _RECENTLY}
        work.enqueue(*(one.announcement(now) for key, one in after.items() if key in lately or not one.is_ordinary()))


_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NO_CONTROL: Final[Mapping[str, Any]] = {"lane": None, "handlers": None, "probe_asked_at": None}


def _sample(row: Mapping[str, Any]) -> Sample:
    failure = None if row["failure"] is None else Failure.model_validate(row["failure"])
    return Sample(row["at"], row["attempts"], row["failures"], failure, row["seconds"])


def _chance(probe_id: str) -> float:
    return int(probe_id[-8:], 16) / 2**32


def _history(before: Entry | None, after: Entry, now: datetime) -> list[dict[str, Any]]:
    circuit = before.circuit if before else Circuit(CircuitState.CLOSED, since=now)
    lane = before.pace.lane if before else FAST
    turns = [circuits.turned(circuit, after.circuit)]
    if after.pace.lane != lane:
        turns.append(("lane-changed", f"Its tasks take the {after.pace.lane} lane now."))
    rows = []
    for kind, sentence in (turn for turn in turns if turn is not None):
        CIRCUITS.labels(kind).inc()
        log.info("resource health", what=kind, resource_id=after.resource_id, account=after.account, sentence=sentence)
        rows.append(
            {
                "id": new_id(),
                "gateway_id": after.gateway_id,
                "resource_id": after.resource_id,
                "account": after.account,
                "at": now,
                "kind": kind,
                "actor": ORCHESTRATOR,
                "sentence": sentence,
            }
        )
    return rows
