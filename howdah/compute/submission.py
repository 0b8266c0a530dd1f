"""One remote job per task: the submission protocol of the design, section 6.

Whoever submits must hold the claim on (task, generation), a directory that ``mkdir`` makes; everybody else attaches to
what the holder did. It all happens in one script on the resource (``templates/submit.sh``), detached from the session,
so that a cut connection leaves a job whose id is recorded and not a job that nobody knows. The job script lets one job
of a submission run the application, whatever happened before.
"""

import secrets
import shlex
from typing import Final

from howdah.compute import templates
from howdah.compute.abstract import CommandResult, Connection, JobRef
from howdah.compute.schedulers import JobPlace, Scheduler, scheduler_of
from howdah.compute.shell import kind_of_words
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JobSpec, JobSubmissionParams, SubmittedJob

OPERATION: Final = "submit"
PRIVATE_DIRECTORY: Final = ".howdah"
_LONGEST_WAIT_SECONDS = 15
_LOOK_UP_SECONDS = 120.0
_NO_WORK_DIRECTORY = 66


def submit(connection: Connection, params: JobSubmissionParams, *, task_id: TaskId, attempt: int) -> SubmittedJob:
    """Submit the job of (task, generation), or find the one that an earlier attempt submitted.

    Raises:
        TaskError: PERMANENT or THROTTLED, with the scheduler's words, when it refused and certainly made no job;
            TRANSIENT when it was not reached, or when it is *unknown* whether there is a job: another attempt
            reconciles it and never makes a second one; CANCELED when ``cancel_job`` came first.
    """
    scheduler = scheduler_of(connection.target.scheduler)
    place = _place(connection, params, task_id)
    stage = f"{place.work_dir}/{PRIVATE_DIRECTORY}/stage-{secrets.token_hex(8)}"
    variables = {
        "work_dir": place.work_dir,
        "stage": stage,
        "wrapper": _wrapper(connection, scheduler, params, place, stage, attempt),
        "job_script": job_script(scheduler, params.job, place, _executable(connection, params.job)),
    }
    limit = connection.target.submit_timeout_seconds + _LONGEST_WAIT_SECONDS + _LOOK_UP_SECONDS
    script = templates.text("process.sh", "detach.sh")
    result = connection.run_script(script, variables, timeout_seconds=limit, operation=OPERATION)
    return _understood(connection, scheduler, result, place)


def submission_directory(work_dir: str, task_id: TaskId, generation: int) -> str:
    """Return where claim, id, marks and exit code of (task, generation) stand."""
    return f"{work_dir}/{PRIVATE_DIRECTORY}/job-{task_id}-{generation}"


def place_of(connection: Connection, job: JobRef) -> JobPlace:
    """Return where a submission stands."""
    work_dir = connection.expand(job.work_dir).rstrip("/")
    return JobPlace(job.job_name, work_dir, submission_directory(work_dir, job.task_id, job.generation))


def assignments(values: dict[str, str]) -> str:
    """Return shell text that assigns the values, quoted."""
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in values.items())


def claim_variables(connection: Connection, place: JobPlace, attempt: int) -> dict[str, str]:
    """Return what ``claim.sh`` needs."""
    return {
        "sub": place.submission_dir,
        "job_name": place.job_name,
        "attempt": str(attempt),
        "nonce": secrets.token_hex(8),
        "submit_limit": str(max(1, round(connection.target.submit_timeout_seconds))),
    }


def job_script(scheduler: Scheduler, job: JobSpec, place: JobPlace, executable: str) -> str:
    """Return the script that the scheduler runs: the marks and the exit code around the application."""
    limit = scheduler.limit_seconds(job)
    values = {
        "sub": place.submission_dir,
        "work_dir": place.work_dir,
        "requeue": "yes" if job.requeue else "no",
        "limit_seconds": "" if limit is None else str(limit),
        "stdout": job.stdout,
        "stderr": job.stderr,
    }
    return "\n".join(
        [
            "#!/bin/sh",
            assignments(values),
            templates.text("process.sh", "watchdog.sh", scheduler.dialect),
            _application(job, executable),
            templates.text("job.sh"),
        ]
    )


def _application(job: JobSpec, executable: str) -> str:
    modules = ["command -v module >/dev/null 2>&1 || . /etc/profile.d/modules.sh || exit 95"] if job.modules else []
    modules += [f"module load {shlex.quote(name)} || exit 95" for name in job.modules]
    exports = [f"export {name}={shlex.quote(value)}" for name, value in job.environment.items()]
    lines = [
        "application() {",
        *modules,
        *exports,
        *job.pre_commands,
        shlex.join([executable, *job.arguments]),
        "application_code=$?",
        '[ "$application_code" -eq 0 ] || return "$application_code"',
        *job.post_commands,
        "}",
    ]
    return "\n".join(lines)


def _executable(connection: Connection, job: JobSpec) -> str:
    return connection.expand(job.executable) if job.executable.startswith("~/") else job.executable


def _place(connection: Connection, params: JobSubmissionParams, task_id: TaskId) -> JobPlace:
    return place_of(connection, JobRef(params.work_dir, task_id, params.generation, params.job_name))


def _wrapper(  # noqa: PLR0913, PLR0917 - what a submission is made of
    connection: Connection,
    scheduler: Scheduler,
    params: JobSubmissionParams,
    place: JobPlace,
    stage: str,
    attempt: int,
) -> str:
    limit = connection.target.submit_timeout_seconds
    values = {
        **claim_variables(connection, place, attempt),
        "stage": stage,
        "submit_options": shlex.join(scheduler.submit_options(params.job, place)),
        "wait_seconds": str(max(1, round(min(limit, _LONGEST_WAIT_SECONDS)))),
    }
    return assignments(values) + "\n" + templates.text("process.sh", scheduler.dialect, "claim.sh", "submit.sh")


def _understood(connection: Connection, scheduler: Scheduler, result: CommandResult, place: JobPlace) -> SubmittedJob:
    words = result.stderr.decode(errors="replace").strip()
    verb, _, rest = result.stdout.decode(errors="replace").strip().partition(" ")
    if verb in {"submitted", "adopted"} and rest:
        return SubmittedJob(native_id=rest, adopted=verb == "adopted")
    host, status = connection.target.host, result.exit_status
    match verb:
        case "canceled":
            kind = FailureKind.CANCELED
            sentence = f"the job {place.job_name} was canceled on {host} before it was submitted"
        case "refused":
            status = int(rest)
            kind, reason = scheduler.refusal(words, status)
            verb = "could not take" if kind is FailureKind.TRANSIENT else "refused"
            sentence = f"{connection.target.scheduler.value} on {host} {verb} the job: {reason}"
        case "unknown":
            kind = FailureKind.TRANSIENT
            sentence = f"it is unknown whether {host} has the job {place.job_name}; it will be reconciled: {rest}"
        case _ if status == _NO_WORK_DIRECTORY:
            kind = FailureKind.PERMANENT
            sentence = f"the work directory {place.work_dir} does not exist on {host}"
        case _:
            kind = kind_of_words(words)
            sentence = f"the submission on {host} did not get under way: {rest or words[-300:] or 'no answer'}"
    raise TaskError.of(kind, sentence, detail=words, host=host, operation=OPERATION, exit_status=status)
