"""What a schedule does with its moments: on time, missed, while an earlier run goes on."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api_server.dag.schedules import CatchUp, Overlap, Rule, Turn, take_turn

TEN = datetime(2026, 11, 28, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=2)


def hourly(catch_up: CatchUp = CatchUp.ONE, overlap: Overlap = Overlap.WAIT, limit: int = 3) -> Rule:
    return Rule("0 * * * *", "UTC", catch_up, limit, overlap)


def turn_at(rule: Rule, now: datetime, *, live: bool = False, waiting: tuple[datetime, ...] = ()) -> Turn:
    return take_turn(rule, TEN, now, live=live, waiting=waiting)


def test_before_its_moment_nothing_happens() -> None:
    turn = turn_at(hourly(), TEN - SOON)
    assert turn == Turn(next_at=TEN)


def test_on_time_it_is_launched_once_and_the_next_moment_is_known() -> None:
    for catch_up in CatchUp:
        turn = turn_at(hourly(catch_up), TEN + SOON)
        assert (turn.launched, turn.left_out, turn.next_at) == ([TEN], [], TEN + HOUR)


def test_of_missed_moments_skip_runs_none_one_the_latest_and_all_the_latest_few() -> None:
    now = TEN + 5 * HOUR + HOUR / 2  # 10, 11, 12, 13, 14 and 15 o'clock were missed.
    skipped = turn_at(hourly(CatchUp.SKIP), now)
    assert skipped.launched == []
    assert [(one.due_at, one.number) for one in skipped.left_out] == [(TEN + 5 * HOUR, 6)]
    assert skipped.left_out[0].reason == (
        "6 moments from 2026-11-28 10:00 UTC to 2026-11-28 15:00 UTC were missed while no orchestrator worked; "
        "catch_up is skip"
    )
    one = turn_at(hourly(CatchUp.ONE), now)
    assert one.launched == [TEN + 5 * HOUR]
    assert [(each.due_at, each.number) for each in one.left_out] == [(TEN + 4 * HOUR, 5)]
    every = turn_at(hourly(CatchUp.ALL, Overlap.ALLOW), now)
    assert every.launched == [TEN + 3 * HOUR, TEN + 4 * HOUR, TEN + 5 * HOUR]
    assert [(each.due_at, each.number) for each in every.left_out] == [(TEN + 2 * HOUR, 3)]
    assert {turn.next_at for turn in (skipped, one, every)} == {TEN + 6 * HOUR}


def test_skip_still_runs_the_moment_that_is_on_time() -> None:
    turn = turn_at(hourly(CatchUp.SKIP), TEN + 2 * HOUR + SOON)
    assert turn.launched == [TEN + 2 * HOUR]
    assert turn.left_out[0].number == 2


def test_while_a_run_goes_on_allow_starts_skip_leaves_out_wait_waits_cancel_takes_its_place() -> None:
    now = TEN + SOON
    assert turn_at(hourly(overlap=Overlap.ALLOW), now, live=True).launched == [TEN]
    skipped = turn_at(hourly(overlap=Overlap.SKIP), now, live=True)
    assert (skipped.launched, [one.due_at for one in skipped.left_out]) == ([], [TEN])
    waits = turn_at(hourly(overlap=Overlap.WAIT), now, live=True)
    assert (waits.launched, waits.waiting) == ([], [TEN])
    canceled = turn_at(hourly(overlap=Overlap.CANCEL), now, live=True)
    assert (canceled.launched, canceled.cancels) == ([TEN], True)


def test_those_that_wait_go_one_after_the_other_and_not_too_many_wait() -> None:
    rule = hourly(limit=2)
    waiting = (TEN - 2 * HOUR, TEN - HOUR)
    full = turn_at(rule, TEN + SOON, live=True, waiting=waiting)
    assert (full.launched, full.waiting) == ([], [])
    assert full.left_out[0].reason == "an earlier run had not ended and 2 waited already"
    free = take_turn(rule, TEN + HOUR, TEN + SOON, live=False, waiting=waiting)
    assert (free.launched, free.waiting, free.left_out) == ([TEN - 2 * HOUR], [], [])
    assert free.next_at == TEN + HOUR


def test_caught_up_moments_wait_for_each_other() -> None:
    turn = turn_at(hourly(CatchUp.ALL), TEN + 2 * HOUR + HOUR / 2)
    assert (turn.launched, turn.waiting) == ([TEN], [TEN + HOUR, TEN + 2 * HOUR])


def test_years_of_missed_minutes_cost_little_and_are_counted_as_far_as_a_month() -> None:
    rule = Rule("* * * * *", "Europe/Berlin", CatchUp.ONE)
    turn = take_turn(rule, TEN - timedelta(days=3_000), TEN + SOON, live=False, waiting=())
    assert turn.launched == [TEN]
    assert turn.left_out[0].number == 31 * 24 * 60 - 1
    assert turn.next_at == TEN + timedelta(minutes=1)


@given(
    st.sampled_from(CatchUp),
    st.sampled_from(Overlap),
    st.integers(1, 5),
    st.integers(-1, 30),
    st.booleans(),
    st.integers(0, 4),
)
def test_every_moment_is_accounted_for_exactly_once(  # noqa: PLR0917 - what hypothesis draws
    catch_up: CatchUp,
    overlap: Overlap,
    limit: int,
    hours: int,
    live: bool,
    waited: int,
) -> None:
    now = TEN + hours * HOUR + SOON
    waiting = tuple(TEN - number * HOUR for number in range(waited, 0, -1))
    turn = turn_at(hourly(catch_up, overlap, limit), now, live=live, waiting=waiting)
    fresh = [at for at in turn.launched if at >= TEN]
    left_out = sum(one.number for one in turn.left_out if one.due_at >= TEN)
    assert len(fresh) + len(turn.waiting) + left_out == max(0, hours + 1)
    told = [*turn.launched, *turn.waiting, *(one.due_at for one in turn.left_out)]
    assert len(told) == len(set(told))
    assert turn.next_at == (now.replace(minute=0, second=0) + HOUR if hours >= 0 else TEN)
