from typing import Any

import pytest

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
