"""What became of jobs: the scheduler's word, the accounting's, and the exit code that the job itself left.

A job that nobody knows is *missing*, never complete: it counts as lost when it stays missing for the grace time.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from howdah.compute import templates
from howdah.compute.abstract import Connection, JobRef, Observation
from howdah.compute.marks import Marks, parse_marks
from howdah.compute.schedulers import JobStatus, Scheduler, SilentError, scheduler_of
from howdah.compute.schedulers.troubles import classify
from howdah.compute.submission import place_of
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import JobState, is_terminal

OPERATION: Final = "query"
BATCH: Final = 500
"""The most jobs of one round trip."""
_BYTES_PER_JOB = 2_000
_CENSUS_BYTES = 1 << 20
_CENSUS_BYTES_PER_JOB = 64
_CANCELED_BY_US = "The job was canceled."
_SIGNALS_FROM = 128
_ENDS: Final = {
    "timeout": "The job ran into its wall time limit.",
    "interrupted": "The job was interrupted, and its application does not bear being started again.",
}
"""What the words mean that the job script leaves in place of an exit code."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an observation means with what was seen before."""

    state: JobState
    reason: str
    missing_since: datetime | None
    lost: bool = False
    """FAILED since nobody knows the job any more: the failure's kind is LOST."""


def query(connection: Connection, jobs: Sequence[JobRef]) -> Mapping[JobRef, Observation]:
    """Return an observation of every job, in one round trip per 500; jobs that are missing cost a second one where
    the scheduler has an accounting. Each must have its ``native_id``.

    Raises:
        TaskError: TRANSIENT when the scheduler did not answer: nothing may be concluded about any job.
    """
    found: dict[JobRef, Observation] = {}
    for start in range(0, len(jobs), BATCH):
        found |= _query_batch(connection, jobs[start : start + BATCH])
    return found


def unmoved(connection: Connection, known: Mapping[str, JobState]) -> frozenset[str]:
    """Return the native ids of those jobs that the scheduler lists as not ended and in the state that is known already.

    One list of all the account's jobs, however many; about the rest, which are few, ``query`` is asked. Nothing where
    the scheduler has no such list. TaskError as ``query``.
    """
    scheduler = scheduler_of(connection.target.scheduler, connection.target.grid_engine)
    script = scheduler.census_script()
    if script is None:
        return frozenset()
    limit = _CENSUS_BYTES + 2 * len(known) * _CENSUS_BYTES_PER_JOB
    result = connection.run_script(script, max_output_bytes=limit, operation=OPERATION)
    # A list that is cut off says nothing false of those that it has; its last line may.
    listed = result.stdout[: result.stdout.rfind(b"\n") + 1].decode(errors="replace")
    try:
        states = scheduler.parse_census(listed, result.stderr.decode(errors="replace"), result.exit_status)
    except SilentError as error:
        raise _silent(connection, scheduler, str(error)) from None
    return frozenset(
        native_id for native_id, state in known.items() if states.get(native_id) is state and not is_terminal(state)
    )


def judge(observation: Observation, *, missing_since: datetime | None, now: datetime, grace: timedelta) -> Judgement:
    """Decide what a job's state is: a missing one is UNKNOWN until the grace is over, then lost (or canceled, where a
    tombstone stands). ``missing_since`` is what the last judgement said.
    """
    if observation.state is not None:
        return Judgement(observation.state, observation.reason, None)
    since = missing_since or now
    if now - since < grace:
        reason = "Neither queue nor accounting knows the job, and it left no exit code; looking again."
        return Judgement(JobState.UNKNOWN, reason, since)
    if observation.canceled:
        return Judgement(JobState.CANCELED, _CANCELED_BY_US, since)
    minutes = (now - since).total_seconds() / 60
    reason = (
        f"The job is lost: for {minutes:.0f} min neither queue nor accounting has known it, and it left no exit code."
    )
    return Judgement(JobState.FAILED, reason, since, lost=True)


def _query_batch(connection: Connection, jobs: Sequence[JobRef]) -> Mapping[JobRef, Observation]:
    scheduler = scheduler_of(connection.target.scheduler, connection.target.grid_engine)
    statuses, marks = _ask(connection, scheduler, jobs)
    ids = [marks[index].native_id or job.native_id or "" for index, job in enumerate(jobs)]
    # Another job than the recorded one runs the application: ask for that one as well, next time in the same go.
    missing = [
        native_id
        for native_id, seen in zip(ids, marks, strict=True)
        if native_id and native_id not in statuses and not seen.ended
    ]
    if missing:
        statuses = {**statuses, **_ask_again(connection, scheduler, missing, jobs)}
    return {
        job: _observe(statuses.get(native_id), seen, native_id)
        for job, native_id, seen in zip(jobs, ids, marks, strict=True)
    }


def _ask(
    connection: Connection, scheduler: Scheduler, jobs: Sequence[JobRef]
) -> tuple[Mapping[str, JobStatus], Sequence[Marks]]:
    boundary = f"howdah-marks-{secrets.token_hex(8)}"
    script, variables = scheduler.status_script([job.native_id for job in jobs if job.native_id])
    directories = [place_of(connection, job).submission_dir for job in jobs]
    result = connection.run_script(
        f"{{ {script}\n}}\nasked=$?\n{templates.text('marks.sh')}",
        {**variables, "dirs": "\n".join(directories), "boundary": boundary},
        timeout_seconds=connection.target.command_timeout_seconds,
        max_output_bytes=(len(jobs) + 100) * _BYTES_PER_JOB,
        operation=OPERATION,
    )
    queue, found, rest = result.stdout.decode(errors="replace").partition(boundary + " ")
    if not found:
        raise _silent(connection, scheduler, f"the answer is incomplete: {result.stderr[-300:]!r}")
    status, _, left = rest.partition("\n")
    try:
        statuses = scheduler.parse_status(queue, result.stderr.decode(errors="replace"), int(status))
    except SilentError as error:
        raise _silent(connection, scheduler, str(error)) from None
    return statuses, parse_marks(left, boundary, directories)


def _ask_again(
    connection: Connection, scheduler: Scheduler, missing: Sequence[str], jobs: Sequence[JobRef]
) -> Mapping[str, JobStatus]:
    """Ask the queue for ids that it was not asked for yet, then the accounting for what it does not know."""
    asked = {job.native_id for job in jobs}
    statuses: dict[str, JobStatus] = {}
    if others := [native_id for native_id in missing if native_id not in asked]:
        script, variables = scheduler.status_script(others)
        result = connection.run_script(script, variables, operation=OPERATION)
        try:
            words = result.stderr.decode(errors="replace")
            statuses |= scheduler.parse_status(result.stdout.decode(errors="replace"), words, result.exit_status)
        except SilentError as error:
            raise _silent(connection, scheduler, str(error)) from None
    unknown = [native_id for native_id in missing if native_id not in statuses]
    accounting = scheduler.accounting_script(unknown) if unknown else None
    if accounting is None:
        return statuses
    result = connection.run_script(*accounting, operation=OPERATION)
    try:
        words = result.stderr.decode(errors="replace")
        known = scheduler.parse_accounting(result.stdout.decode(errors="replace"), words, result.exit_status)
    except SilentError as error:
        raise _silent(connection, scheduler, str(error)) from None
    return {**(known or {}), **statuses}


def _observe(status: JobStatus | None, marks: Marks, native_id: str) -> Observation:
    """Join the scheduler's word with what the job left: an application's own exit code is the final truth."""
    observation = Observation(
        state=status.state if status else None,
        reason=status.reason if status else "",
        exit_code=marks.exit_code if marks.exit_code is not None else status.exit_code if status else None,
        started_at=marks.started_at or (status.started_at if status else None),
        ended_at=marks.ended_at or (status.ended_at if status else None),
        native_id=native_id or None,
        canceled=marks.tombstone,
    )
    if status is not None and not is_terminal(status.state):
        return replace(observation, exit_code=None, ended_at=None)
    if not marks.ended:
        return _without_marks(observation, status)
    return _ended(observation, status, marks)


def _without_marks(observation: Observation, status: JobStatus | None) -> Observation:
    """Some schedulers kill at once when a job is deleted: no mark is left, and the signal is all that they record."""
    by_signal = observation.exit_code is None or observation.exit_code > _SIGNALS_FROM
    if observation.canceled and status is not None and status.exit_file_decides and by_signal:
        return replace(observation, state=JobState.CANCELED, reason=_CANCELED_BY_US)
    return observation


def _ended(observation: Observation, status: JobStatus | None, marks: Marks) -> Observation:
    failed, canceled = JobState.FAILED, replace(observation, state=JobState.CANCELED, reason=_CANCELED_BY_US)
    if marks.word == "canceled" or (marks.word == "interrupted" and marks.tombstone):
        return canceled
    if marks.word is not None:
        return replace(observation, state=failed, exit_code=None, reason=_ENDS[marks.word])
    if status is not None and status.state is not JobState.COMPLETE and not status.exit_file_decides:
        return observation
    if marks.exit_code == 0:
        return replace(observation, state=JobState.COMPLETE, reason="The job completed.")
    if marks.tombstone:
        return canceled
    return replace(observation, state=failed, reason=f"The application ended with exit code {marks.exit_code}.")


def _silent(connection: Connection, scheduler: Scheduler, why: str) -> TaskError:
    host, trouble = connection.target.host, classify(why, scheduler.glossary.troubles)
    advice = f". {trouble.sentence}" if trouble else ""
    what = f"the scheduler on {host} gave no answer about its jobs: {why.rstrip('.')}{advice}"
    return TaskError.of(FailureKind.TRANSIENT, what, host=host, operation=OPERATION)
