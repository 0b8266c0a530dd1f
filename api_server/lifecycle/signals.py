"""Answers to what a run waits for: by somebody who may, or by the callback of what one of its tasks had started.

Works inside the caller's unit of work and never commits; the answer reaches the run's one writer through the outbox.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import to_json
from sqlalchemy import Row

from api_server.auth.callbacks import CallbackGrant
from api_server.auth.principal import Principal
from api_server.dag.signals import why_not
from api_server.lifecycle.guards import RUNNING, known, require
from api_server.lifecycle.telling import request_about, told
from api_server.problems import ConflictError, FieldError, ForbiddenError, InvalidRequestError, NotFoundError
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories import experiments, runs
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.flow import SIGNAL, SignalParams
from howdah.contracts.ids import TaskId
from howdah.contracts.requests import SignalGiven
from howdah.contracts.states import TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec
from howdah.contracts.workflows import Approver

MAX_OUTPUT_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Signal:
    """What is answered: the port by which the task is left, with what it gives."""

    port: str
    comment: str = ""
    outputs: dict[str, JsonValue] = field(default_factory=dict)


def answer(work: UnitOfWork, principal: Principal, task_id: str, signal: Signal, now: datetime) -> ExperimentRecord:
    """Answer an approval; ForbiddenError for whom it does not ask, ConflictError where it does not wait."""
    task, record = _task_and_run(work, principal.gateway_id, task_id)
    spec = TaskSpec.model_validate(task.spec)
    asked = SignalParams.model_validate(spec.params) if spec.type == SIGNAL else None
    if asked is None or asked.by is None:
        raise ConflictError("The task asks nobody for an answer.", slug="state-conflict", state=task.state)
    if not _may_answer(principal, record, asked.by):
        raise ForbiddenError(f"{spec.name} is to be answered by the {asked.by.value}.", slug="missing-role")
    if task.state != TaskState.EXECUTING:
        raise ConflictError(
            f"The task is {task.state} and waits for no answer.", slug="state-conflict", state=task.state
        )
    _refuse_wrong(spec, signal)
    about = request_about(record, principal.subject, now, signal.comment)
    data: dict[str, JsonValue] = {"data": signal.outputs}
    work.enqueue(told(SignalGiven(**about, task_id=TaskId(task_id), port=signal.port, outputs=data)))
    AuditRepository(work.session, principal.gateway_id).record(
        principal.subject, "answer", "task", task_id, {"port": signal.port, "comment": signal.comment[:2_000]}
    )
    return record


def call_back(work: UnitOfWork, grant: CallbackGrant, signal: Signal, now: datetime) -> ExperimentRecord:
    """Take in the callback of what a task had started; ConflictError where it was told already."""
    task, record = _task_and_run(work, grant.gateway_id, grant.task_id)
    spec = TaskSpec.model_validate(task.spec)
    if is_terminal(TaskState(task.state)):
        raise ConflictError(f"The task is {task.state} already.", slug="state-conflict", state=task.state)
    _refuse_wrong(spec, signal)
    about = request_about(record, f"callback:{spec.name}", now, signal.comment)
    given = SignalGiven(**about, task_id=TaskId(grant.task_id), port=signal.port, outputs=signal.outputs)
    work.enqueue(told(given))
    AuditRepository(work.session, grant.gateway_id).record(
        f"callback:{spec.name}"[:200], "call back", "task", grant.task_id, {"port": signal.port}
    )
    return record


def _task_and_run(work: UnitOfWork, gateway_id: str, task_id: str) -> tuple[Row[Any], ExperimentRecord]:
    task = runs.task_of(work.session, gateway_id, task_id)
    if task is None:
        raise NotFoundError.of("task", task_id)
    found = experiments.lock(work.session, gateway_id, [task.experiment_id])
    record = known(found[0] if found else None, task.experiment_id)
    require(record, RUNNING, "be answered")
    if record.process_id != task.process_id:
        raise ConflictError("The task belongs to an earlier run of its experiment.", slug="state-conflict")
    return task, record


def _may_answer(principal: Principal, record: ExperimentRecord, by: Approver) -> bool:
    match by:
        case Approver.OWNER:
            return principal.may_steer(record.owner)
        case Approver.USER:
            return True
        case Approver.ADMIN:
            return principal.is_admin


def _refuse_wrong(spec: TaskSpec, signal: Signal) -> None:
    errors = []
    if (trouble := why_not(spec, signal.port)) is not None:
        errors.append(FieldError("port", trouble, signal.port))
    if (size := len(to_json(signal.outputs))) > MAX_OUTPUT_BYTES:
        errors.append(FieldError("outputs", f"{size} bytes as JSON are more than {MAX_OUTPUT_BYTES}; store a file"))
    if errors:
        raise InvalidRequestError(errors=errors)
