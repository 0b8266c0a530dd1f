"""Moments of cron expressions: each once, in order, and on the days on which clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.dag.cron import moments, problems_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def first(count: int, cron: str, zone: str, after: str) -> list[str]:
    found = islice(moments(cron, zone, datetime.fromisoformat(after).replace(tzinfo=UTC)), count)
    return [f"{at:%m-%d %H:%M}" for at in found]


def test_a_time_of_day_is_that_of_its_zone_in_winter_and_in_summer() -> None:
    assert first(1, "30 2 * * *", "Europe/Berlin", "2026-01-10") == ["01-10 01:30"]
    assert first(1, "30 2 * * *", "Europe/Berlin", "2026-07-10") == ["07-10 00:30"]
    assert first(1, "30 2 * * *", "America/New_York", "2026-07-10") == ["07-10 06:30"]
    assert first(1, "0 12 * * *", "Asia/Kolkata", "2026-07-10") == ["07-10 06:30"]


def test_a_time_that_the_clocks_jump_over_is_due_right_after_the_jump_and_only_once() -> None:
    # Berlin, 29 March 2026: 02:00 CET is followed by 03:00 CEST, which is 01:00 UTC.
    assert first(3, "30 2 * * *", "Europe/Berlin", "2026-03-28") == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]
    assert first(3, "15,45 2 * * *", "Europe/Berlin", "2026-03-28T12:00") == [
        "03-29 01:00",
        "03-30 00:15",
        "03-30 00:45",
    ]
    assert first(2, "30 2,3 * * *", "Europe/Berlin", "2026-03-29") == ["03-29 01:00", "03-29 01:30"]


def test_a_time_that_comes_twice_is_due_the_first_time() -> None:
    # Berlin, 25 October 2026: 02:00–03:00 comes as CEST (from 00:00 UTC) and again as CET (from 01:00 UTC).
    assert first(2, "30 2 * * *", "Europe/Berlin", "2026-10-25") == ["10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize("within", ["2026-10-25T00:30", "2026-10-25T00:45", "2026-10-25T01:00", "2026-10-25T01:45"])
def test_asked_again_within_the_hour_that_comes_twice_nothing_is_due_a_second_time(within: str) -> None:
    assert first(1, "30 2 * * *", "Europe/Berlin", within) == ["10-26 01:30"]


def test_what_goes_by_hours_or_minutes_goes_on_in_real_time() -> None:
    hourly = first(4, "0 * * * *", "Europe/Berlin", "2026-10-24T23:30")
    assert hourly == ["10-25 00:00", "10-25 01:00", "10-25 02:00", "10-25 03:00"]
    assert first(3, "0 * * * *", "Europe/Berlin", "2026-03-28T23:30") == ["03-29 00:00", "03-29 01:00", "03-29 02:00"]


def test_a_zone_whose_clocks_jump_by_half_an_hour() -> None:
    # Lord Howe, 4 October 2026: 02:00 is followed by 02:30 (15:30 UTC of the day before).
    assert first(2, "15 2 * * *", "Australia/Lord_Howe", "2026-10-03") == ["10-03 15:30", "10-04 15:15"]


def test_the_day_that_a_zone_left_out_has_no_moment_of_its_own() -> None:
    # Samoa went from 29 to 31 December 2011: the moment of the 30th comes right after the jump.
    assert first(3, "0 9 * * *", "Pacific/Apia", "2011-12-29") == ["12-29 19:00", "12-30 10:00", "12-30 19:00"]


def test_rare_days_and_ends_of_months() -> None:
    assert first(2, "0 0 29 2 *", "UTC", "2026-01-01") == ["02-29 00:00", "02-29 00:00"]
    assert first(2, "0 0 L * *", "UTC", "2026-02-01") == ["02-28 00:00", "03-31 00:00"]
    assert first(2, "0 8 * * mon#1", "UTC", "2026-01-01") == ["01-05 08:00", "02-02 08:00"]


@pytest.mark.parametrize(
    ("cron", "zone", "field", "words"),
    [
        ("30 2 * *", "UTC", "cron", "five fields"),
        ("0 30 2 * * *", "UTC", "cron", "five fields"),
        ("61 2 * * *", "UTC", "cron", "no legal minute"),
        ("0 2 * * nosuchday", "UTC", "cron", "no legal day of week"),
        ("0 0 31 2 *", "UTC", "cron", "no legal day of month"),
        ("@daily", "UTC", "cron", "five fields"),
        ("0 2 * * *", "Europe/Atlantis", "time_zone", "IANA"),
        ("0 2 * * *", "../../etc/passwd", "time_zone", "IANA"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_right(cron: str, zone: str, field: str, words: str) -> None:
    [problem] = problems_of(cron, zone, NOW)
    assert problem.field == field
    assert words in problem.message


def test_what_is_right_has_no_problem() -> None:
    assert problems_of("*/15 8-18 * jan-jun mon-fri", "America/Sao_Paulo", NOW) == []
    assert problems_of("0 0 29 2 *", "UTC", datetime(2096, 3, 1, tzinfo=UTC)) == []


FIELDS = st.tuples(
    st.sampled_from(["0", "30", "*/20", "5,50", "*", "15-45/15"]),
    st.sampled_from(["2", "1,2,3", "*", "*/3", "0-4"]),
    st.sampled_from(["*", "1", "25-31", "L"]),
    st.sampled_from(["*", "3,10", "1"]),
    st.sampled_from(["*", "sun", "mon-fri"]),
).map(" ".join)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
INSTANTS = st.integers(0, 2 * 366 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@given(FIELDS, ZONES, INSTANTS)
def test_moments_rise_and_none_is_lost_or_told_twice_wherever_one_begins_to_ask(
    cron: str, zone: str, after: datetime
) -> None:
    found = list(islice(moments(cron, zone, after), 30))
    assert all(earlier < later for earlier, later in zip([after, *found], found, strict=False))
    for number, moment in enumerate(found[:-1]):
        assert next(moments(cron, zone, moment)) == found[number + 1]
        assert next(moments(cron, zone, moment - timedelta(microseconds=1))) == moment
