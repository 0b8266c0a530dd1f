"""The circuit of a login account: whatever is seen, it opens for cause, closes by a probe, and forgets nobody."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api_server.dag import circuits
from api_server.dag.circuits import Circuit, CircuitPolicy, Sample
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.standings import CircuitState

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = CircuitPolicy()
AWAY = Failure(kind=FailureKind.TRANSIENT, sentence="It did not answer.")
CLOSED = Circuit(CircuitState.CLOSED, since=START)
OPEN = Circuit(CircuitState.OPEN, since=START, cause=AWAY, next_probe_at=START)
RELEASING = Circuit(CircuitState.RELEASING, since=START)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def seen(*counts: tuple[int, int], since: float = 0.0) -> list[Sample]:
    """Return samples of (attempts, failures), a second apart, newest first."""
    samples = [
        Sample(at(since + number + 1), attempts, failures, AWAY if failures else None)
        for number, (attempts, failures) in enumerate(counts)
    ]
    return samples[::-1]


def test_it_opens_when_too_large_a_share_of_the_latest_attempts_failed() -> None:
    opened = circuits.judge(CLOSED, seen((1, 1), (1, 1), (1, 1)), POLICY, at(3))
    assert (opened.state, opened.cause, opened.next_probe_at) == (CircuitState.OPEN, AWAY, at(3))


def test_a_single_failing_attempt_or_two_open_nothing() -> None:
    assert circuits.judge(CLOSED, seen((1, 1), (1, 1)), POLICY, at(3)) == CLOSED


def test_a_busy_resource_is_judged_by_its_last_second_and_not_by_its_better_past() -> None:
    samples = seen(*[(300, 0)] * 200, (300, 290))
    assert circuits.judge(CLOSED, samples, POLICY, at(201)).state is CircuitState.OPEN


def test_failures_that_few_share_open_nothing() -> None:
    assert circuits.judge(CLOSED, seen((100, 40)), POLICY, at(2)) == CLOSED


def test_what_is_older_than_the_window_or_than_the_circuits_state_does_not_count() -> None:
    old = seen((3, 3))
    assert circuits.judge(CLOSED, old, POLICY, at(POLICY.window_seconds + 2)) == CLOSED
    again = Circuit(CircuitState.RELEASING, since=at(2))
    assert circuits.judge(again, old, POLICY, at(3)) == again


def test_one_probe_that_succeeds_lets_go_and_an_empty_waiting_room_closes() -> None:
    back = circuits.probe_succeeded(OPEN, at(5))
    assert back.state is CircuitState.RELEASING
    assert circuits.drained(back, POLICY, at(6)) == back, "what was under way still comes in"
    assert circuits.drained(back, POLICY, at(5 + POLICY.settle_seconds)).state is CircuitState.CLOSED


def test_only_a_probe_that_failed_confirms_an_outage() -> None:
    assert not circuits.probe_succeeded(OPEN, at(1)).confirmed
    unanswered = circuits.probe_went_unanswered(OPEN, POLICY, at(1))
    assert not unanswered.confirmed
    assert circuits.is_probe_due(unanswered, at(1 + POLICY.silence_seconds))
    failed = circuits.probe_failed(OPEN, AWAY, POLICY, at(1), 0.0)
    assert circuits.probe_succeeded(failed, at(9)).confirmed


def test_a_person_brings_the_next_probe_forward() -> None:
    later = circuits.probe_failed(OPEN, AWAY, POLICY, at(0), 0.0)
    assert not circuits.is_probe_due(later, at(1))
    assert circuits.is_probe_due(circuits.probe_now(later, at(1)), at(1))
    assert circuits.probe_now(circuits.probe_began(OPEN), at(1)).next_probe_at is None, "one is under way already"
    assert circuits.probe_now(CLOSED, at(1)) == CLOSED


def test_who_was_parked_too_late_is_let_go_too() -> None:
    assert circuits.forgotten_ones(CLOSED, at(1)).state is CircuitState.RELEASING
    assert circuits.forgotten_ones(OPEN, at(1)) == OPEN


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True))
def test_probes_come_ever_later_but_never_later_than_the_longest_wait(count: int, chance: float) -> None:
    circuit, now, waits = OPEN, START, []
    for _ in range(count):
        circuit = circuits.probe_failed(circuit, AWAY, POLICY, now, chance)
        assert circuit.next_probe_at is not None
        waits.append((circuit.next_probe_at - now).total_seconds())
        now = circuit.next_probe_at
    assert waits == sorted(waits)
    assert POLICY.first_probe_seconds * 0.8 <= waits[0]
    assert waits[-1] <= POLICY.longest_probe_seconds


@given(st.floats(0, 1e7))
def test_the_release_is_throttled_at_any_time(seconds: float) -> None:
    rate = circuits.release_rate(RELEASING, POLICY, at(seconds))
    assert POLICY.release_per_second <= rate <= POLICY.release_most_per_second
    assert circuits.release_rate(OPEN, POLICY, at(seconds)) == 0


STEPS = st.sampled_from(["judge-bad", "judge-good", "probe", "fail", "silence", "reached", "try", "wait", "empty"])


@given(st.lists(st.tuples(STEPS, st.floats(0.1, 400)), max_size=60))
def test_in_any_order_of_things_an_open_circuit_has_a_probe_before_it_and_a_closed_one_none(  # noqa: C901 - a table
    steps: list[tuple[str, float]],
) -> None:
    circuit, now, probing = CLOSED, START, False
    for step, seconds in steps:
        now += timedelta(seconds=seconds)
        before = circuit
        match step:
            case "judge-bad":
                circuit = circuits.judge(circuit, [Sample(now, 5, 5, AWAY)], POLICY, now)
            case "judge-good":
                circuit = circuits.judge(circuit, [Sample(now, 50, 1, AWAY)], POLICY, now)
            case "probe" if circuits.is_probe_due(circuit, now):
                circuit, probing = circuits.probe_began(circuit), True
            case "fail" if probing:
                circuit, probing = circuits.probe_failed(circuit, AWAY, POLICY, now, 0.5), False
            case "silence" if probing:
                circuit, probing = circuits.probe_went_unanswered(circuit, POLICY, now), False
            case "reached" if probing:
                circuit, probing = circuits.probe_succeeded(circuit, now), False
            case "try":
                circuit = circuits.probe_now(circuit, now)
            case "wait":
                circuit = circuits.forgotten_ones(circuit, now)
            case "empty":
                circuit = circuits.drained(circuit, POLICY, now)
        is_open = circuit.state is CircuitState.OPEN
        assert is_open == (probing or circuit.next_probe_at is not None), "an open circuit is never left alone"
        if before.state is CircuitState.OPEN and not is_open:
            assert step == "reached", "only a probe that succeeded ends an outage"
        told = circuits.turned(before, circuit)
        assert (told is not None) == (before.state is not circuit.state or before.failed_probes < circuit.failed_probes)
