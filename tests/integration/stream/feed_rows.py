"""Writes what the stream tests read: gateways, experiments and event rows, straight into the tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, text

from api_server.auth.tokens import hash_of, new_token
from api_server.registry.models import Event, Experiment, Gateway, Token
from howdah.contracts.ids import new_id


def add_gateway(connection: Connection, name: str) -> str:
    gateway_id = new_id()
    connection.execute(insert(Gateway).values(id=gateway_id, name=name, description="", enabled=True))
    return gateway_id


def add_experiment(connection: Connection, gateway_id: str, state: str = "EXECUTING", name: str = "run") -> str:
    experiment_id = new_id()
    connection.execute(
        insert(Experiment).values(
            id=experiment_id, gateway_id=gateway_id, owner="ada", name=name, kind="tasks", spec={}, state=state
        )
    )
    return experiment_id


def add_event(connection: Connection, gateway_id: str, experiment_id: str, seq: int, *, filler: str = "") -> str:
    event_id = new_id()
    connection.execute(
        insert(Event).values(
            event_id=event_id,
            gateway_id=gateway_id,
            experiment_id=experiment_id,
            seq=seq,
            kind="task-started",
            actor="test",
            payload={"filler": filler},
            changes=[{"entity": "task", "id": event_id, "from": "SCHEDULED", "to": "EXECUTING"}],
            at=datetime.now(UTC),
        )
    )
    connection.execute(text("NOTIFY howdah_feed"))
    return event_id


@contextmanager
def open_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that has its id already, so that it counts as begun before those that come now."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_current_xact_id()"))
        yield connection


def add_token(connection: Connection, gateway_id: str, role: str = "viewer") -> str:
    token = new_token()
    connection.execute(
        insert(Token).values(
            id=new_id(),
            gateway_id=gateway_id,
            name="test",
            subject="ada",
            role=role,
            scopes=["experiments:read"],
            sha256=hash_of(token),
            created_by="test",
        )
    )
    return token
