"""Put a job under the monitor's eyes. The command is done at once; the monitor owes the task's outcome."""

from howdah.contracts.params import JOB_MONITORING, JobMonitoringParams
from howdah.contracts.records import JobRecord
from howdah.tasks import DETACHED, AtCancel, AtDeadline, Needs, Result, TaskContext, job_records, task


@task(
    JOB_MONITORING,
    params=JobMonitoringParams,
    needs=Needs.RESOURCE,
    bulkhead_share=1.0,  # nothing is done on the resource here
    at_deadline=AtDeadline.RUN_ON,
    at_cancel=AtCancel.RUN_ON,
)
def follow_job(context: TaskContext[JobMonitoringParams]) -> Result:
    """Say in the job's record who awaits its end, which also restores a record that was lost."""
    context.put_record(job_records.row(_record(context)))
    return DETACHED


def _record(context: TaskContext[JobMonitoringParams]) -> JobRecord:
    command, params = context.command, context.params
    return JobRecord(
        at=context.now(),
        trace=context.events.trace,
        gateway_id=command.gateway_id,
        experiment_id=command.experiment_id,
        process_id=command.process_id,
        task_id=params.submission_task_id,
        claim_task_id=params.claim_task_id,
        attempt=1,
        generation=params.generation,
        job_name=params.job_name,
        native_id=params.native_id,
        work_dir=params.work_dir,
        target=context.target,
        capability=command.capability,
        monitoring_task_id=command.task_id,
        monitoring_attempt=command.attempt,
        monitoring_command_id=command.command_id,
        stderr=params.stderr,
    )
