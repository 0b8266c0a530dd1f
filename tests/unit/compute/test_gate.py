import threading

import pytest

from howdah.compute.abstract import UNBOUNDED, Bounds
from howdah.compute.operation import Operation
from howdah.compute.ssh.gate import _RAISE_AFTER, SessionGate
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind

pytestmark = pytest.mark.timeout(30)


def _operation(seconds: float = 10.0, bounds: Bounds = UNBOUNDED) -> Operation:
    return Operation("test", "host", bounds, seconds)


def test_a_place_goes_to_who_waits_longest() -> None:
    gate, order = SessionGate(1), list[int]()
    gate.enter(_operation())
    threads = []
    for number in range(5):
        arrived = len(gate._waiting)

        def pass_through(number: int = number) -> None:
            gate.enter(_operation())
            order.append(number)
            gate.leave()

        threads.append(threading.Thread(target=pass_through))
        threads[-1].start()
        while len(gate._waiting) == arrived:
            threading.Event().wait(0.001)
    gate.leave()
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]


def test_a_refusal_halves_the_limit_and_success_raises_it_again() -> None:
    gate = SessionGate(4)
    gate.refused()
    assert gate.limit == 2
    gate.refused()
    gate.refused()
    assert gate.limit == 1
    for _ in range(_RAISE_AFTER):
        gate.granted()
    assert gate.limit == 2


def test_who_gives_up_leaves_no_place_taken() -> None:
    gate = SessionGate(1)
    gate.enter(_operation())
    with pytest.raises(TaskError) as caught:
        gate.enter(_operation(0.2))
    assert caught.value.failure.kind is FailureKind.TIMEOUT
    canceled = threading.Event()
    canceled.set()
    with pytest.raises(TaskError) as caught:
        gate.enter(_operation(bounds=Bounds(canceled=canceled)))
    assert caught.value.failure.kind is FailureKind.CANCELED
    gate.leave()
    gate.enter(_operation())
