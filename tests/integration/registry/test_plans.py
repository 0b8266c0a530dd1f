"""The statements of the hot path reach their rows by key, on a young database as on an old one."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from api_server.registry.engine import dump_json, make_engine
from api_server.registry.migrations import upgrade
from api_server.registry.repositories import run_writes, runs
from api_server.registry.script import Prepared
from howdah.contracts.ids import new_id

ROWS = [{"id": new_id(), "task_id": new_id(), "attempt": 1, "version": 1, "state": "X", "last_seq": 1}]
_WRITES = {
    "task": run_writes._UPDATE_TASKS,
    "attempt": run_writes._UPDATE_ATTEMPTS,
    "process": run_writes._UPDATE_PROCESSES,
    "experiment": run_writes._UPDATE_EXPERIMENTS,
}
_READS = {"process": runs._LOCK, "event": runs._APPLIED, "task": runs._TASKS, "job": runs._JOBS}


@pytest.fixture
def keyed(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, by_key=True)
    upgrade(engine)
    yield engine
    engine.dispose()


def plan_of(engine: Engine, statement: Prepared, value: object) -> str:
    with engine.connect() as connection:
        statement.prepare(connection)
        explained = connection.exec_driver_sql(f"EXPLAIN {statement.call('value')}", {"value": value})
        return "\n".join(row[0] for row in explained)


@pytest.mark.parametrize("table", _WRITES)
def test_writes_reach_their_rows_by_key(keyed: Engine, table: str) -> None:
    plan = plan_of(keyed, _WRITES[table], dump_json(ROWS))
    assert f"on {table}" in plan
    assert f"Seq Scan on {table}" not in plan


@pytest.mark.parametrize("table", _READS)
def test_reads_reach_their_rows_by_key(keyed: Engine, table: str) -> None:
    plan = plan_of(keyed, _READS[table], [new_id()])
    assert f"on {table}" in plan
    assert f"Seq Scan on {table}" not in plan


def test_a_statement_is_prepared_once_for_each_connection_even_if_the_transaction_is_rolled_back(keyed: Engine) -> None:
    for _ in range(2):
        with keyed.connect() as connection:
            runs._LOCK.prepare(connection)
            connection.rollback()
            runs._LOCK.prepare(connection)
            names = connection.exec_driver_sql("SELECT name FROM pg_prepared_statements").scalars().all()
            assert names == ["lock_runs"]


def test_the_timers_are_found_by_their_moment(keyed: Engine) -> None:
    with keyed.connect() as connection:
        rows = connection.execute(text("EXPLAIN SELECT id FROM task WHERE due_at <= now() ORDER BY due_at LIMIT 9"))
        assert "ix_task_due" in "\n".join(row[0] for row in rows)
