"""IBM Spectrum LSF: bsub, bjobs, bhist, bkill."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from howdah.compute.schedulers import lsf_words
from howdah.compute.schedulers.abstract import Glossary, JobPlace, JobStatus, NoCensus, answered
from howdah.compute.schedulers.troubles import refusal_of
from howdah.contracts.failures import FailureKind
from howdah.contracts.native import native_arguments
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.states import JobState

# With a delimiter the columns are as wide as what they hold.
_STATUS: Final = (
    "LSB_NTRIES=3 timeout 60 bjobs -a -noheader "
    """-o "jobid stat exit_code exit_reason pend_reason delimiter='^'" $ids"""
)
_HISTORY: Final = (
    "if command -v bhist >/dev/null 2>&1; then LSB_NTRIES=3 timeout 120 bhist -a -n 0 -l $ids; else ( exit 127 ); fi"
)
_JOB_ID = re.compile(r"[0-9]+")
_FIELDS: Final = 5
_UNKNOWN: Final = r"Job <[^>]*> is not found|No (matching |unfinished )?job found"
_HEAD = re.compile(r"Job <([0-9]+)>")
_ENDS: Final = (
    (re.compile(r"Done successfully"), "DONE"),
    (re.compile(r"Exited( with exit code ([0-9]+)| by (?:LSF )?signal ([0-9]+))?"), "EXIT"),
    (re.compile(r"Completed <exit>"), "EXIT"),
    (re.compile(r"Completed <done>"), "DONE"),
)
_TERMINATION = re.compile(r"TERM_[A-Z_]+")
_MOST_SIGNALS: Final = 128


class Lsf(NoCensus):
    """LSF 9.1 and later, through its commands."""

    dialect = "lsf.sh"
    own_id_variable = "LSB_JOBID"
    glossary = Glossary(lsf_words.STATES, lsf_words.REASONS, lsf_words.TROUBLES)

    def name_of(self, job_name: str) -> str:
        """Return the name itself: LSF takes 4,094 characters."""
        return job_name

    def submit_options(self, job: JobSpec, place: JobPlace) -> Sequence[str]:
        """Return bsub's options; the script itself comes on its standard input."""
        slots = job.tasks_per_node * job.cpus_per_task
        span = "span[hosts=1]" if job.nodes == 1 else f"span[ptile={slots}]"
        options = ["-J", place.job_name, "-o", f"{place.submission_dir}/scheduler.%J.out", "-cwd", place.work_dir]
        options += ["-r" if job.requeue else "-rn", "-n", str(job.nodes * slots), "-R", span]
        if job.memory_mb is not None:
            options += ["-R", f"rusage[mem={job.memory_mb}MB]", "-M", f"{job.memory_mb}MB"]
        chosen = {
            "-q": job.queue,
            "-P": job.account,
            "-U": job.reservation,
            "-sla": job.qos,
            "-W": job.wall_time_minutes,
            "-gpu": f"num={job.gpus_per_node}" if job.gpus_per_node else None,
        }
        options += [word for name, value in chosen.items() if value is not None for word in (name, str(value))]
        return [*options, *(word for line in job.native for word in native_arguments(SchedulerKind.LSF, line))]

    def limit_seconds(self, job: JobSpec) -> int | None:  # noqa: ARG002 - the scheduler enforces it
        """Return None: LSF enforces the wall time."""
        return None

    def refusal(self, words: str, exit_status: int) -> tuple[FailureKind, str]:
        """Return the meaning of bsub's words."""
        return refusal_of(words, exit_status, lsf_words.TROUBLES)

    def status_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return one bjobs for all jobs, those that ended within CLEAN_PERIOD included."""
        return _STATUS, {"ids": _id_list(native_ids)}

    def parse_status(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus]:
        """Return what bjobs listed."""
        rows = [line.strip().split("^", _FIELDS - 1) for line in stdout.splitlines()]
        found = {row[0]: _status(*row[1:]) for row in rows if len(row) == _FIELDS and _JOB_ID.fullmatch(row[0])}
        answered(stdout, stderr, exit_status, what="bjobs", unknown=_UNKNOWN)
        return found

    def accounting_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:
        """Return one bhist for all jobs, through all event logs that are kept."""
        return _HISTORY, {"ids": _id_list(native_ids)}

    def parse_accounting(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus] | None:
        """Return how the jobs ended of which bhist knows it; None where there is no bhist."""
        if exit_status in {126, 127}:
            return None
        answered(stdout, stderr, exit_status, what="bhist", unknown=_UNKNOWN)
        return {native_id: status for native_id, text in _histories(stdout) if (status := _of_history(text))}


def _status(word: str, exit_code: str, exit_reason: str, pending: str) -> JobStatus:
    code = int(exit_code) if exit_code.isascii() and exit_code.isdecimal() and len(exit_code) <= 3 else None  # noqa: PLR2004
    reasons = pending if word in lsf_words.WAITING else exit_reason
    return _made(word, code, "" if reasons.strip() == "-" else " ".join(reasons.split()))


def _made(word: str, code: int | None, detail: str) -> JobStatus:
    state, says = lsf_words.STATES.get(word, (JobState.UNKNOWN, f"is in the state {word[:20]!r} of LSF"))
    found = _TERMINATION.search(detail)
    keyword = found.group() if found else ""
    if word == "EXIT" and keyword in lsf_words.DELETED:
        state = JobState.CANCELED
    if keyword in lsf_words.REASONS:
        says = f"{lsf_words.REASONS[keyword]} ({keyword})"
    elif word == "EXIT" and code:
        says = f"ended with exit code {code}"
    elif detail:
        says += f": {detail[:300].rstrip('.;')}"
    number = 0 if word == "DONE" else code
    return JobStatus(
        state=state,
        own_word=word,
        reason=f"The job {says}.",
        exit_code=number if word in {"DONE", "EXIT"} else None,
        exit_file_decides=word == "EXIT" and keyword in lsf_words.EXIT_FILE_DECIDES,
    )


def _histories(text: str) -> Iterator[tuple[str, str]]:
    """Yield id and history of each job; lines are broken at 80 columns, also within words, and indented after."""
    native_id, lines = "", list[str]()
    for line in text.splitlines():
        if found := _HEAD.match(line):
            if native_id:
                yield native_id, "\n".join(lines)
            native_id, lines = found[1], [line]
        elif line.startswith(" " * 21) and lines:
            lines[-1] += line[21:]
        else:
            lines.append(line)
    if native_id:
        yield native_id, "\n".join(lines)


def _of_history(text: str) -> JobStatus | None:
    """Return how the job ended by the last word of its history; None when it says of no end."""
    word, code, keyword = "", None, ""
    for line in text.splitlines()[1:]:
        _, stamped, what = line.partition(": ")
        if not stamped:
            continue
        if what.startswith(("Submitted", "Dispatched", "Starting", "Pending", "Requeue", "Job has been requeued")):
            word, code, keyword = "", None, ""
        for pattern, meaning in _ENDS:
            if found := pattern.match(what):
                word = meaning
                code = _code(found, code)
                term = _TERMINATION.search(what)
                keyword = term.group() if term else keyword
    return _made(word, code, keyword) if word else None


def _code(found: "re.Match[str]", known: int | None) -> int | None:
    groups = found.groups()
    if len(groups) < 3:  # noqa: PLR2004 - the pattern that has code and signal
        return known
    if groups[1] is not None and len(groups[1]) <= 3:  # noqa: PLR2004
        return int(groups[1])
    if groups[2] is not None and len(groups[2]) <= 3 and int(groups[2]) < _MOST_SIGNALS:  # noqa: PLR2004
        return 128 + int(groups[2])
    return known


def _id_list(native_ids: Sequence[str]) -> str:
    return " ".join(native_id for native_id in native_ids if _JOB_ID.fullmatch(native_id))
