import threading
from datetime import UTC, datetime

import pytest

from howdah.contracts.ids import ResourceId
from howdah.runtime.clock import SystemClock
from services.job_monitoring.book import Group
from services.job_monitoring.schedule import Rhythm, Schedule


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


def group(name: str) -> Group:
    return Group(ResourceId(name), f"user@{name}", None)


def test_a_quiet_resource_is_asked_ever_less_often_and_a_busy_one_often() -> None:
    rhythm = Rhythm(0.5, 60.0)
    interval = 0.5
    for _ in range(40):
        interval = rhythm.after(interval, changed=False, elapsed=0.01)
    assert interval == 60.0
    assert rhythm.after(interval, changed=True, elapsed=0.01) == 0.5


def test_a_slow_resource_is_left_alone_for_longer() -> None:
    assert Rhythm(0.5, 60.0).after(0.5, changed=True, elapsed=4.0) == pytest.approx(20.0)


def test_failures_are_backed_off_from_up_to_the_longest_interval() -> None:
    rhythm = Rhythm(0.5, 60.0)
    assert [rhythm.after_failures(times) for times in (1, 2, 3, 20)] == [2.0, 4.0, 8.0, 60.0]


def test_a_group_is_handed_out_to_one_thread_at_a_time() -> None:
    schedule = Schedule(4, HandClock())
    schedule.wake(group("a"))
    assert schedule.take() == group("a")
    schedule.wake(group("b"))
    assert schedule.take() == group("b")


def test_a_group_woken_while_it_is_asked_is_asked_once_more_at_once() -> None:
    schedule = Schedule(4, HandClock())
    schedule.wake(group("a"))
    schedule.take()
    schedule.wake(group("a"))
    schedule.give_back(group("a"), 60.0, suspect=False)
    assert schedule.take() == group("a")


def test_hanging_resources_leave_half_of_the_threads_to_the_others() -> None:
    clock = HandClock()
    schedule = Schedule(4, clock)
    for name in "abcd":
        schedule.wake(group(name))
    for _ in range(4):
        taken = schedule.take()
        assert taken is not None
        schedule.give_back(taken, 2.0, suspect=True)
    clock.seconds += 10.0
    busy = {schedule.take(), schedule.take()}
    schedule.wake(group("healthy"))
    assert schedule.take() == group("healthy")
    assert len(busy) == 2


def test_a_suspect_group_keeps_its_back_off_when_woken() -> None:
    schedule = Schedule(2, HandClock())
    schedule.wake(group("down"))
    schedule.take()
    schedule.give_back(group("down"), 30.0, suspect=True)
    schedule.wake(group("down"))
    schedule.wake(group("healthy"))
    assert schedule.take() == group("healthy")


def test_closing_lets_waiting_threads_go() -> None:
    schedule = Schedule(2, SystemClock())
    found: list[Group | None] = []
    thread = threading.Thread(target=lambda: found.append(schedule.take()))
    thread.start()
    schedule.close()
    thread.join(5)
    assert found == [None]
