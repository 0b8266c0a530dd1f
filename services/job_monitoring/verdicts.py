"""What an observation of a job means: which events are told, how the record changes, whether the job is done. No I/O.

Ids derive from the record: a round that is repeated, here or by the partition's next owner, tells nothing twice.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.ids import EventId, derive_id
from howdah.contracts.messages import (
    JobStatusChanged,
    TaskCanceled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskProgressed,
    event_id_for,
)
from howdah.contracts.records import JobRecord
from howdah.contracts.states import JobState
from howdah.runtime.tracing import child_of

E = TypeVar("E", bound=TaskEvent)


@dataclass(frozen=True, slots=True)
class Word:
    """The scheduler's word on a job, once ``howdah.compute.jobs.judge`` has weighed it."""

    state: JobState
    reason: str = ""
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    native_id: str | None = None
    missing_since: datetime | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about one job: tell the events, then write ``after``, or a tombstone when ``ended``."""

    before: JobRecord
    after: JobRecord
    events: tuple[TaskEvent, ...] = ()
    ended: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return self.ended or bool(self.events) or self.before is not self.after


_ENDED = frozenset({JobState.COMPLETE, JobState.FAILED, JobState.CANCELED})


def of_word(record: JobRecord, word: Word, now: datetime, error_tail: str | None = None) -> Verdict:
    """Return what follows from the scheduler's word."""
    events: list[TaskEvent] = []
    native_id = word.native_id or record.native_id
    if word.state is not record.state or native_id != record.native_id:
        events.append(_status(record, word, now))
    if word.state in _ENDED:
        if record.monitoring_attempt is not None:
            events.append(_terminal(record, word, now, error_tail))
        # Where nobody awaits the end yet, the monitoring command writes the record anew and the end is seen again.
        return Verdict(record, record, tuple(events), ended=True)
    if not events and word.missing_since == record.missing_since:
        return Verdict(record, record)
    update = {
        "at": now,
        "state": word.state,
        "native_id": native_id,
        "missing_since": word.missing_since,
        "revision": record.revision + 1,
    }
    return Verdict(record, record.model_copy(update=update), tuple(events))


def of_cancel(record: JobRecord, word: Word, now: datetime) -> Verdict:
    """Return what follows from a cancel that the resource confirmed."""
    events: list[TaskEvent] = []
    if word.state is not record.state:
        events.append(_status(record, word, now))
    if record.monitoring_attempt is not None:
        events.append(_of_monitoring(TaskCanceled, record, now, confirmed=True, sentence=word.reason[:2_000]))
    return Verdict(record, record, tuple(events), ended=True)


def of_begun_cancel(record: JobRecord, since: datetime, now: datetime) -> Verdict:
    """Return what follows from a cancel that is not confirmed yet: the record remembers that it was asked for."""
    if record.cancel_since is not None:
        return Verdict(record, record)
    update = {"at": now, "cancel_since": since, "revision": record.revision + 1}
    return Verdict(record, record.model_copy(update=update))


def of_unconfirmed_cancel(record: JobRecord, trouble: str, now: datetime) -> Verdict:
    """Return what follows when the budget for a confirmation is used up: CANCELED now, and a reaper goes on."""
    events: tuple[TaskEvent, ...] = ()
    if record.monitoring_attempt is not None:
        sentence = f"Canceled, but {record.target.name} has not confirmed it: {trouble}"[:2_000]
        events = (_of_monitoring(TaskCanceled, record, now, confirmed=False, sentence=sentence),)
    update = {"at": now, "reaping": True, "revision": record.revision + 1}
    return Verdict(record, record.model_copy(update=update), events)


def progress(record: JobRecord, words: str, now: datetime, period_seconds: float) -> TaskProgressed | None:
    """Return the heartbeat of a job's monitoring; None when nobody awaits its end."""
    if record.monitoring_attempt is None:
        return None
    step_id = f"{int(now.timestamp() / period_seconds)}-{record.state}"
    return _of_monitoring(TaskProgressed, record, now, step_id=step_id, step=words[:2_000])


def _status(record: JobRecord, word: Word, now: datetime) -> JobStatusChanged:
    step = f"{record.revision}-{word.state}-{word.native_id or record.native_id}"
    return JobStatusChanged(
        **_envelope(record, now),
        event_id=EventId(derive_id(record.key(), "job-status-changed", step)),
        task_id=record.task_id,
        attempt=record.attempt,
        generation=record.generation,
        job_name=record.job_name,
        native_id=word.native_id or record.native_id,
        state=word.state,
        reason=word.reason[:2_000],
        exit_code=word.exit_code,
        started_at=word.started_at,
        ended_at=word.ended_at,
    )


def _terminal(record: JobRecord, word: Word, now: datetime, error_tail: str | None) -> TaskEvent:
    if word.state is JobState.COMPLETE:
        outputs = {
            "exit_code": word.exit_code,
            "reason": word.reason,
            "started_at": word.started_at.isoformat() if word.started_at else None,
            "ended_at": word.ended_at.isoformat() if word.ended_at else None,
        }
        return _of_monitoring(TaskCompleted, record, now, outputs=outputs)
    return _of_monitoring(TaskFailed, record, now, failure=failure_of(record, word, error_tail))


def failure_of(record: JobRecord, word: Word, error_tail: str | None) -> Failure:
    """Return the failure in words: whose fault it looks like, the scheduler's reason, the exit code."""
    name = f"The job {record.native_id} on {record.target.name}"
    reason = f" ({word.reason})" if word.reason else ""
    if word.lost:
        sentence = f"{name} is lost: the scheduler no longer knows it and it left no exit code{reason}."
    elif word.state is JobState.CANCELED:
        sentence = f"{name} was canceled there, not by this platform{reason}."
    elif word.exit_code is None:
        sentence = f"{name} failed{reason}."
    else:
        sentence = f"{name} failed with exit code {word.exit_code}{reason}."
    return Failure.bounded(
        kind=FailureKind.LOST if word.lost else FailureKind.PERMANENT,
        sentence=sentence,
        detail=error_tail,
        host=record.target.host,
        operation="run the job",
        exit_status=word.exit_code,
    )


def _of_monitoring(
    model: type[E],
    record: JobRecord,
    now: datetime,
    *,
    step_id: str = "",
    **fields: Any,  # noqa: ANN401 - the model validates
) -> E:
    kind = model.model_fields["kind"].default
    command_id = record.monitoring_command_id
    event_id = (
        EventId(derive_id(record.key(), kind, step_id))
        if command_id is None
        else event_id_for(command_id, kind, step_id)
    )
    return model(
        **_envelope(record, now),
        event_id=event_id,
        task_id=record.monitoring_task_id,
        attempt=record.monitoring_attempt,
        **fields,
    )


def _envelope(record: JobRecord, now: datetime) -> dict[str, Any]:
    return {
        "at": now,
        "trace": child_of(record.trace),
        "gateway_id": record.gateway_id,
        "experiment_id": record.experiment_id,
        "process_id": record.process_id,
    }
