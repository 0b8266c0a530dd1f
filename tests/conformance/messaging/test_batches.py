from collections import defaultdict

import pytest

from howdah.contracts.topics import Mode
from howdah.messaging import BatchReader, Outgoing, Record
from tests.conformance.messaging.harness import Bench, gather, until

pytestmark = pytest.mark.timeout(120, func_only=True)


def collect(reader: BatchReader, number: int, *, commit: bool = False) -> list[Record]:
    found: list[Record] = []

    def enough() -> bool:
        found.extend(reader.poll(0.1))
        if commit:
            reader.commit()
        return len(found) >= number

    until(enough, f"{number} records, there are {len(found)}")
    return found


def write_keyed(bench: Bench, number: int, start: int = 0) -> None:
    bench.messaging.producer().send_all(
        Outgoing(bench.topic, b"%d" % index, key=b"key-%d" % (index % 7)) for index in range(start, start + number)
    )


def test_records_come_once_and_in_the_order_of_their_partition(bench: Bench) -> None:
    bench.create(3, Mode.ORDERED_BATCHES)
    write_keyed(bench, 500)
    reader = bench.messaging.batches([bench.topic], bench.group)
    by_key: defaultdict[bytes | None, list[int]] = defaultdict(list)
    for record in collect(reader, 500, commit=True):
        by_key[record.key].append(int(record.value or b""))
    assert not reader.poll(0.2)
    reader.close()
    assert sum(map(len, by_key.values())) == 500
    assert all(found == sorted(found) for found in by_key.values())


def test_what_was_not_committed_comes_again_to_the_next_reader(bench: Bench) -> None:
    bench.create(1, Mode.ORDERED_BATCHES)
    bench.write(*(b"%d" % index for index in range(20)))
    first = bench.connect().batches([bench.topic], bench.group)
    head: list[Record] = []
    until(lambda: gather(first, head, limit=5) == 5, "five records")
    first.commit()
    assert collect(first, 1)
    first.close()
    second = bench.connect().batches([bench.topic], bench.group)
    assert [record.offset for record in collect(second, 15)] == list(range(5, 20))
    second.close()


def test_a_rewind_goes_back_to_the_last_commit(bench: Bench) -> None:
    bench.create(2, Mode.ORDERED_BATCHES)
    reader = bench.messaging.batches([bench.topic], bench.group)
    bench.write(*(b"%d" % index for index in range(10)), partition=None)
    collect(reader, 10)
    reader.commit()
    bench.write(*(b"%d" % index for index in range(10, 20)), partition=None)
    once = {(record.partition, record.offset) for record in collect(reader, 10)}
    reader.rewind()
    again = collect(reader, 10)
    assert {(record.partition, record.offset) for record in again} == once
    assert len(again) == 10
    reader.commit()
    reader.rewind()
    assert not reader.poll(0.3)
    reader.close()


def test_readers_of_a_group_share_the_partitions_and_a_leaver_s_records_move_on(bench: Bench) -> None:
    bench.create(4, Mode.ORDERED_BATCHES)
    first = bench.connect("first").batches([bench.topic], bench.group)
    second = bench.connect("second").batches([bench.topic], bench.group)
    seen: dict[str, set[int]] = {"first": set(), "second": set()}
    found: list[tuple[int, int]] = []

    def poll_both() -> bool:
        bench.write(b"x", b"y", b"z", b"w", partition=None)
        for name, reader in (("first", first), ("second", second)):
            records = reader.poll(0.05)
            seen[name].update(record.partition for record in records)
            found.extend((record.partition, record.offset) for record in records)
            reader.commit()
        return len(seen["first"]) >= 2 and len(seen["second"]) >= 2

    until(poll_both, "both have a share", 60)
    first.close()
    bench.write(b"last", b"last", b"last", b"last", partition=None)
    rest: set[int] = set()

    def poll_second() -> bool:
        records = second.poll(0.1)
        found.extend((record.partition, record.offset) for record in records)
        rest.update(record.partition for record in records if record.value == b"last")
        second.commit()
        return rest == {0, 1, 2, 3}

    until(poll_second, "the second reads all partitions")
    second.close()
    if bench.harness.name != "mock":  # it refuses commits for seconds while a group rebalances
        assert len(found) == len(set(found)), "in calm nothing comes twice"


def test_a_bad_record_goes_to_the_dead_letters(bench: Bench) -> None:
    bench.create(1, Mode.ORDERED_BATCHES)
    bench.write(b"\xff")
    reader = bench.messaging.batches([bench.topic], bench.group)
    record = collect(reader, 1)[0]
    reader.dead_letter(record, "no event")
    reader.commit()
    reader.close()
    letter = bench.dead_letters(1)[0]
    assert (letter.reason, letter.offset, letter.group) == ("no event", 0, bench.group)
