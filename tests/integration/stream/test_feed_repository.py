import json

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from api_server.registry.repositories import feed
from api_server.registry.repositories.feed_cursor import Cursor, Position
from tests.integration.stream.feed_rows import add_event, add_experiment, add_gateway, open_transaction

pytestmark = pytest.mark.integration


def seqs(rows: list[feed.FeedRow]) -> list[int]:
    return [row.seq for row in rows]


def look(engine: Engine, position: Position) -> feed.FeedRead:
    with engine.connect() as connection:
        connection.detach()
        return feed.FeedReader(connection).read_after(position)


def read(engine: Engine, position: Position) -> list[feed.FeedRow]:
    return list(look(engine, position).rows)


def test_a_transaction_that_began_earlier_and_commits_later_is_not_skipped(
    engine: Engine, gateway_id: str, experiment_id: str
) -> None:
    with engine.connect() as connection:
        start = feed.horizon(connection)
    with open_transaction(engine) as early:
        with engine.begin() as late:
            add_event(late, gateway_id, experiment_id, 2)
        assert look(engine, start) == ([], False, True)
        add_event(early, gateway_id, experiment_id, 1)
    rows = read(engine, start)
    assert seqs(rows) == [1, 2]
    assert look(engine, rows[-1].position) == ([], False, False)


def test_a_snapshot_taken_amid_open_transactions_and_what_follows_make_each_event_once(
    engine: Engine, gateway_id: str, experiment_id: str
) -> None:
    with open_transaction(engine) as early:
        with engine.begin() as late:
            add_event(late, gateway_id, experiment_id, 1)
        with Session(engine) as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            cursor = Cursor.at_snapshot(feed.current_view(session))
            shown = session.scalars(
                text("SELECT seq FROM event WHERE experiment_id = :id ORDER BY seq"), {"id": experiment_id}
            ).all()
        add_event(early, gateway_id, experiment_id, 2)
    with engine.begin() as connection:
        add_event(connection, gateway_id, experiment_id, 3)
    followed = [row.seq for row in read(engine, cursor.position) if cursor.lacks(row.position)]
    assert list(shown) == [1]
    assert followed == [2, 3]
    assert Cursor.parse(str(cursor)) == cursor


def test_replay_gives_only_the_gateways_own_events(engine: Engine, gateway_id: str, experiment_id: str) -> None:
    with engine.begin() as connection:
        add_event(connection, gateway_id, experiment_id, 1)
        other = add_gateway(connection, "other")
        add_event(connection, other, add_experiment(connection, other), 1)
        second = add_experiment(connection, gateway_id)
        add_event(connection, gateway_id, second, 1)
    first = next(row for row in read(engine, Position(0, 0)) if row.gateway_id == gateway_id)
    with Session(engine) as session:
        cursor = Cursor(first.position)
        rows = feed.replay(session, gateway_id, None, cursor, 10)
        assert rows is not None
        assert [row.experiment_id for row in rows] == [second]
        assert json.loads(rows[0].changes)[0]["to"] == "EXECUTING"
        assert feed.replay(session, gateway_id, [experiment_id], cursor, 10) == []


def test_replay_refuses_what_it_can_not_bridge(engine: Engine, gateway_id: str, experiment_id: str) -> None:
    with engine.begin() as connection:
        for seq in range(1, 6):
            add_event(connection, gateway_id, experiment_id, seq)
    first = next(row for row in read(engine, Position(0, 0)) if row.gateway_id == gateway_id).position
    with Session(engine) as session:
        assert feed.replay(session, gateway_id, None, Cursor(Position(1, 1)), 1_000) is None
        assert feed.replay(session, gateway_id, None, Cursor(Position(10**12, 1)), 10) is None
        assert feed.replay(session, gateway_id, None, Cursor(first), 3) is None
        assert feed.replay(session, gateway_id, [experiment_id], Cursor(first), 3) is None
        assert feed.replay(session, gateway_id, None, Cursor(first), 4) is not None


def test_reading_the_feed_walks_its_index(engine: Engine, gateway_id: str, experiment_id: str) -> None:
    with engine.begin() as connection:
        connection.detach()
        feed.FeedReader(connection)  # planned while the table is empty, as on a new installation
        connection.execute(
            text(
                "INSERT INTO event (event_id, gateway_id, experiment_id, seq, kind, actor, payload, changes, at)"
                " SELECT gen_random_uuid(), :g, :e, n, 'x', 'y', '{}', '[]', now() FROM generate_series(1, 20000) n"
            ),
            {"g": gateway_id, "e": experiment_id},
        )
        explained = connection.exec_driver_sql(f"EXPLAIN {feed.READ_FEED}", {"txid": "500", "id": 1})
        shown = "\n".join(explained.scalars().all())
    assert "Index Scan using ix_event_feed" in shown
    assert "Sort" not in shown
