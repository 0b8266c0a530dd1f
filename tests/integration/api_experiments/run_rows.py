"""Plays the orchestrator's part: writes what became of a launched experiment straight into the tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Engine, insert, text

from api_server.registry.models import Attempt, DeadLetter, Job, TaskLog
from howdah.contracts.ids import new_id

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
FAILURE = {"kind": "transient", "sentence": "ada@cluster did not answer within 20 s.", "host": "cluster"}


def set_task(engine: Engine, task_id: str, state: str, **columns: object) -> None:
    """Write a task's state and further columns; JSON ones as values."""
    values: dict[str, object] = {"state": state, **columns}
    sets = ", ".join(
        f"{name} = CAST(:{name} AS jsonb)" if name in {"outputs", "failure"} else f"{name} = :{name}" for name in values
    )
    for name in ("outputs", "failure"):
        if name in values:
            values[name] = orjson.dumps(values[name]).decode()
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE task SET {sets} WHERE id = :id"), {**values, "id": task_id})  # noqa: S608 - names of our own


def fail_experiment(engine: Engine, experiment_id: str) -> None:
    with engine.begin() as connection:
        for table, key in (("experiment", "id"), ("process", "experiment_id")):
            connection.execute(
                text(f"UPDATE {table} SET state = 'FAILED', failure = CAST(:f AS jsonb) WHERE {key} = :id"),  # noqa: S608 - as above
                {"f": orjson.dumps(FAILURE).decode(), "id": experiment_id},
            )


def add_attempt(engine: Engine, task_id: str, number: int, state: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM attempt WHERE task_id = :t AND attempt = :n"), {"t": task_id, "n": number})
        connection.execute(
            insert(Attempt).values(
                task_id=task_id,
                attempt=number,
                command_id=new_id(),
                lane="fast",
                state=state,
                worker="noop@host",
                partition=3,
                offset=17,
                step="asking sbatch",
                fraction=0.5,
                failure=FAILURE if state == "FAILED" else None,
                published_at=NOW + timedelta(minutes=number),
                started_at=NOW + timedelta(minutes=number, seconds=1),
                ended_at=NOW + timedelta(minutes=number, seconds=5) if state == "FAILED" else None,
            )
        )


def add_log(engine: Engine, gateway_id: str, task_id: str, seconds: int, line: str) -> None:
    at = NOW + timedelta(seconds=seconds)
    with engine.begin() as connection:
        connection.execute(
            insert(TaskLog).values(
                event_id=new_id(),
                gateway_id=gateway_id,
                task_id=task_id,
                attempt=1,
                at=at,
                lines=[{"at": at.isoformat(), "text": line}],
            )
        )


def add_job(engine: Engine, gateway_id: str, task: dict[str, Any], state: str, native_id: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(Job).values(
                task_id=task["id"],
                generation=1,
                gateway_id=gateway_id,
                experiment_id=task["experiment_id"],
                process_id=task["process_id"],
                job_name=f"howdah-{native_id}",
                native_id=native_id,
                state=state,
            )
        )


def add_dead_letter(engine: Engine, gateway_id: str | None, value: bytes, **columns: object) -> str:
    letter_id = new_id()
    defaults: dict[str, object] = {
        "at": NOW,
        "reason": "not JSON in UTF-8",
        "group": "orchestrator",
        "topic": "howdah.events",
        "partition": 0,
        "offset": 1,
        "key": b"key",
        "headers": {},
        "state": "NEW",
    }
    with engine.begin() as connection:
        connection.execute(
            insert(DeadLetter).values(id=letter_id, gateway_id=gateway_id, value=value, **{**defaults, **columns})
        )
    return letter_id
