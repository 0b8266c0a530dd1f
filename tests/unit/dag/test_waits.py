from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.dag.waits import FRESH_FOR, Asked, Seen, estimated
from howdah.contracts.looks import QueueReport, QueueState

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
ONE_CORE = Asked("batch", 1, 60)


def seen(*queues: QueueState, ago: float = 30) -> Seen:
    return Seen(NOW - timedelta(seconds=ago), QueueReport(queues=queues))


def batch(pending: int, running: int, free: int | None) -> QueueState:
    return QueueState(name="batch", starts_jobs=True, pending=pending, running=running, free_cores=free)


def test_a_job_starts_at_once_where_the_free_cores_suffice_for_it_and_for_those_ahead() -> None:
    assert estimated(seen(batch(2, 5, 3)), ONE_CORE, 0, NOW).seconds == 0
    assert estimated(seen(batch(2, 5, 2)), ONE_CORE, 0, NOW).seconds == 3 / 5 * 3600
    assert estimated(seen(batch(0, 5, 3)), ONE_CORE, 3, NOW).seconds == 4 / 5 * 3600


def test_where_free_cores_are_not_told_an_empty_line_starts_at_once() -> None:
    assert estimated(seen(batch(0, 5, None)), ONE_CORE, 0, NOW).seconds == 0
    assert estimated(seen(batch(4, 0, None)), ONE_CORE, 0, NOW).seconds == 5 * 3600


@pytest.mark.parametrize(
    ("known", "asked", "words"),
    [
        (None, ONE_CORE, "not been looked at yet"),
        (seen(batch(0, 0, 9), ago=601), ONE_CORE, "last seen 10 min ago"),
        (Seen(NOW, None), ONE_CORE, "could not be read"),
        (seen(batch(0, 0, 9)), Asked("gpu", 1, 60), "no queue gpu"),
        (seen(batch(0, 0, 9), batch(0, 0, 9)), Asked(None, 1, 60), "no queue was named"),
    ],
)
def test_what_is_not_known_or_stale_is_said_and_not_guessed(known: Seen | None, asked: Asked, words: str) -> None:
    told = estimated(known, asked, 0, NOW)
    assert told.seconds is None
    assert words in told.words


def test_a_queue_that_is_down_starts_nothing() -> None:
    stopped = batch(0, 0, 100).model_copy(update={"starts_jobs": False})
    assert estimated(seen(stopped), ONE_CORE, 0, NOW).stopped == "its queue batch starts no jobs at the moment"


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.integers(0, 10**4),
    st.floats(0, 1e5),
)
def test_a_longer_line_never_means_a_shorter_wait(
    pending: int, running: int, free: int | None, ours: int, ago: float
) -> None:
    first = estimated(seen(batch(pending, running, free), ago=ago), ONE_CORE, ours, NOW).seconds
    longer = estimated(seen(batch(pending + 1, running, free), ago=ago), ONE_CORE, ours + 1, NOW).seconds
    assert (first is None) == (longer is None) == (timedelta(seconds=ago) > FRESH_FOR)
    assert first is None or longer is None or 0 <= first <= longer
