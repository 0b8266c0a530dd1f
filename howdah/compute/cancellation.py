"""Canceling a job: by the same claim as submitting it, so that neither can slip past the other."""

import time
from typing import Final

from howdah.compute import jobs, templates
from howdah.compute.abstract import CancelOutcome, Connection, JobRef, Observation
from howdah.compute.schedulers import scheduler_of
from howdah.compute.submission import claim_variables, place_of
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import JobState, is_terminal

OPERATION: Final = "cancel"
_NEWEST_ATTEMPT = 1_000_000_000
"""A cancel gives way to no attempt."""
_LOOK_UP_SECONDS = 180.0
_FIRST_LOOK_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 2.0


def cancel_job(connection: Connection, job: JobRef, *, wait_seconds: float = 20.0) -> CancelOutcome:
    """Make sure that the job does not run, or stop it; wait at most ``wait_seconds`` for a submission under way and as
    long again for the job's end.

    A tombstone stays behind: whatever submits (task, generation) later is refused. Safe to repeat. TaskError when the
    resource could not be reached or the scheduler refused to cancel.
    """
    place = place_of(connection, job)
    scheduler = scheduler_of(connection.target.scheduler, connection.target.grid_engine)
    variables = {
        **claim_variables(connection, scheduler, place, _NEWEST_ATTEMPT),
        "known_id": job.native_id or "",
        "wait_seconds": str(max(1, round(wait_seconds))),
    }
    script = templates.text("files.sh", "process.sh", scheduler.dialect, "claim.sh", "cancel.sh")
    limit = wait_seconds + _LOOK_UP_SECONDS
    result = connection.run_script(script, variables, timeout_seconds=limit, operation=OPERATION)
    verb, _, rest = result.stdout.decode(errors="replace").strip().partition(" ")
    words = result.stderr.decode(errors="replace").strip()
    match verb:
        case "none":
            sentence = "The job was canceled before it was submitted; it will not be."
            return CancelOutcome(confirmed=True, state=JobState.CANCELED, native_id=None, sentence=sentence)
        case "asked":
            return _await_end(connection, job, rest, words, wait_seconds)
        case "unknown":
            sentence = f"Whether {connection.target.host} has the job is unknown: {rest}."
            return CancelOutcome(confirmed=False, state=JobState.UNKNOWN, native_id=job.native_id, sentence=sentence)
        case _:
            host = connection.target.host
            what = f"canceling on {host} did not get under way: {words[-300:] or 'no answer'}"
            raise TaskError.of(FailureKind.TRANSIENT, what, detail=words, host=host, operation=OPERATION)


def _await_end(connection: Connection, job: JobRef, native_id: str, words: str, wait_seconds: float) -> CancelOutcome:
    asked = JobRef(job.work_dir, job.task_id, job.generation, job.job_name, native_id)
    until = time.monotonic() + wait_seconds
    pause = _FIRST_LOOK_SECONDS
    while True:
        seen = jobs.query(connection, [asked])[asked]
        if seen.state is None or is_terminal(seen.state):
            return _ended(seen, native_id)
        if time.monotonic() + pause > until:
            said = f" It said: {words[-300:]}" if words else ""
            sentence = f"The scheduler was asked to cancel the job, which has not ended yet.{said}"
            return CancelOutcome(confirmed=False, state=seen.state, native_id=native_id, sentence=sentence)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _ended(seen: Observation, native_id: str) -> CancelOutcome:
    """Missing after the scheduler took the cancel means gone: the tombstone keeps a late start from running."""
    state = seen.state or JobState.CANCELED
    by_itself = state in {JobState.COMPLETE, JobState.FAILED} and seen.exit_code is not None
    sentence = seen.reason if by_itself else "The job was canceled."
    shown = state if by_itself else JobState.CANCELED
    return CancelOutcome(confirmed=True, state=shown, native_id=native_id, sentence=sentence)
