import threading

import pytest

from howdah.contracts.errors import UndecodableMessageError
from howdah.contracts.topics import Mode
from howdah.messaging import Outgoing, Record
from tests.conformance.messaging.harness import Bench, until

pytestmark = pytest.mark.timeout(120, func_only=True)


def put(bench: Bench, **rows: bytes | None) -> None:
    bench.messaging.producer().send_all(Outgoing(bench.topic, value, key=key.encode()) for key, value in rows.items())


def test_the_latest_value_of_each_key_stands_and_a_null_deletes(bench: Bench) -> None:
    bench.create(3, Mode.TABLE, compacted=True)
    put(bench, a=b"1", b=b"1", c=b"1")
    put(bench, a=b"2", b=None)
    table = bench.connect().table(bench.topic)
    table.start()
    assert table.wait_loaded(20)
    assert dict(table.snapshot()) == {"a": b"2", "c": b"1"}
    put(bench, c=None, d=b"4")
    until(lambda: dict(table.snapshot()) == {"a": b"2", "d": b"4"}, "changes arrive")
    assert (table.get("d"), table.get("c")) == (b"4", None)
    assert table.trouble() is None


def test_an_empty_table_is_loaded(bench: Bench) -> None:
    bench.create(2, Mode.TABLE, compacted=True)
    table = bench.connect().table(bench.topic)
    assert table.trouble() is not None
    table.start()
    assert table.wait_loaded(20)
    assert not table.snapshot()


def test_changes_are_told_in_order(bench: Bench) -> None:
    bench.create(2, Mode.TABLE, compacted=True)
    told: list[tuple[str, bytes | None]] = []
    table = bench.connect().table(bench.topic, lambda key, value, _: told.append((key, value)))
    table.start()
    assert table.wait_loaded(20)
    for index in range(50):
        put(bench, a=b"%d" % index, b=b"%d" % index)
    put(bench, a=None)
    until(lambda: len(told) == 101, "101 changes")
    assert [value for key, value in told if key == "a"] == [*(b"%d" % index for index in range(50)), None]
    assert [value for key, value in told if key == "b"] == [b"%d" % index for index in range(50)]


def test_rows_that_cannot_be_read_go_to_the_dead_letters(bench: Bench) -> None:
    bench.create(1, Mode.TABLE, compacted=True)

    def on_change(_: str, value: bytes | None, __: Record) -> None:
        if value == b"rubbish":
            raise UndecodableMessageError("not a row")

    bench.messaging.producer().send_all(
        [
            Outgoing(bench.topic, b"x", key=b"\xff\xfe"),
            Outgoing(bench.topic, b"rubbish", key=b"bad"),
            Outgoing(bench.topic, b"fine", key=b"good"),
        ]
    )
    table = bench.connect().table(bench.topic, on_change)
    table.start()
    assert table.wait_loaded(20)
    assert table.get("good") == b"fine"
    reasons = sorted(letter.reason for letter in bench.dead_letters(2))
    assert reasons[0].startswith("key: ")
    assert reasons[1] == "not a row"
    assert table.trouble() is None


def test_a_divided_table_is_shared_and_its_rows_move(bench: Bench) -> None:
    bench.create(4, Mode.TABLE, compacted=True)
    put(bench, **{f"row-{index}": b"%d" % index for index in range(40)})
    dropped: list[str] = []
    lock = threading.Lock()

    def on_change(key: str, value: bytes | None, record: Record) -> None:
        if value is None and record.offset == -1:
            with lock:
                dropped.append(key)

    first = bench.connect("first").table(bench.topic, on_change, group=bench.group)
    first.start()
    until(lambda: len(first.snapshot()) == 40, "the first has all rows")
    second = bench.connect("second").table(bench.topic, group=bench.group)
    second.start()
    until(lambda: 0 < len(second.snapshot()) < 40, "the second has a share", 60)
    until(lambda: len(first.snapshot()) + len(second.snapshot()) == 40, "every row is somewhere, once")
    assert not first.snapshot().keys() & second.snapshot().keys()
    assert set(dropped) == set(second.snapshot())
    put(bench, **{"row-0": b"new"})
    until(lambda: b"new" in (first.get("row-0"), second.get("row-0")), "a change arrives")
    second.close()
    until(lambda: len(first.snapshot()) == 40, "the rows come back")


def test_broadcast_begins_now(bench: Bench) -> None:
    bench.create(2, Mode.BROADCAST)
    put(bench, a=b"before")
    seen: list[list[bytes | None]] = [[], []]
    listeners = [bench.connect().broadcast(bench.topic, lambda r, to=to: to.append(r.value)) for to in seen]  # type: ignore[misc]  # mypy can't infer a lambda's default
    for listener in listeners:
        listener.start()
        assert listener.wait_loaded(20)
    put(bench, a=b"1", b=b"2")
    until(lambda: all(sorted(to, key=str) == [b"1", b"2"] for to in seen), "both replicas hear both")
    assert not listeners[0].snapshot()
