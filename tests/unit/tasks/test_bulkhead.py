import threading
from datetime import UTC, datetime

import pytest

from howdah.tasks.bulkhead import MAX_DELAY_SECONDS, Bulkhead


class HandClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.seconds += seconds
        return event.is_set()


def test_beyond_its_share_a_resource_s_tasks_are_handed_back_at_the_resource_s_pace() -> None:
    clock = HandClock()
    bulkhead = Bulkhead(2, clock)
    assert bulkhead.enter("a") is None
    assert bulkhead.enter("a") is None
    delays = [bulkhead.enter("a") for _ in range(3)]
    # One second a task (the first guess) over two places: room for one every half second.
    assert delays == [pytest.approx(0.5), pytest.approx(1.0), pytest.approx(1.5)]


def test_one_full_resource_does_not_close_another() -> None:
    bulkhead = Bulkhead(1, HandClock())
    assert bulkhead.enter("a") is None
    assert bulkhead.enter("a") is not None
    assert bulkhead.enter("b") is None


def test_a_place_that_was_left_is_taken_again() -> None:
    bulkhead = Bulkhead(1, HandClock())
    assert bulkhead.enter("a") is None
    bulkhead.leave("a", 0.1)
    assert bulkhead.enter("a") is None


def test_a_slow_resource_s_delays_stay_bounded() -> None:
    bulkhead = Bulkhead(1, HandClock())
    assert bulkhead.enter("a") is None
    bulkhead.leave("a", 5_000.0)
    assert bulkhead.enter("a") is None
    assert max(bulkhead.enter("a") or 0.0 for _ in range(100)) <= MAX_DELAY_SECONDS
