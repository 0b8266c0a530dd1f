"""The circuit of a login account: when it opens, when it is probed, how what waited is let go. Pure: no I/O, no clock.

    CLOSED ──too many attempts failed──▶ OPEN ──a probe succeeded──▶ RELEASING ──nothing waits any more──▶ CLOSED
                                          ▲ └─a probe failed: later─┘     │
                                          └──────too many failed again────┘

Only what counts against a resource is counted (``howdah.contracts.failures.MEANINGS``): what failed on the platform's
side never opens a circuit, and a probe that nobody answered neither closes nor confirms one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from howdah.contracts.failures import Failure
from howdah.contracts.standings import CircuitState


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """When a circuit opens and how it closes again."""

    window_seconds: float = 300.0
    """Older attempts say nothing."""
    enough: int = 20
    """The latest attempts that are looked at; a busy resource is judged by its last second."""
    min_failures: int = 3
    share: float = 0.5
    """Opens when at least this share of them failed, and at least ``min_failures``."""
    first_probe_seconds: float = 5.0
    longest_probe_seconds: float = 300.0
    silence_seconds: float = 10.0
    """After a probe that nobody answered, or that failed on the platform's side."""
    release_per_second: float = 10.0
    doubling_seconds: float = 10.0
    """The rate of the release doubles after each of these, while nothing speaks against it …"""
    release_most_per_second: float = 200.0
    """… up to this."""
    settle_seconds: float = 10.0
    """A circuit stays RELEASING for at least this long: what was under way when it opened still comes in."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Attempts at an account that ended within a moment."""

    at: datetime
    attempts: int
    failures: int
    failure: Failure | None = None
    """The latest of them."""
    seconds: float = 0.0
    """How long they took together."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """How it stands with one account."""

    state: CircuitState
    since: datetime
    cause: Failure | None = None
    confirmed: bool = False
    """OPEN: a probe has found the resource away, so it is not the tasks that are to blame."""
    failed_probes: int = 0
    next_probe_at: datetime | None = None


def judge(circuit: Circuit, samples: Iterable[Sample], policy: CircuitPolicy, now: datetime) -> Circuit:
    """Open the circuit when too large a share of the latest attempts failed; ``samples`` come newest first."""
    if circuit.state is CircuitState.OPEN:
        return circuit
    begin = max(circuit.since, now - timedelta(seconds=policy.window_seconds))
    attempts = failures = 0
    cause: Failure | None = None
    for sample in samples:
        if sample.at < begin or attempts >= policy.enough:
            break
        attempts += sample.attempts
        failures += sample.failures
        cause = cause or sample.failure
    if failures < policy.min_failures or failures < policy.share * attempts:
        return circuit
    return Circuit(CircuitState.OPEN, since=now, cause=cause, next_probe_at=now)


def probe_began(circuit: Circuit) -> Circuit:
    """Note that a probe is under way: no further one is due before it has ended."""
    return replace(circuit, next_probe_at=None)


def probe_failed(circuit: Circuit, failure: Failure, policy: CircuitPolicy, now: datetime, chance: float) -> Circuit:
    """Note that the resource is away. The next probe follows later and later; ``chance`` in [0, 1) spreads them."""
    if circuit.state is not CircuitState.OPEN:
        return circuit
    wait = min(policy.first_probe_seconds * 2.0 ** min(circuit.failed_probes, 60), policy.longest_probe_seconds)
    due = now + timedelta(seconds=wait * (1 - 0.2 * chance))
    return replace(circuit, cause=failure, confirmed=True, failed_probes=circuit.failed_probes + 1, next_probe_at=due)


def probe_went_unanswered(circuit: Circuit, policy: CircuitPolicy, now: datetime) -> Circuit:
    """Note that a probe told nothing about the resource; ask again soon."""
    if circuit.state is not CircuitState.OPEN:
        return circuit
    return replace(circuit, next_probe_at=now + timedelta(seconds=policy.silence_seconds))


def probe_succeeded(circuit: Circuit, now: datetime) -> Circuit:
    """Let go what waits: one success is enough."""
    if circuit.state is not CircuitState.OPEN:
        return circuit
    return Circuit(CircuitState.RELEASING, since=now, confirmed=circuit.confirmed)


def forgotten_ones(circuit: Circuit, now: datetime) -> Circuit:
    """Let go what waits although the circuit is closed: it was parked by somebody who had not heard of that yet."""
    if circuit.state is not CircuitState.CLOSED:
        return circuit
    return Circuit(CircuitState.RELEASING, since=now, confirmed=circuit.confirmed)


def drained(circuit: Circuit, policy: CircuitPolicy, now: datetime) -> Circuit:
    """Close a circuit of which nothing waits any more, once what was under way has come in."""
    settled = now - circuit.since >= timedelta(seconds=policy.settle_seconds)
    if circuit.state is not CircuitState.RELEASING or not settled:
        return circuit
    return Circuit(CircuitState.CLOSED, since=now)


def is_probe_due(circuit: Circuit, now: datetime) -> bool:
    """Tell whether a probe is to be sent now."""
    due = circuit.next_probe_at
    return circuit.state is CircuitState.OPEN and due is not None and due <= now


def probe_now(circuit: Circuit, now: datetime) -> Circuit:
    """Bring the next probe forward, at a person's word."""
    if circuit.state is not CircuitState.OPEN or circuit.next_probe_at is None:
        return circuit
    return replace(circuit, next_probe_at=min(circuit.next_probe_at, now))


def release_rate(circuit: Circuit, policy: CircuitPolicy, now: datetime) -> float:
    """Return how many parked tasks may be let go in a second."""
    if circuit.state is not CircuitState.RELEASING:
        return 0.0
    doublings = min((now - circuit.since).total_seconds() / policy.doubling_seconds, 30.0)
    return min(policy.release_per_second * 2.0 ** int(max(doublings, 0.0)), policy.release_most_per_second)


def turned(before: Circuit, after: Circuit) -> tuple[str, str] | None:
    """Return kind and sentence of what happened, for the resource's history; None when nothing did."""
    if before.state is not after.state:
        return _TURNS[after.state], _sentence(after)
    if after.failed_probes > before.failed_probes:
        said = after.cause.sentence if after.cause else "the resource did not answer."
        return "probe-failed", f"Probe {after.failed_probes} failed: {said}"
    return None


_TURNS = {
    CircuitState.OPEN: "circuit-opened",
    CircuitState.RELEASING: "circuit-releasing",
    CircuitState.CLOSED: "circuit-closed",
}


def _sentence(after: Circuit) -> str:
    match after.state:
        case CircuitState.OPEN:
            said = f" The last one: {after.cause.sentence}" if after.cause else ""
            return f"Too many of the latest attempts failed: nothing more is sent there until a probe succeeds.{said}"
        case CircuitState.RELEASING:
            return "It answers: what waited for it is let go bit by bit."
        case CircuitState.CLOSED:
            return "Nothing waits for it any more."
