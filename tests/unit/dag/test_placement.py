from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.dag.placement import Candidate, choose
from howdah.contracts.ids import ResourceId

A, B, C = (ResourceId(letter) for letter in "abc")


def one(resource_id: ResourceId, **known: Any) -> Candidate:  # noqa: ANN401 - the fields of Candidate
    return Candidate(resource_id, f"cluster {resource_id}")._replace(**known)


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([one(A), one(B)], A),
        ([one(A, waiting=1), one(B)], B),
        ([one(A, unfit="too small"), one(B, waiting=9)], B),
        ([one(A, away="no route"), one(B, waiting=9)], B),
        ([one(A, held="drained for maintenance"), one(B, waiting=9)], B),
        ([one(A, away="no route"), one(B, held="60 of 60 jobs run")], B),
        ([one(A, longest_wait_seconds=900), one(B, running=50)], B),
        ([one(A, running=2), one(B, running=1)], B),
        ([one(A, longest_wait_seconds=20), one(B, longest_wait_seconds=10)], A),
    ],
    ids=[
        "as named",
        "fewest wait",
        "fits",
        "reachable",
        "no line",
        "a line moves",
        "a queue that moves",
        "room",
        "alike",
    ],
)
def test_the_first_rule_that_tells_two_apart_decides(candidates: list[Candidate], chosen: ResourceId) -> None:
    placement = choose(candidates)
    assert placement is not None
    assert placement.resource_id == chosen


def test_the_reason_names_what_is_known_of_the_one_and_of_all() -> None:
    placement = choose([one(A, away="No route to host."), one(B, waiting=2, running=5, longest_wait_seconds=720)])
    assert placement is not None
    assert placement.reason == (
        "cluster b was chosen of 2: 2 of our runs wait there, 5 run, its queue has kept one waiting for 12 min"
    )
    assert [one.words for one in placement.considered] == [
        "it is away (No route to host.); 0 of our runs wait there, 0 run",
        "2 of our runs wait there, 5 run, its queue has kept one waiting for 12 min",
    ]


def test_when_all_are_away_it_waits_for_the_one_where_the_fewest_wait() -> None:
    placement = choose([one(A, away="down", waiting=3), one(B, away="down"), one(C, unfit="disabled")])
    assert placement is not None
    assert placement.resource_id == B


def test_where_none_can_run_it_there_is_no_choice() -> None:
    assert choose([one(A, unfit="too small"), one(B, unfit="disabled")]) is None


WAITS = st.none() | st.floats(min_value=0, max_value=1e6)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        resource_id=st.uuids().map(lambda one: ResourceId(str(one))),
        name=st.sampled_from(["a", "b", "c"]),
        unfit=st.sampled_from(["", "", "too small"]),
        away=st.sampled_from(["", "", "no route"]),
        held=st.sampled_from(["", "", "full"]),
        waiting=st.integers(0, 5),
        running=st.integers(0, 5),
        longest_wait_seconds=st.floats(min_value=0, max_value=1e6),
        expected_wait_seconds=WAITS,
        queue_words=st.just(""),
    ),
    unique_by=lambda one: one.resource_id,
    min_size=1,
    max_size=6,
)


@given(CANDIDATES)
def test_no_open_candidate_has_a_shorter_wait_than_the_chosen_one_where_all_are_known(some: list[Candidate]) -> None:
    placement = choose(some)
    fit = [one for one in some if not one.unfit]
    assert (placement is None) == (not fit)
    if placement is None:
        return
    best = next(one for one in some if one.resource_id == placement.resource_id)
    open_ones = [one for one in fit if not one.away and not one.held]
    assert not best.unfit
    assert best in open_ones or not open_ones
    waits = [one.expected_wait_seconds for one in open_ones]
    if not open_ones:
        return
    if all(wait is not None for wait in waits):
        shortest = min(wait for wait in waits if wait is not None)
        assert int((best.expected_wait_seconds or 0) / 60) == int(shortest / 60)
        assert "did not count" not in placement.reason
    else:
        assert best.waiting == min(one.waiting for one in open_ones)
        assert len(open_ones) == 1 or "did not count" in placement.reason
