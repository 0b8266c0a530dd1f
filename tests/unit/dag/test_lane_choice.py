"""A resource's lane follows its averages, does not go to and fro, and obeys who pins it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api_server.dag import lane_choice
from api_server.dag.circuits import Sample
from api_server.dag.lane_choice import LanePolicy, Pace
from howdah.contracts.topics import FAST, SLOW

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = START + timedelta(minutes=1)
POLICY = LanePolicy()
FRESH = Pace(FAST, since=START)


def of(seconds: float, failures: int = 0, attempts: int = 100) -> list[Sample]:
    return [Sample(START, attempts, failures, seconds=seconds * attempts)]


def test_a_resource_that_gets_slow_changes_its_lane_and_comes_back_when_it_is_quick_again() -> None:
    slow = lane_choice.chosen(lane_choice.observed(FRESH, of(30.0), POLICY), POLICY, LATER)
    assert slow.lane == SLOW
    quick = lane_choice.observed(slow, of(0.1), POLICY)
    assert lane_choice.chosen(quick, POLICY, LATER).lane == SLOW, "not at once"
    assert lane_choice.chosen(quick, POLICY, LATER + timedelta(minutes=1)).lane == FAST


def test_a_resource_that_often_fails_goes_to_the_slow_lane() -> None:
    assert lane_choice.chosen(lane_choice.observed(FRESH, of(0.1, failures=60), POLICY), POLICY, LATER).lane == SLOW


def test_a_pinned_lane_is_kept_and_an_absent_resource_is_slow() -> None:
    quick = lane_choice.observed(FRESH, of(0.1), POLICY)
    assert lane_choice.chosen(quick, POLICY, LATER, SLOW).lane == SLOW
    assert lane_choice.chosen(quick, POLICY, LATER, FAST, away=True).lane == FAST
    assert lane_choice.chosen(quick, POLICY, LATER, away=True).lane == SLOW


def test_two_slow_tasks_in_a_hundred_change_nothing() -> None:
    assert lane_choice.chosen(lane_choice.observed(FRESH, of(0.02 * 5.0), POLICY), POLICY, LATER).lane == FAST


@given(st.floats(POLICY.fast_below_seconds, POLICY.slow_above_seconds), st.sampled_from([FAST, SLOW]))
def test_between_the_thresholds_it_stays_where_it_is(seconds: float, lane: str) -> None:
    pace = Pace(lane, since=START, seconds=seconds)
    assert lane_choice.chosen(pace, POLICY, LATER) == pace


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1_000), st.floats(0, 1)), max_size=40))
def test_averages_stay_within_what_was_seen(seen: list[tuple[int, float, float]]) -> None:
    samples = [Sample(START, count, int(count * share), seconds=mean * count) for count, mean, share in seen]
    pace = lane_choice.observed(FRESH, samples, POLICY)
    means = [one.seconds / one.attempts for one in samples if one.attempts]
    assert 0 <= pace.failures <= 1
    if means:
        assert pace.seconds is not None
        assert min(means) - 1e-6 <= pace.seconds <= max(means) + 1e-6
    else:
        assert pace.seconds is None
