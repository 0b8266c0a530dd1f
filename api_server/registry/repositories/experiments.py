"""Experiments as lifecycle steers them: read under a lock, moved by one statement, always within a gateway."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Uuid, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from api_server.registry.base import table_of
from api_server.registry.models import Experiment, Process
from api_server.registry.records import ExperimentRecord
from api_server.registry.rowset import Rows, any_of_ids, rowset

_experiment = table_of(Experiment)
_COLUMNS = [_experiment.c[field.name] for field in fields(ExperimentRecord)]
_any_id = any_of_ids()

_READ = (
    select(*_COLUMNS)
    .where(_experiment.c.id == _any_id, _experiment.c.gateway_id == bindparam("gateway_id"))
    .order_by(_experiment.c.id)
)
_LOCK = _READ.with_for_update()
_NOT_LAUNCHED = ("CREATED", "VALIDATED")

_launch_rows = rowset(
    *(_experiment.c[name] for name in ("id", "process_id", "last_seq", "resource_id", "state", "failure", "ended_at"))
)
_LAUNCH = (
    update(_experiment)
    .where(
        _experiment.c.id == _launch_rows.c.id,
        _experiment.c.gateway_id == bindparam("of_gateway", type_=Uuid(as_uuid=False)),
        _experiment.c.state.in_(_NOT_LAUNCHED),
    )
    .values(
        state=_launch_rows.c.state,
        failure=_launch_rows.c.failure,
        ended_at=_launch_rows.c.ended_at,
        process_id=_launch_rows.c.process_id,
        last_seq=_launch_rows.c.last_seq,
        resource_id=_launch_rows.c.resource_id,
        version=_experiment.c.version + 1,
        launched_at=func.now(),
        updated_at=func.now(),
        archived_at=None,  # what runs stays in sight
    )
    .returning(*_COLUMNS)
)
_LOCK_PROCESSES = (
    select(Process.id).where(Process.experiment_id == bindparam("experiment_id")).order_by(Process.id).with_for_update()
)


def read(session: Session, gateway_id: str, ids: Collection[str]) -> list[ExperimentRecord]:
    """Return those of the gateway's experiments, in the order of their ids."""
    return _records(session.execute(_READ, {"ids": list(ids), "gateway_id": gateway_id}).all())


def lock(session: Session, gateway_id: str, ids: Collection[str]) -> list[ExperimentRecord]:
    """Return those of the gateway's experiments, locked in the order of their ids."""
    return _records(session.execute(_LOCK, {"ids": list(ids), "gateway_id": gateway_id}).all())


def launch(session: Session, gateway_id: str, rows: Rows) -> list[ExperimentRecord]:
    """Write what a launch makes of experiments; return those that were not launched before."""
    return _records(session.execute(_LAUNCH, {"rows": rows, "of_gateway": gateway_id}).all())


def change(session: Session, record: ExperimentRecord, **values: Any) -> ExperimentRecord:  # noqa: ANN401 - columns
    """Write ``values`` into a locked experiment whose version is still as in ``record``; return it as it is now."""
    statement = (
        update(_experiment)
        .where(
            _experiment.c.id == record.id,
            _experiment.c.gateway_id == record.gateway_id,
            _experiment.c.version == record.version,
        )
        .values(version=_experiment.c.version + 1, updated_at=func.now(), **values)
        .returning(*_COLUMNS)
    )
    return _records(session.execute(statement).all())[0]


def remove(session: Session, record: ExperimentRecord) -> None:
    """Delete an experiment with its whole history. Its processes are to be locked first (``lock_processes``)."""
    session.execute(
        delete(_experiment).where(_experiment.c.id == record.id, _experiment.c.gateway_id == record.gateway_id)
    )


def lock_processes(session: Session, experiment_id: str) -> None:
    """Lock the processes of an experiment: before the experiment itself, in the order of the orchestrator."""
    session.execute(_LOCK_PROCESSES, {"experiment_id": experiment_id})


def _records(rows: Sequence[Any]) -> list[ExperimentRecord]:
    return [ExperimentRecord(*row) for row in rows]
