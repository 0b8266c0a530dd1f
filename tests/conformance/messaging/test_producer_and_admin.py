from dataclasses import replace

import pytest

from howdah.contracts.topics import Mode
from howdah.messaging import DeliveryError, MessagingError, Outgoing
from tests.conformance.messaging.harness import Bench, Gate, topic_of, until

pytestmark = pytest.mark.timeout(120, func_only=True)


def test_all_is_written_and_acknowledged(bench: Bench) -> None:
    bench.create(2)
    bench.messaging.producer().send_all(
        Outgoing(bench.topic, b"%d" % index, partition=index % 2, headers=(("n", b"%d" % index),))
        for index in range(1_000)
    )
    found = bench.read(bench.topic, 1_000)
    assert {record.value for record in found} == {b"%d" % index for index in range(1_000)}
    assert all(record.headers == (("n", record.value),) for record in found)
    assert all(record.timestamp_ms > 0 for record in found)


def test_a_key_goes_to_one_partition_and_a_tombstone_has_no_value(bench: Bench) -> None:
    bench.create(5)
    bench.messaging.producer().send_all(
        Outgoing(bench.topic, None, key=b"key-%d" % (index % 20)) for index in range(100)
    )
    found = bench.read(bench.topic, 100)
    assert {record.value for record in found} == {None}
    assert len({(record.key, record.partition) for record in found}) == 20
    assert len({record.partition for record in found}) > 1


def test_what_was_not_acknowledged_is_named(bench: Bench) -> None:
    bench.create(1)
    messages = [
        Outgoing(bench.topic, b"fine", key=b"good", partition=0),
        Outgoing(bench.topic, b"lost", key=b"the key", partition=7),
    ]
    with pytest.raises(DeliveryError, match=r"1 messages were not acknowledged: key b'the key'"):
        bench.messaging.producer().send_all(messages)
    assert bench.read(bench.topic, 1)[0].value == b"fine"


def test_a_message_too_large_for_any_topic_is_refused_at_once(bench: Bench) -> None:
    bench.create(1)
    with pytest.raises(ValueError, match="larger than a topic takes"):
        bench.messaging.producer().send(Outgoing(bench.topic, b"x" * 1_048_588))


def test_a_closed_producer_says_so(bench: Bench) -> None:
    bench.create(1)
    producer = bench.connect().producer()
    producer.send(Outgoing(bench.topic, b"queued", partition=0))
    producer.close()
    assert bench.read(bench.topic, 1)[0].value == b"queued"
    with pytest.raises(MessagingError, match="closed"):
        producer.send(Outgoing(bench.topic, b"late"))


def test_the_backlog_is_what_the_ledger_calls_unfinished(bench: Bench) -> None:
    bench.create(2)
    bench.write(*(b"%d" % index for index in range(100)), partition=None)
    admin = bench.messaging.admin()
    assert admin.backlog(bench.group, bench.topic) == {0: 50, 1: 50}
    gate = Gate(b"0", b"11")
    bench.replica(gate)
    until(lambda: admin.backlog(bench.group, bench.topic) == {0: 1, 1: 1}, "all but the two held")
    gate.let_go()
    until(lambda: admin.backlog(bench.group, bench.topic) == {0: 0, 1: 0}, "nothing is left")


def test_a_topic_that_does_not_exist_has_no_partitions(bench: Bench) -> None:
    if bench.harness.name != "mock":  # the mock cluster creates what it is asked about
        with pytest.raises(MessagingError, match="does not exist"):
            bench.messaging.admin().partitions(f"{bench.topic}-nowhere")
    bench.create(3)
    assert bench.messaging.admin().partitions(bench.topic) == 3


def test_what_is_missing_is_created_and_what_is_there_is_left(bench: Bench) -> None:
    admin = bench.messaging.admin()
    wanted = [topic_of(f"{bench.topic}-{mode.name.lower()}", 3, mode, compacted=mode is Mode.TABLE) for mode in Mode]
    admin.ensure(wanted)
    admin.ensure(wanted)
    assert [admin.partitions(topic.name) for topic in wanted] == [3] * len(wanted)


def test_a_task_topic_grows(bench: Bench) -> None:
    admin = bench.messaging.admin()
    small = topic_of(bench.topic, 2)
    admin.ensure([small])
    bench.partitions = 4
    gate = Gate()
    replica = bench.replica(gate)
    bench.write(b"a", b"b", partition=0)
    bench.partitions = 2
    bench.until_acknowledged(2)
    replica.stop()
    admin.ensure([replace(small, partitions=4)])
    assert admin.partitions(bench.topic) == 4
    admin.ensure([small])
    assert admin.partitions(bench.topic) == 4, "a release that knows fewer lanes leaves it alone"
    bench.partitions = 4
    bench.write(b"c", partition=3)
    bench.replica(gate)
    bench.until_acknowledged(3)
    assert sorted(gate.done) == [b"a", b"b", b"c"]


def test_a_keyed_topic_of_another_size_is_refused(bench: Bench) -> None:
    admin = bench.messaging.admin()
    admin.ensure([topic_of(bench.topic, 2, Mode.ORDERED_BATCHES)])
    with pytest.raises(MessagingError, match="has 2 partitions, the contract says 3"):
        admin.ensure([topic_of(bench.topic, 3, Mode.ORDERED_BATCHES)])


def test_settings_that_contradict_the_contract_are_refused(bench: Bench) -> None:
    admin = bench.messaging.admin()
    admin.ensure([topic_of(bench.topic, 2, Mode.ORDERED_BATCHES)])
    with pytest.raises(MessagingError, match=r"cleanup\.policy is delete, it must be compact"):
        admin.ensure([topic_of(bench.topic, 2, Mode.ORDERED_BATCHES, compacted=True)])
    with pytest.raises(MessagingError, match=r"retention\.ms is 86400000, it must be at least 172800000"):
        admin.ensure([replace(topic_of(bench.topic, 2, Mode.ORDERED_BATCHES), retention_ms=172_800_000)])
