"""The services that submit and follow jobs and run commands, sabotaged on purpose: the witness must see it.

``python -m tests.failure.proof.sabotaged_submission MODE [SERVICE]``. ``plain-submission``: sbatch and, when the
connection breaks, sbatch again. ``early-acknowledgement``: the message is acknowledged before the work is done.
``empty-cancel``: a cancel is confirmed, and the scheduler never hears of it. ``plain-command``: a command is run by
each delivery of its message, without a claim. SERVICE is ``job-submission`` unless told.
"""

import shlex
import sys
import threading
from collections.abc import Callable

from howdah.compute import cancellation, commands, submission
from howdah.compute.abstract import CancelOutcome, CommandOutcome, Connection, JobRef
from howdah.compute.schedulers import scheduler_of
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId
from howdah.contracts.params import (
    COMMAND,
    JOB_MONITORING,
    JOB_SUBMISSION,
    CommandParams,
    JobSubmissionParams,
    SubmittedJob,
)
from howdah.contracts.states import JobState
from howdah.messaging.abstract import Delivery, Outgoing, Producer, Record
from howdah.tasks import run_service
from howdah.tasks.runner import TaskRunner


def plain_submit(connection: Connection, params: JobSubmissionParams, *, task_id: TaskId, attempt: int) -> SubmittedJob:
    """Submit without claim, record or look-up: what most programs do."""
    place = submission.place_of(connection, JobRef(params.work_dir, task_id, params.generation, params.job_name))
    connection.make_directories([place.submission_dir])
    command = shlex.join([params.job.executable, *params.job.arguments])
    ended = shlex.quote(f"{place.submission_dir}/ended")
    script = (
        f"#!/bin/sh\nbegan=$(date +%s)\ncd {shlex.quote(place.work_dir)}\n{command} >{shlex.quote(params.job.stdout)}\n"
        f'echo "$SLURM_JOB_ID $? $began $(date +%s)" >{ended}.new && mv {ended}.new {ended}\n'
    )
    path = f"{place.submission_dir}/plain-{attempt}.sh"
    connection.upload([script.encode()], path, mode=0o755)
    options = scheduler_of(connection.target.scheduler).submit_options(params.job, place)
    answer = connection.run(["sbatch", *options, path], timeout_seconds=30)
    native_id = answer.stdout.decode().strip().partition(";")[0].split(" ")[-1]
    if answer.exit_status != 0 or not native_id:
        raise TaskError.of(FailureKind.TRANSIENT, "sbatch did not answer", detail=answer.stderr.decode())
    return SubmittedJob(native_id=native_id)


def empty_cancel(connection: Connection, job: JobRef, **_: object) -> CancelOutcome:  # noqa: ARG001 - it asks nobody
    """Say that the job was canceled: what a program does that takes the request for the deed."""
    return CancelOutcome(confirmed=True, state=JobState.CANCELED, native_id=job.native_id, sentence="Canceled.")


def plain_command(connection: Connection, params: CommandParams, *, task_id: TaskId, attempt: int) -> CommandOutcome:  # noqa: ARG001 - it claims nothing
    """Run the command, whoever may have run it before: what most programs do."""
    done = connection.run(params.argv, timeout_seconds=params.timeout_seconds)
    return CommandOutcome(
        exit_status=done.exit_status,
        stdout=done.stdout,
        stderr=done.stderr,
        stdout_path="",
        stderr_path="",
        truncated=False,
        adopted=False,
    )


class _AcknowledgedDelivery:
    """A delivery whose message was acknowledged already: what the handler emits goes out on its own."""

    canceled = False

    def __init__(self, record: Record, producer: Producer) -> None:
        self.record = record
        self._producer = producer

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Nobody cancels what nobody knows of."""

    def emit(self, message: Outgoing) -> None:
        """Send it."""
        self._producer.send(message)


def acknowledge_early() -> None:
    """Make every handler return at once, with its work going on behind the acknowledgement's back."""
    handle = TaskRunner.__call__

    def early(self: TaskRunner, delivery: Delivery) -> None:
        detached = _AcknowledgedDelivery(delivery.record, self._around.producer)
        threading.Thread(target=handle, args=(self, detached), daemon=True).start()

    TaskRunner.__call__ = early  # type: ignore[method-assign]  # sabotage


def main(mode: str, service: str = JOB_SUBMISSION) -> int:
    """Run the sabotaged service."""
    if mode == "plain-submission":
        submission.submit = plain_submit
    elif mode == "early-acknowledgement":
        acknowledge_early()
    elif mode == "empty-cancel":
        cancellation.cancel_job = empty_cancel
    elif mode == "plain-command":
        commands.run_command = plain_command
    else:
        raise SystemExit(f"{mode!r} is no sabotage that is known here")
    if service == COMMAND:
        from services.command.handler import run_command

        return run_service(run_command)
    if service == JOB_MONITORING:
        from services.job_monitoring.handler import follow_job
        from services.job_monitoring.monitor import make_monitor

        return run_service(follow_job, parts=[make_monitor])
    from services.job_submission.handler import submit_job

    return run_service(submit_job)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
