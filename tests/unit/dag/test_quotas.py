"""The line in front of quotas: never more than allowed, fair by user, and everybody is told why."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from api_server.dag.quotas import Place, Quota, Waiting, Window, ordinal, take_turns
from tests.unit.dag.world import START

HUB = Quota("q", "g", "ClimateHub quota", 60, resource_id="r")


def place(owner: str = "ada", queue: str | None = "debug") -> Place:
    return Place("g", "r", queue, owner)


def waiting(name: str, owner: str = "ada", minutes: int | None = 60, **fields: str) -> Waiting:
    return Waiting(name, place(owner, **fields), "curlew", minutes, START + timedelta(seconds=int(name)))


def test_what_is_beyond_a_quota_is_told_its_place_and_the_reason() -> None:
    jobs = [waiting(str(number)) for number in range(6)]
    turn = take_turns(jobs, {place("bob"): 58}, [HUB], [], START)
    assert turn.granted == ("0", "1")
    assert turn.held["5"].reason == "ClimateHub quota: 60 of 60 jobs run on curlew"
    assert turn.held["5"].position == 4


def test_the_next_place_goes_to_whoever_has_the_fewest() -> None:
    jobs = [waiting(str(number), "ada") for number in range(5)] + [waiting("7", "bob"), waiting("8", "bob")]
    turn = take_turns(jobs, {place("ada"): 1}, [Quota("q", "g", "all", 4)], [], START)
    assert turn.granted == ("7", "0", "8")


def test_higher_priority_goes_first_and_within_one_the_line_is_fair() -> None:
    jobs = [
        *(waiting(str(number), "ada") for number in range(3)),
        *(replace(waiting(str(number), "bob"), priority=-5) for number in (3, 4)),
        replace(waiting("5", "ada"), priority=50),
        waiting("6", "eve"),
    ]
    turn = take_turns(jobs, {}, [Quota("q", "g", "all", 6)], [], START)
    assert turn.granted == ("5", "6", "0", "1", "2", "3")
    assert turn.held["4"].position == 1


def test_a_quota_of_each_user_holds_up_nobody_else() -> None:
    quota = Quota("q", "g", "a user's share", 1, each_user=True)
    jobs = [waiting("0", "ada"), waiting("1", "ada"), waiting("2", "bob")]
    turn = take_turns(jobs, {}, [quota], [], START)
    assert set(turn.granted) == {"0", "2"}
    assert turn.held["1"].reason == "a user's share: 1 of 1 jobs of ada run in the gateway"


def test_a_job_that_would_reach_into_a_maintenance_waits_and_a_shorter_one_does_not() -> None:
    window = Window("r", START + timedelta(hours=2), START + timedelta(hours=8), "new file system")
    jobs = [waiting("0", minutes=180), waiting("1", minutes=60), waiting("2", minutes=None)]
    turn = take_turns(jobs, {}, [], [window], START)
    assert turn.granted == ("1",)
    assert turn.held["0"].reason == (
        "curlew is in maintenance from 2026-01-01 02:00 to 2026-01-01 08:00 UTC (new file system), "
        "and its 180 minutes would reach into that"
    )
    assert "without a wall time limit it may reach" in turn.held["2"].reason
    after = take_turns(jobs, {}, [], [window], window.ends_at)
    assert len(after.granted) == 3


def test_places_in_line_are_words() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th")
    ]


@given(
    owners=st.lists(st.sampled_from("abc"), max_size=30),
    live=st.dictionaries(st.sampled_from("abc"), st.integers(0, 5)),
    total=st.integers(0, 12),
    each=st.integers(0, 5),
)
def test_no_quota_is_ever_exceeded_and_nobody_waits_while_all_have_room(
    owners: list[str], live: dict[str, int], total: int, each: int
) -> None:
    quotas = [Quota("t", "g", "total", total), Quota("e", "g", "each", each, each_user=True)]
    jobs = [waiting(str(number), owner) for number, owner in enumerate(owners)]
    turn = take_turns(jobs, {place(owner): count for owner, count in live.items()}, quotas, [], START)
    got = Counter(owners[int(name)] for name in turn.granted)
    after = Counter(live) + got
    if got:
        assert after.total() <= total
    assert all(after[owner] <= each for owner in got)
    assert {job.task_id for job in jobs} == {*turn.granted, *turn.held}
    if after.total() < total:
        assert all(after[owners[int(name)]] >= each for name in turn.held)
