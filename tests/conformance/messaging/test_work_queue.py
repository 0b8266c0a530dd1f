import threading
from collections import Counter

import pytest

from howdah.contracts.topics import Mode
from howdah.messaging import Delivery, DeliveryCanceledError, MessagingError, Outgoing, ledger
from tests.conformance.messaging.harness import Bench, Gate, TwinHarness, topic_of, until

pytestmark = pytest.mark.timeout(120, func_only=True)


def values(number: int, start: int = 0) -> list[bytes]:
    return [b"%d" % index for index in range(start, start + number)]


def test_every_message_is_handled_exactly_once_in_calm(bench: Bench) -> None:
    bench.create(4)
    bench.write(*values(500), partition=None)
    gate = Gate()
    bench.replica(gate)
    bench.write(*values(500, 500), partition=None)
    bench.until_acknowledged(1_000)
    assert Counter(gate.done) == Counter(values(1_000))


def test_a_slow_message_holds_up_no_other(bench: Bench) -> None:
    bench.create(1)
    bench.write(*values(300))
    gate = Gate(b"7")
    bench.replica(gate, threads=4)
    bench.until_acknowledged(299)
    assert bench.unfinished() == [(0, 7)]
    gate.let_go()
    bench.until_acknowledged(300)
    assert Counter(gate.done) == Counter(values(300))


def test_the_next_replica_handles_exactly_what_the_last_left_unfinished(bench: Bench) -> None:
    bench.create(2)
    bench.write(*values(200), partition=None)
    left = {b"3", b"50", b"51", b"120"}
    first = Gate(*left)
    replica = bench.replica(first, threads=8, drain_grace_seconds=0.2, revoke_grace_seconds=0.2)
    bench.until_acknowledged(196)
    replica.stop()
    second = Gate()
    bench.replica(second)
    bench.until_acknowledged(200)
    assert Counter(second.done) == Counter(left)
    first.let_go()


def test_what_ends_within_the_grace_of_the_drain_is_acknowledged(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"slow", b"waits")
    began, finish = threading.Event(), threading.Event()
    done = []

    def handler(delivery: Delivery) -> None:
        began.set()
        assert finish.wait(20)
        done.append((delivery.record.value, delivery.canceled))

    replica = bench.replica(handler, threads=1)
    assert began.wait(20)
    replica.runner.stop()
    threading.Timer(0.3, finish.set).start()
    replica.stop()
    assert done == [(b"slow", False)]
    assert bench.acknowledged() == 1


def test_a_handler_that_outlives_the_patience_is_canceled_and_its_message_stays(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"endless")
    began, canceled = threading.Event(), threading.Event()

    def handler(delivery: Delivery) -> None:
        delivery.on_cancel(canceled.set)
        began.set()
        assert canceled.wait(20)
        assert delivery.canceled
        raise DeliveryCanceledError("stopped as asked")

    replica = bench.replica(handler, drain_grace_seconds=2.0)
    assert began.wait(20)
    replica.stop()
    assert canceled.is_set()
    again = Gate()
    bench.replica(again)
    bench.until_acknowledged(1)
    assert again.done == [b"endless"]


def test_a_replica_that_joins_takes_its_share_and_nothing_is_handled_twice(bench: Bench) -> None:
    bench.create(6)
    handled: Counter[bytes] = Counter()
    lock = threading.Lock()
    by_replica: Counter[str] = Counter()

    def handler_of(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a Handler
        def handle(delivery: Delivery) -> None:
            threading.Event().wait(0.002)
            with lock:
                handled[delivery.record.value or b""] += 1
                by_replica[name] += 1

        return handle

    bench.replica(handler_of("first"), client_id="first")
    bench.write(*values(300), partition=None)
    until(lambda: by_replica["first"] > 50, "the first replica is at work")
    second = bench.replica(handler_of("second"), client_id="second")
    sent = 300
    while by_replica["second"] < 50:
        assert sent < 20_000
        bench.write(*values(100, sent), partition=None)
        until(lambda before=sent: sum(handled.values()) > before, "the replicas keep up")  # type: ignore[misc]  # mypy can't infer a lambda's default
        sent += 100
    bench.until_acknowledged(sent)
    second.stop()
    bench.write(*values(100, sent), partition=None)
    bench.until_acknowledged(sent + 100)
    assert set(handled.values()) == {1}
    assert len(handled) == sent + 100


def test_a_running_handler_is_canceled_when_its_partition_moves_away(bench: Bench) -> None:
    bench.create(2)
    bench.write(b"a", b"b", partition=None)
    canceled: list[int] = []
    lock = threading.Lock()

    def endless(delivery: Delivery) -> None:
        stop = threading.Event()
        delivery.on_cancel(stop.set)
        assert stop.wait(60)
        with lock:
            canceled.append(delivery.record.partition)
        raise DeliveryCanceledError("its partition moves away")

    first = bench.replica(endless, client_id="first", drain_grace_seconds=1.0)
    until(lambda: len(bench.harness.committed(bench.group, bench.topic, 2)) == 2, "the group is registered")
    second = Gate()
    bench.replica(second, client_id="second")
    until(lambda: len(second.done) == 1, "the second replica handles what the first was canceled in")
    assert len(canceled) == 1
    until(lambda: bench.acknowledged() == 1, "it is acknowledged")
    first.stop()
    bench.until_acknowledged(2)


def test_nobody_commits_what_it_does_not_own(bench: Bench) -> None:
    assert isinstance(bench.harness, TwinHarness)
    bench.create(6)
    gate = Gate()
    first = bench.replica(gate, client_id="first")
    sent = 0
    for round_ in range(6):
        bench.write(*values(200, sent), partition=None)
        sent += 200
        if round_ % 2 == 0:
            joined = bench.replica(gate, client_id="second")
        else:
            bench.harness.broker.expel("first")
            joined.stop()
        bench.until_acknowledged(sent)
    first.stop()
    assert set(gate.done) == set(values(sent))
    assert bench.harness.broker.foreign_commits == []


def test_the_window_counts_unfinished_messages(bench: Bench) -> None:
    bench.create(1)
    bench.write(*values(40))
    gate = Gate(*values(40))
    bench.replica(gate, threads=16, window_per_partition=5)
    until(lambda: len(gate.begun) == 5, "the window is full")
    assert not threading.Event().wait(0.3)
    assert len(gate.begun) == 5
    gate.let_go()
    bench.until_acknowledged(40)


def test_a_long_ledger_pauses_its_partition(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "PAUSE_METADATA_CHARS", 60)
    monkeypatch.setattr(ledger, "_MEASURE_FROM", 4)
    monkeypatch.setattr(ledger, "_MEASURE_EVERY", 1)
    bench.create(1)
    bench.write(*values(4_000))
    gate = Gate(*(b"%d" % (index * index) for index in range(64)))
    bench.replica(gate, threads=64)
    until(lambda: bench.acknowledged() > 100 and len(bench.unfinished()) > 10, "the ledger has grown")
    until(lambda: _still(gate), "the partition is paused")
    assert len(gate.begun) < 4_000
    said = bench.harness.committed(bench.group, bench.topic, 1)[0]
    assert 40 <= len(said.metadata) <= 64
    gate.let_go()
    bench.until_acknowledged(4_000)
    assert Counter(gate.done) == Counter(values(4_000))


def _still(gate: Gate) -> bool:
    before = len(gate.begun)
    threading.Event().wait(0.3)
    return len(gate.begun) == before


@pytest.mark.parametrize("errors", [(27,), (27, 27, 27, 27)], ids=["once", "again and again"])
def test_refused_commits_are_made_good(bench: Bench, errors: tuple[int, ...]) -> None:
    gate = _refused_in_the_middle(bench, errors)
    assert Counter(gate.done) == Counter(values(100))


def test_a_coordinator_that_is_looked_for_during_a_commit_loses_nothing(bench: Bench) -> None:
    # The client may look for longer than the session lasts: then the member is thrown out, and messages come again.
    gate = _refused_in_the_middle(bench, (15,))
    assert set(gate.done) == set(values(100))


def _refused_in_the_middle(bench: Bench, errors: tuple[int, ...]) -> Gate:
    bench.create(2)
    gate = Gate()
    bench.write(*values(50), partition=None)
    bench.replica(gate)
    bench.until_acknowledged(50)
    bench.harness.refuse_commits(*errors)
    bench.write(*values(50, 50), partition=None)
    bench.until_acknowledged(100)
    return gate


def test_a_member_that_was_thrown_out_commits_nothing_and_comes_back(bench: Bench) -> None:
    bench.create(2)
    gate = Gate()
    bench.write(*values(50), partition=None)
    bench.replica(gate)
    bench.until_acknowledged(50)
    bench.harness.refuse_commits(25)
    if isinstance(bench.harness, TwinHarness):
        bench.harness.broker.expel("replica")
    bench.write(*values(50, 50), partition=None)
    bench.until_acknowledged(100)
    assert set(gate.done) == set(values(100))
    assert Counter(gate.done)[b"1"] == 1


def test_a_new_group_begins_at_the_earliest_message(bench: Bench) -> None:
    bench.create(3)
    bench.write(*values(30), partition=None)
    bench.replica(Gate())
    bench.until_acknowledged(30)
    assert len(bench.harness.committed(bench.group, bench.topic, 3)) == 3


def test_an_offset_outside_the_log_stops_the_consumer(bench: Bench) -> None:
    bench.create(1)
    bench.write(*values(10))
    bench.harness.commit_by_hand(bench.group, bench.topic, 5_000)
    gate = Gate()
    error = bench.replica(gate).until_ended()
    assert "outside the log" in str(error)
    assert bench.topic in str(error)
    assert gate.begun == []


def test_a_ledger_of_a_newer_release_stops_the_consumer(bench: Bench) -> None:
    bench.create(1)
    bench.write(*values(10))
    bench.harness.commit_by_hand(bench.group, bench.topic, 2, "2zAAAA")
    error = bench.replica(Gate()).until_ended()
    assert "version 2" in str(error)


def test_metadata_of_another_program_means_delivery_from_the_watermark(bench: Bench) -> None:
    bench.create(1)
    bench.write(*values(10))
    bench.harness.commit_by_hand(bench.group, bench.topic, 4, "somebody else's words")
    gate = Gate()
    bench.replica(gate)
    bench.until_acknowledged(10)
    assert Counter(gate.done) == Counter(values(6, 4))


def test_a_topic_that_does_not_exist_stops_the_consumer(bench: Bench) -> None:
    bench.partitions = 1
    error = bench.replica(Gate()).until_ended()
    assert "does not exist" in str(error)


def test_trouble_is_told_until_it_runs_and_after_it_ended(bench: Bench) -> None:
    bench.create(1)
    replica = bench.replica(Gate())
    until(lambda: replica.runner.trouble() is None, "all is well")
    replica.stop()
    assert "stopped" in (replica.runner.trouble() or "")


def test_emissions_stand_before_the_acknowledgement(bench: Bench) -> None:
    bench.create(2)
    events = f"{bench.topic}-events"
    bench.harness.create(topic_of(events, 2, Mode.ORDERED_BATCHES))
    bench.write(*values(100), partition=None)

    def handler(delivery: Delivery) -> None:
        delivery.emit(Outgoing(events, delivery.record.value, key=b"k"))

    bench.replica(handler)
    bench.until_acknowledged(100)
    assert {record.value for record in bench.read(events, 100)} == set(values(100))


def test_a_message_whose_emission_failed_is_not_acknowledged_but_handled_again(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"a", b"b")
    tries: Counter[bytes] = Counter()
    acknowledged_between = []

    def handler(delivery: Delivery) -> None:
        value = delivery.record.value or b""
        tries[value] += 1
        if value == b"a" and tries[value] <= 2:
            delivery.emit(Outgoing(bench.topic, b"to nowhere", partition=99))
        elif value == b"a":
            acknowledged_between.append(bench.unfinished())

    bench.replica(handler)
    bench.until_acknowledged(2)
    assert tries == {b"a": 3, b"b": 1}
    assert acknowledged_between == [[(0, 0)]]


def test_emitting_after_the_handler_returned_is_refused(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"a")
    kept: list[Delivery] = []
    bench.replica(kept.append)
    bench.until_acknowledged(1)
    with pytest.raises(MessagingError, match="after the handler had returned"):
        kept[0].emit(Outgoing(bench.topic, b"late"))


def test_a_held_partition_waits_in_its_order_while_the_others_are_handled_and_what_is_in_hand_is_finished(
    bench: Bench,
) -> None:
    bench.create(2)
    bench.write(b"begun", b"waits", b"waits too", partition=0)
    held, gate = threading.Event(), Gate(b"begun")
    replica = bench.replica(gate, threads=1, is_held=lambda _, number: held.is_set() and number == 0)
    until(lambda: gate.begun == [b"begun"], "the first message in hand")
    held.set()
    until(lambda: any(one.held for report in replica.runner.reports() for one in report.partitions), "held")
    gate.let_go()
    bench.write(b"other", partition=1)
    bench.until_acknowledged(2)
    assert gate.done == [b"begun", b"other"]
    held.clear()
    bench.until_acknowledged(4)
    assert gate.done == [b"begun", b"other", b"waits", b"waits too"]
