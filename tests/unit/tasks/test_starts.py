"""When a start is told."""

import threading
from datetime import UTC, datetime

import pytest

from howdah.contracts.messages import Start
from howdah.messaging.abstract import MessagingError
from howdah.runtime.clock import SystemClock
from howdah.tasks.starts import Starts, UntoldStart

START = Start(at=datetime.now(UTC), worker="w", topic="t", partition=0, offset=0, lane="fast")


def test_a_start_that_nobody_takes_is_told_a_moment_later() -> None:
    starts, told = Starts(SystemClock()), threading.Event()
    starts.start()
    for _ in range(2):
        told.clear()
        starts.hold(held := UntoldStart(START, told.set))
        assert told.wait(10)
        assert held.take() is None
    starts.close()


def test_a_start_is_told_once_whoever_asks() -> None:
    told: list[str] = []
    held = UntoldStart(START, lambda: told.append("told"))
    assert held.take() is START
    held.tell()
    assert held.take() is None
    assert told == []


def test_a_start_that_could_not_be_told_goes_with_the_outcome() -> None:
    def refuse() -> None:
        raise MessagingError("the producer is closed")

    held = UntoldStart(START, refuse)
    with pytest.raises(MessagingError):
        held.tell()
    assert held.take() is START
