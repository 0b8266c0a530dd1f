import threading

from howdah.messaging import InMemoryBroker, Record
from howdah.messaging.backend import Partition
from howdah.messaging.holdings import Holdings
from howdah.messaging.ledger import Ledger
from howdah.runtime.clock import SystemClock


def holdings(*partitions: int, window: int = 1_000) -> Holdings:
    made = Holdings(InMemoryBroker().connect().producer(), window, 10, SystemClock())
    for number in partitions:
        made.open(Partition("t", number), Ledger(0))
    return made


def records(partition: int, number: int) -> list[Record]:
    return [Record("t", partition, offset, None, b"x") for offset in range(number)]


def test_partitions_take_turns_however_deep_one_is() -> None:
    held = holdings(0, 1)
    held.receive(records(0, 100))
    held.receive(records(1, 3))
    taken = [held.take() for _ in range(6)]
    assert sorted(delivery.record.partition for delivery in taken if delivery) == [0, 0, 0, 1, 1, 1]


def test_records_of_a_partition_that_is_not_held_are_dropped_and_none_is_taken_in_twice() -> None:
    held = holdings(0)
    held.receive(records(9, 5))
    held.receive(records(0, 2))
    held.receive(records(0, 2))
    taken = [held.take(), held.take()]
    assert [delivery.record.offset for delivery in taken if delivery] == [0, 1]
    assert held.in_flight == 2
    held.receive(records(0, 3))
    third = held.take()
    assert third is not None
    assert third.record.offset == 2


def test_what_finishes_after_its_partition_went_changes_nothing() -> None:
    held = holdings(0)
    held.receive(records(0, 1))
    delivery = held.take()
    assert delivery is not None
    assert not held.withdraw([Partition("t", 0)], 0.05)
    assert delivery.canceled
    held.forget([Partition("t", 0)])
    delivery.returned()
    assert not held.dirty
    assert held.to_commit() == {}
    assert held.in_flight == 0


def test_a_withdrawal_waits_for_the_handler_and_keeps_what_it_finished() -> None:
    held = holdings(0)
    held.receive(records(0, 2))
    delivery = held.take()
    assert delivery is not None
    threading.Timer(0.1, delivery.returned).start()
    assert held.withdraw([Partition("t", 0)], 10.0)
    assert held.to_commit()[Partition("t", 0)].offset == 1


def test_an_error_of_a_cancel_callback_stops_nobody() -> None:
    held = holdings(0)
    held.receive(records(0, 1))
    delivery = held.take()
    assert delivery is not None
    called = threading.Event()
    delivery.on_cancel(_fail)
    delivery.on_cancel(called.set)
    held.cancel_running()
    assert called.is_set()
    late = threading.Event()
    delivery.on_cancel(late.set)
    assert late.is_set()


def _fail() -> None:
    raise OSError("the connection is closed already")


def test_a_held_partition_hands_out_nothing_and_goes_on_where_it_stood() -> None:
    held = holdings(0, 1)
    held.receive(records(0, 2))
    first = held.take()
    assert first is not None
    held.hold(lambda _, number: number == 0)
    held.receive(records(1, 1))
    other = held.take()
    assert other is not None
    assert other.record.partition == 1
    first.returned()
    assert held.to_commit()[Partition("t", 0)].offset == 1, "what was in hand is finished and acknowledged"
    held.hold(lambda *_: False)
    second = held.take()
    assert second is not None
    assert (second.record.partition, second.record.offset) == (0, 1)


def test_a_partition_that_arrives_held_hands_out_nothing_from_the_first_message_on() -> None:
    held = holdings(1)
    held.open(Partition("t", 0), Ledger(0), held=True)
    held.receive(records(0, 1))
    held.receive(records(1, 1))
    taken = held.take()
    assert taken is not None
    assert taken.record.partition == 1
