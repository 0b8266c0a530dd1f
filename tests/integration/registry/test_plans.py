"""The statements of the hot path reach their rows by key, on a young database as on an old one."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from api_server.registry.engine import make_engine
from api_server.registry.migrations import upgrade
from api_server.registry.repositories import run_writes, runs
from api_server.registry.script import RowStatement
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


def plan_of(engine: Engine, sql: str, values: Any) -> str:  # noqa: ANN401 - parameters of the driver
    with engine.connect() as connection:
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}", values))


@pytest.mark.parametrize("table", _WRITES)
def test_writes_reach_their_rows_by_key(keyed: Engine, table: str) -> None:
    statement: RowStatement = _WRITES[table]
    sql, values = statement.numbered(0, ROWS)
    plan = plan_of(keyed, sql, values)
    assert f"on {table}" in plan
    assert f"Seq Scan on {table}" not in plan


@pytest.mark.parametrize("table", _READS)
def test_reads_reach_their_rows_by_key(keyed: Engine, table: str) -> None:
    plan = plan_of(keyed, str(_READS[table].compile(keyed)), {"ids": [new_id()]})
    assert f"Seq Scan on {table}" not in plan


def test_the_timers_are_found_by_their_moment(keyed: Engine) -> None:
    with keyed.connect() as connection:
        rows = connection.execute(text("EXPLAIN SELECT id FROM task WHERE due_at <= now() ORDER BY due_at LIMIT 9"))
        assert "ix_task_due" in "\n".join(row[0] for row in rows)
