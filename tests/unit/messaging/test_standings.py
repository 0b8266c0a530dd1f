from datetime import UTC, datetime, timedelta

from howdah.contracts import codec, topics
from howdah.contracts.lanes import LaneControl
from howdah.messaging import InMemoryBroker
from howdah.messaging.abstract import Outgoing, Record
from howdah.messaging.standings import StandingsTable

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def table_with(*rows: LaneControl) -> StandingsTable:
    messaging = InMemoryBroker().connect()
    messaging.admin().ensure([topics.RESOURCES])
    messaging.producer().send_all(
        Outgoing(topics.RESOURCES.name, codec.encode(row), key=row.key().encode()) for row in rows
    )
    table = StandingsTable(messaging)
    table.start()
    table.wait_loaded(10.0)
    return table


def test_rows_that_only_another_release_knows_are_left_out_and_no_dead_letters() -> None:
    messaging = InMemoryBroker().connect()
    messaging.admin().ensure([topics.RESOURCES, topics.DEAD_LETTERS])
    letters: list[Record] = []
    dead = messaging.table(topics.DEAD_LETTERS.name, lambda _, __, record: letters.append(record))
    foreign = Outgoing(topics.RESOURCES.name, b'{"kind":"of-tomorrow","version":1}', key=b"new/1")
    broken = Outgoing(topics.RESOURCES.name, b'{"kind":"lane-control","version":1}', key=b"lane/command/fast")
    paused = control(paused=True)
    known = Outgoing(topics.RESOURCES.name, codec.encode(paused), key=paused.key().encode())
    messaging.producer().send_all([foreign, broken, known])
    table = StandingsTable(messaging)
    table.start()
    table.wait_loaded(10.0)
    assert table.is_held("howdah.tasks.command", topics.LANES.span("slow")[0])
    assert table.trouble() is None
    table.close()
    dead.start()
    assert dead.wait_loaded(10.0)
    assert [letter.key for letter in letters] == [b"lane/command/fast"]
    dead.close()


def control(*, paused: bool, minutes: int = 0) -> LaneControl:
    since = NOW + timedelta(minutes=minutes)
    return LaneControl(at=since, type="command", lane="slow", paused=paused, since=since, actor="ada")


def test_the_partitions_of_a_paused_lane_are_held_and_no_others() -> None:
    table = table_with(control(paused=True))
    held = [number for number in range(topics.LANES.partitions) if table.is_held("howdah.tasks.command", number)]
    assert held == list(topics.LANES.span("slow"))
    assert not table.is_held("howdah.tasks.env-setup", held[0])
    assert not table.is_held("howdah.looks", held[0])
    table.close()


def test_a_resumed_lane_is_held_no_more_but_what_it_kept_waiting_is_known() -> None:
    table = table_with(control(paused=True), control(paused=False, minutes=5))
    assert not table.is_held("howdah.tasks.command", topics.LANES.span("slow")[0])
    assert table.was_held("command", "slow", NOW)
    assert not table.was_held("command", "slow", NOW + timedelta(minutes=6))
    assert not table.was_held("command", "fast", NOW)
    table.close()
