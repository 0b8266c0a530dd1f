"""Submit a job, once, and hand it to the monitor."""

from howdah.compute import cancellation, submission
from howdah.compute.abstract import Connection, JobRef
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JOB_SUBMISSION, JobSubmissionParams, SubmittedJob
from howdah.contracts.records import JobRecord
from howdah.contracts.states import JobState
from howdah.tasks import Needs, TaskContext, job_records, task


def withdraw_job(context: TaskContext[JobSubmissionParams]) -> bool:
    """Take the claim with a tombstone, or cancel the job that had won it; return whether the resource confirmed.

    When the time for it is over, the monitor's reaper goes on trying.
    """
    confirmed = False
    try:
        confirmed = _withdrawn(context)
    finally:
        if not confirmed and context.now() >= context.command.deadline_at:
            context.put_record(job_records.row(_record(context, None, reaping=True)))
    return confirmed


def _withdrawn(context: TaskContext[JobSubmissionParams]) -> bool:
    params = context.params
    job = JobRef(params.work_dir, _claim_of(context), params.generation, params.job_name)
    with context.connect() as connection:
        outcome = cancellation.cancel_job(connection, job)
    context.log(outcome.sentence)
    if outcome.confirmed:
        _tell(context, outcome.state, outcome.native_id, outcome.sentence)
    return outcome.confirmed


@task(JOB_SUBMISSION, params=JobSubmissionParams, needs=Needs.RESOURCE, threads=32, on_cancel=withdraw_job)
def submit_job(context: TaskContext[JobSubmissionParams]) -> SubmittedJob:
    """Submit by the claim protocol, so that every attempt and redelivery finds the one job; tell; write its record."""
    _tell(context, JobState.INTENT)
    with context.connect() as connection:
        _put_an_end_to_the_earlier(context, connection)
        attempt = context.params.earlier_attempts + context.attempt
        submitted = submission.submit(connection, context.params, task_id=_claim_of(context), attempt=attempt)
    _tell(context, JobState.SUBMITTED, submitted.native_id, "adopted" if submitted.adopted else "")
    context.put_record(job_records.row(_record(context, submitted.native_id)))
    return submitted


def _claim_of(context: TaskContext[JobSubmissionParams]) -> TaskId:
    return context.params.claim_task_id or context.command.task_id


def _put_an_end_to_the_earlier(context: TaskContext[JobSubmissionParams], connection: Connection) -> None:
    """Make sure that the generation before this one does not run, and never will."""
    earlier = context.params.supersedes
    if earlier is None:
        return
    job = JobRef(context.params.work_dir, earlier.task_id, earlier.generation, earlier.job_name)
    outcome = cancellation.cancel_job(connection, job)
    if not outcome.confirmed:
        host = context.target.host
        what = f"the job of the earlier run may still run on {host}, so that none is submitted yet: {outcome.sentence}"
        raise TaskError.of(FailureKind.TRANSIENT, what, host=host, operation="cancel")


def _tell(
    context: TaskContext[JobSubmissionParams], state: JobState, native_id: str | None = None, reason: str = ""
) -> None:
    event = context.events.job_status(
        state,
        generation=context.params.generation,
        job_name=context.params.job_name,
        native_id=native_id,
        state=state,
        reason=reason[:2_000],
    )
    context.emit(event)


def _record(context: TaskContext[JobSubmissionParams], native_id: str | None, *, reaping: bool = False) -> JobRecord:
    command, params = context.command, context.params
    return JobRecord(
        at=context.now(),
        trace=context.events.trace,
        gateway_id=command.gateway_id,
        experiment_id=command.experiment_id,
        process_id=command.process_id,
        task_id=command.task_id,
        claim_task_id=params.claim_task_id,
        attempt=command.attempt,
        generation=params.generation,
        job_name=params.job_name,
        native_id=native_id,
        work_dir=params.work_dir,
        target=context.target,
        capability=context.grant.capability,
        monitoring_task_id=params.monitoring_task_id,
        stderr=params.job.stderr,
        reaping=reaping,
        revision=int(reaping),  # said later than by whoever submitted
    )
