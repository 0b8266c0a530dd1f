"""One remote job per task: the submission protocol of the design, section 6.

Whoever submits must hold the claim on (task, generation), a directory that ``mkdir`` makes; everybody else attaches to
what the holder did. It all happens in one script on the resource (``templates/submit.sh``), detached from the session,
so that a cut connection leaves a job whose id is recorded and not a job that nobody knows. The job script lets one job
of a submission run the application, whatever happened before.
"""

import re
import secrets
import shlex
from collections.abc import Sequence
from typing import Final

from howdah.compute import templates
from howdah.compute.abstract import CommandResult, Connection, JobRef
from howdah.compute.application import assignments, job_script
from howdah.compute.schedulers import JobPlace, Scheduler, scheduler_of
from howdah.compute.schedulers.troubles import classify
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JobSpec, JobSubmissionParams, SubmittedJob
from howdah.contracts.resources import ResourceTarget

OPERATION: Final = "submit"
PRIVATE_DIRECTORY: Final = ".howdah"
_LONGEST_WAIT_SECONDS = 15
_LOOK_UP_SECONDS = 120.0
_NO_WORK_DIRECTORY = 66
_NOT_BEGUN = 70
_NATIVE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,199}")


def submit(connection: Connection, params: JobSubmissionParams, *, task_id: TaskId, attempt: int) -> SubmittedJob:
    """Submit the job of (task, generation), or find the one that an earlier attempt submitted.

    Raises:
        TaskError: PERMANENT or THROTTLED, with the scheduler's words, when it refused and certainly made no job;
            TRANSIENT when it was not reached, or when it is *unknown* whether there is a job: another attempt
            reconciles it and never makes a second one; CANCELED when ``cancel_job`` came first.
    """
    scheduler = scheduler_of(connection.target.scheduler, connection.target.grid_engine)
    place = _place(connection, params, task_id)
    claim = claim_variables(connection, scheduler, place, attempt)
    script_path = f"{place.submission_dir}/job-{claim['nonce']}.sh"
    try:
        variables = {
            "work_dir": place.work_dir,
            "sub": place.submission_dir,
            "script": script_path,
            "wrapper": _wrapper(connection, scheduler, params, place, {**claim, "script": script_path}),
            "job_script": job_script(scheduler, params.job, place, _executable(connection, params.job)),
        }
    except ValueError as error:
        host = connection.target.host
        what = f"the job can't be submitted to {connection.target.scheduler.value} on {host}: {error}"
        raise TaskError.of(FailureKind.PERMANENT, what, host=host, operation=OPERATION) from None
    limit = connection.target.submit_timeout_seconds + _LONGEST_WAIT_SECONDS + _LOOK_UP_SECONDS
    script = templates.text("files.sh", "detached.sh", "detach.sh")
    result = connection.run_script(script, variables, timeout_seconds=limit, operation=OPERATION)
    return _understood(connection, scheduler, result, place)


def rendered(target: ResourceTarget, params: JobSubmissionParams, task_id: TaskId) -> tuple[str, Sequence[str]]:
    """Return the job's script and the options of the submit command, without reaching the resource: a ``~`` stays one.

    ValueError when such a job can't be submitted there.
    """
    scheduler = scheduler_of(target.scheduler, target.grid_engine)
    work_dir, claim = params.work_dir.rstrip("/"), params.claim_task_id or task_id
    place = JobPlace(params.job_name, work_dir, submission_directory(work_dir, claim, params.generation))
    script = job_script(scheduler, params.job, place, params.job.executable)
    return script, scheduler.submit_options(params.job, place)


def submission_directory(work_dir: str, task_id: TaskId, generation: int) -> str:
    """Return where claim, id, marks and exit code of (task, generation) stand."""
    return f"{work_dir}/{PRIVATE_DIRECTORY}/job-{task_id}-{generation}"


def place_of(connection: Connection, job: JobRef) -> JobPlace:
    """Return where a submission stands."""
    work_dir = connection.expand(job.work_dir).rstrip("/")
    return JobPlace(job.job_name, work_dir, submission_directory(work_dir, job.task_id, job.generation))


def claim_variables(connection: Connection, scheduler: Scheduler, place: JobPlace, attempt: int) -> dict[str, str]:
    """Return what ``claim.sh`` needs."""
    return {
        "sub": place.submission_dir,
        "job_name": scheduler.name_of(place.job_name),
        "attempt": str(attempt),
        "nonce": secrets.token_hex(8),
        "submit_limit": str(max(1, round(connection.target.submit_timeout_seconds))),
    }


def _executable(connection: Connection, job: JobSpec) -> str:
    return connection.expand(job.executable) if job.executable.startswith("~/") else job.executable


def _place(connection: Connection, params: JobSubmissionParams, task_id: TaskId) -> JobPlace:
    return place_of(connection, JobRef(params.work_dir, task_id, params.generation, params.job_name))


def _wrapper(
    connection: Connection, scheduler: Scheduler, params: JobSubmissionParams, place: JobPlace, claim: dict[str, str]
) -> str:
    limit = connection.target.submit_timeout_seconds
    values = {
        **claim,
        "submit_options": shlex.join(scheduler.submit_options(params.job, place)),
        "wait_seconds": str(max(1, round(min(limit, _LONGEST_WAIT_SECONDS)))),
    }
    parts = ("files.sh", "process.sh", scheduler.dialect, "claim.sh", "submit.sh")
    return assignments(values) + "\n" + templates.text(*parts)


def _understood(connection: Connection, scheduler: Scheduler, result: CommandResult, place: JobPlace) -> SubmittedJob:
    words = result.stderr.decode(errors="replace").strip()
    verb, _, rest = result.stdout.decode(errors="replace").strip().partition(" ")
    if verb in {"submitted", "adopted"} and _NATIVE_ID.fullmatch(rest):
        return SubmittedJob(native_id=rest, adopted=verb == "adopted")
    host, status = connection.target.host, result.exit_status
    match verb:
        case "canceled":
            kind = FailureKind.CANCELED
            sentence = f"the job {place.job_name} was canceled on {host} before it was submitted"
        case "refused":
            status = int(rest) if re.fullmatch("[0-9]{1,3}", rest) else status
            kind, reason = scheduler.refusal(words, status)
            verb = "refused" if kind is FailureKind.PERMANENT else "could not take"
            sentence = f"{connection.target.scheduler.value} on {host} {verb} the job: {reason}"
        case "unknown":
            kind = FailureKind.TRANSIENT
            rest = f"{rest}.{_advice(scheduler, words)}" if _advice(scheduler, words) else rest
            sentence = f"it is unknown whether {host} has the job {place.job_name}; it will be reconciled: {rest}"
        case _ if status == _NO_WORK_DIRECTORY:
            kind = FailureKind.PERMANENT
            sentence = f"the work directory {place.work_dir} does not exist on {host}"
        case "failed" | "" if verb or status == _NOT_BEGUN:
            trouble = classify(words, scheduler.glossary.troubles)
            kind = trouble.kind if trouble else FailureKind.PERMANENT
            said = rest or words[-300:] or "no answer"
            sentence = f"the submission on {host} did not get under way: {said}.{_advice(scheduler, words)}"
        case _:
            kind = FailureKind.TRANSIENT
            said = result.stdout.decode(errors="replace").strip()[-300:] or words[-300:] or "nothing"
            sentence = f"the submission on {host} gave no answer that makes sense; it will be reconciled: {said!r}."
            sentence += _advice(scheduler, words)
    raise TaskError.of(kind, sentence, detail=words, host=host, operation=OPERATION, exit_status=status)


def _advice(scheduler: Scheduler, words: str) -> str:
    trouble = classify(words, scheduler.glossary.troubles)
    return f" {trouble.sentence}" if trouble else ""
