"""HTCondor: condor_submit, condor_q, condor_history, condor_rm.

The schedd must run on, or be reachable from, the login node, and the work directory must be seen by the machines that
run the jobs under the same path: nothing is transferred.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from howdah.compute.schedulers import htcondor_words
from howdah.compute.schedulers.abstract import Glossary, JobPlace, JobStatus, NoCensus, SilentError
from howdah.compute.schedulers.troubles import refusal_of
from howdah.contracts.failures import FailureKind
from howdah.contracts.native import native_arguments
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.states import JobState

_ATTRIBUTES: Final = (
    "ClusterId,ProcId,JobStatus,HoldReasonCode,HoldReason,RemoveReason,ExitBySignal,ExitCode,ExitSignal,"
    "JobCurrentStartDate,CompletionDate,NumJobStarts"
)
_STATUS: Final = f"timeout 60 condor_q $ids -json -attributes {_ATTRIBUTES}"
# -match ends the look through the history as soon as all are found.
_HISTORY: Final = (
    "if command -v condor_history >/dev/null 2>&1; then "
    f'timeout 120 condor_history $ids -match "$count" -json -attributes {_ATTRIBUTES}; else ( exit 127 ); fi'
)
_JOB_ID = re.compile(r"[0-9]+\.[0-9]+")
_OUT_OF_REACH = re.compile(
    r"failed to|can't find|could(n't| not) (contact|connect)|unable to|error:|timed out", re.IGNORECASE
)
_LONGEST_CODE: Final = 10_000


class HtCondor(NoCensus):
    """HTCondor 8.6 and later, through its commands."""

    dialect = "htcondor.sh"
    own_id_variable = "HOWDAH_NATIVE_ID"
    glossary = Glossary(htcondor_words.SHOWN_STATES, htcondor_words.REASONS, htcondor_words.TROUBLES)

    def name_of(self, job_name: str) -> str:
        """Return the name itself, which is kept as the job's attribute HowdahName."""
        return job_name

    def submit_options(self, job: JobSpec, place: JobPlace) -> Sequence[str]:
        """Return lines of the submit description; those that name the script are added where it is submitted."""
        lines = [
            "universe = vanilla",
            f"batch_name = {place.job_name}",
            f'+HowdahName = "{place.job_name}"',
            f"initialdir = {_plain(place.work_dir)}",
            f"output = {_plain(place.submission_dir)}/scheduler.out",
            f"error = {_plain(place.submission_dir)}/scheduler.err",
            f"log = {_plain(place.submission_dir)}/scheduler.log",
            "should_transfer_files = NO",
            "notification = never",
            f"request_cpus = {job.tasks_per_node * job.cpus_per_task}",
        ]
        if not job.requeue:
            # A job that lost its machine would be started again by itself.
            lines.append("periodic_remove = JobStatus == 1 && NumJobStarts > 0")
        chosen = {
            "request_memory": job.memory_mb,
            "request_gpus": job.gpus_per_node,
            "accounting_group": job.account,
        }
        lines += [f"{name} = {value}" for name, value in chosen.items() if value is not None]
        return [*lines, *(word for line in job.native for word in native_arguments(SchedulerKind.HTCONDOR, line))]

    def limit_seconds(self, job: JobSpec) -> int | None:
        """Return the wall time: HTCondor has no limit of its own that all releases know."""
        return None if job.wall_time_minutes is None else job.wall_time_minutes * 60

    def refusal(self, words: str, exit_status: int) -> tuple[FailureKind, str]:
        """Return the meaning of condor_submit's words."""
        return refusal_of(words, exit_status, htcondor_words.TROUBLES, noise=("ERROR: ",))

    def status_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return one condor_q for all jobs."""
        return _STATUS, {"ids": _id_list(native_ids)}

    def parse_status(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus]:
        """Return what condor_q listed. It may exit with 0 though the schedd did not answer."""
        return dict(_statuses(stdout, stderr, exit_status, "condor_q"))

    def accounting_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:
        """Return one condor_history for all jobs."""
        return _HISTORY, {"ids": _id_list(native_ids), "count": str(len(native_ids))}

    def parse_accounting(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus] | None:
        """Return what condor_history listed; None where it is not there."""
        if exit_status in {126, 127}:
            return None
        return dict(_statuses(stdout, stderr, exit_status, "condor_history"))


def _plain(path: str) -> str:
    """Return a path for a line of the submit description, where ``$(`` would begin a macro."""
    return path.replace("$", "$(DOLLAR)")


def _id_list(native_ids: Sequence[str]) -> str:
    return " ".join(native_id for native_id in native_ids if _JOB_ID.fullmatch(native_id))


def _statuses(stdout: str, stderr: str, exit_status: int, what: str) -> Iterator[tuple[str, JobStatus]]:
    if exit_status != 0 or any(_OUT_OF_REACH.search(line) for line in stderr.splitlines()):
        last = stderr.strip().rpartition("\n")[2]
        raise SilentError(f"{what}: {last[-200:] or f'exit status {exit_status}'}")
    for ad in _ads(stdout, what):
        cluster, proc = ad.get("ClusterId"), ad.get("ProcId")
        if _is_number(cluster) and _is_number(proc):
            yield f"{cluster}.{proc}", _status(ad)


def _ads(stdout: str, what: str) -> list[dict[str, Any]]:
    """Return the job ads; nothing at all is printed where there is none."""
    start = stdout.find("[")
    if start < 0:
        if stdout.strip():
            raise SilentError(f"{what}: its answer is no JSON: {stdout.strip()[-100:]}")
        return []
    try:
        found = json.loads(stdout[start:])
    except (ValueError, RecursionError):
        raise SilentError(f"{what}: its JSON is broken") from None
    return [ad for ad in found if isinstance(ad, dict)] if isinstance(found, list) else []


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _status(ad: Mapping[str, Any]) -> JobStatus:
    number = ad.get("JobStatus")
    known = htcondor_words.STATES.get(number) if isinstance(number, int) and not isinstance(number, bool) else None
    state, says = known or (JobState.UNKNOWN, f"is in the state {str(number)[:20]!r} of HTCondor")
    exit_code, decides = None, False
    if number == htcondor_words.COMPLETED:
        state, says, exit_code = _completed(ad)
        decides = state is JobState.FAILED
    elif number == htcondor_words.REMOVED:
        state, says = _removed(ad)
    elif number == htcondor_words.HELD:
        says += _why_held(ad)
    return JobStatus(
        state=state,
        own_word=str(number)[:20],
        reason=f"The job {says}.",
        exit_code=exit_code,
        started_at=_instant(ad.get("JobCurrentStartDate")) if state is not JobState.QUEUED else None,
        ended_at=_instant(ad.get("CompletionDate")) if number == htcondor_words.COMPLETED else None,
        exit_file_decides=decides,
    )


def _completed(ad: Mapping[str, Any]) -> tuple[JobState, str, int | None]:
    code, signal = ad.get("ExitCode"), ad.get("ExitSignal")
    if ad.get("ExitBySignal") is True:
        number = signal if isinstance(signal, int) and 0 < signal < 128 else None  # noqa: PLR2004 - a signal's number
        return JobState.FAILED, f"was ended by signal {number or 'unknown'}", None if number is None else 128 + number
    if not _is_number(code) or not isinstance(code, int) or code > _LONGEST_CODE:
        return JobState.UNKNOWN, "has ended, but HTCondor does not say how", None
    return (JobState.FAILED, f"ended with exit code {code}", code) if code else (JobState.COMPLETE, "completed", 0)


def _removed(ad: Mapping[str, Any]) -> tuple[JobState, str]:
    reason = " ".join(str(ad.get("RemoveReason") or "").split())[:300].rstrip(".")
    if "PeriodicRemove" in reason:
        return JobState.FAILED, f"lost its machine and may not be started again ({reason})"
    if "SYSTEM_PERIODIC_REMOVE" in reason or "policy" in reason.lower():
        return JobState.FAILED, f"was removed by a rule of the site ({reason})"
    return JobState.CANCELED, f"was removed on the resource ({reason})" if reason else "was removed on the resource"


def _why_held(ad: Mapping[str, Any]) -> str:
    code, said = str(ad.get("HoldReasonCode")), " ".join(str(ad.get("HoldReason") or "").split())[:300].rstrip(".")
    words = htcondor_words.REASONS.get(code)
    return (f": {words}" if words else "") + (f" ({said})" if said else "")


def _instant(value: object) -> datetime | None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
