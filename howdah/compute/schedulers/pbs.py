"""PBS Professional and OpenPBS: qsub, qstat, qselect, qdel.

``qstat -f`` is read in its text form. Its JSON form is not valid, or leaves jobs out, in many releases: environment
values that are not escaped (OpenPBS issues 1255 and 2541), ``"Jobs"`` repeated for every id (pull request 585), only
the first of several jobs printed (issue 2672).
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from howdah.compute import templates
from howdah.compute.schedulers import pbs_words
from howdah.compute.schedulers.abstract import Glossary, JobPlace, JobStatus, NoCensus, answered
from howdah.compute.schedulers.troubles import refusal_of
from howdah.contracts.failures import FailureKind
from howdah.contracts.native import native_arguments
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.states import JobState

_JOB_ID = re.compile(r"[0-9]+(\.[A-Za-z0-9._-]+)?")
_ATTRIBUTE = re.compile(r" {4}([A-Za-z_][\w.]*) = (.*)")
_UNKNOWN: Final = r"Unknown Job Id|Job has finished|Job Id .* not found"

_DELETED_SUBSTATE: Final = "91"
_SIGNAL_BASE: Final = 256
_NAME_BYTES: Final = 8


class Pbs(NoCensus):
    """PBS Professional 13 and later, and OpenPBS, through their commands."""

    dialect = "pbs.sh"
    own_id_variable = "PBS_JOBID"
    glossary = Glossary(pbs_words.STATES, pbs_words.REASONS, pbs_words.TROUBLES)

    def name_of(self, job_name: str) -> str:
        """Return a name of 15 letters, all that older releases take, that no other job has by chance."""
        digest = hashlib.sha256(job_name.encode()).digest()[:_NAME_BYTES]
        return "hw" + base64.b32encode(digest).decode().rstrip("=").lower()

    def submit_options(self, job: JobSpec, place: JobPlace) -> Sequence[str]:
        """Return qsub's options. A reservation is a queue to PBS."""
        own_output = f"{place.submission_dir}/scheduler.out"
        native = [word for line in job.native for word in native_arguments(SchedulerKind.PBS, line)]
        options = ["-N", self.name_of(place.job_name), "-S", "/bin/sh", "-j", "oe", "-o", own_output]
        # The default mask of PBS, 077, would give the application's files other modes than anywhere else.
        options += ["-W", "umask=022", "-r", "y" if job.requeue else "n"]
        if not any(word.startswith("select=") for word in native):
            options += ["-l", _select(job)]
        if job.nodes > 1 and not any(word.startswith("place=") for word in native):
            options += ["-l", "place=scatter"]  # or chunks of several nodes may come to lie on one
        if job.wall_time_minutes is not None:
            hours, minutes = divmod(job.wall_time_minutes, 60)
            options += ["-l", f"walltime={hours}:{minutes:02}:00"]
        chosen = {"-q": job.reservation or job.queue, "-A": job.account}
        return [*options, *(word for name, value in chosen.items() if value for word in (name, value)), *native]

    def limit_seconds(self, job: JobSpec) -> int | None:  # noqa: ARG002 - the scheduler enforces it
        """Return None: PBS enforces the wall time."""
        return None

    def refusal(self, words: str, exit_status: int) -> tuple[FailureKind, str]:
        """Return the meaning of qsub's words."""
        return refusal_of(words, exit_status, pbs_words.TROUBLES, noise=("qsub: ",))

    def status_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return one qstat for all jobs, those that have ended included where the server keeps a history."""
        return templates.text("pbs_status.sh"), {"ids": _id_list(native_ids)}

    def parse_status(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus]:
        """Return what qstat listed."""
        answered(stdout, stderr, exit_status, what="qstat", unknown=_UNKNOWN)
        return {native_id: _status(attributes) for native_id, attributes in _jobs(stdout)}

    def accounting_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:  # noqa: ARG002 - none
        """Return None: the history is part of the status query."""
        return None

    def parse_accounting(
        self,
        stdout: str,  # noqa: ARG002 - there is none
        stderr: str,  # noqa: ARG002
        exit_status: int,  # noqa: ARG002
    ) -> Mapping[str, JobStatus] | None:
        """Return None."""
        return None


def _select(job: JobSpec) -> str:
    cpus = job.tasks_per_node * job.cpus_per_task
    chunk = f"select={job.nodes}:ncpus={cpus}:mpiprocs={job.tasks_per_node}:ompthreads={job.cpus_per_task}"
    gpus = f":ngpus={job.gpus_per_node}" if job.gpus_per_node else ""
    return chunk + gpus + (f":mem={job.memory_mb}mb" if job.memory_mb else "")


def _id_list(native_ids: Sequence[str]) -> str:
    return " ".join(native_id for native_id in native_ids if _JOB_ID.fullmatch(native_id))


def _jobs(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield id and attributes of each job.

    What a job's environment holds can't pass for an attribute: the first counts, and the environment comes last.
    """
    native_id, attributes, name = "", dict[str, str](), ""
    for line in text.splitlines():
        if line.startswith("Job Id: "):
            if _JOB_ID.fullmatch(native_id):
                yield native_id, attributes
            native_id, attributes, name = line.removeprefix("Job Id: ").strip(), {}, ""
        elif line.startswith("\t") and name:
            attributes[name] += line[1:]
        elif found := _ATTRIBUTE.match(line):
            name = "" if found[1] in attributes else found[1]
            attributes.setdefault(found[1], found[2])
        else:
            name = ""
    if _JOB_ID.fullmatch(native_id):
        yield native_id, attributes


def _status(attributes: Mapping[str, str]) -> JobStatus:
    letter = attributes.get("job_state", "")
    state, words = pbs_words.STATES.get(letter, (JobState.UNKNOWN, f"is in the state {letter[:20]!r} of PBS"))
    code = _number(attributes.get("Exit_status", ""))
    comment = attributes.get("comment", "")
    if letter == "F":
        return _finished(attributes, code, comment)
    detail = pbs_words.detail(letter, attributes.get("Hold_Types", ""), comment)
    return JobStatus(
        state=state,
        own_word=letter,
        reason=f"The job {words}{detail}.",
        started_at=_instant(attributes.get("stime", "")) if state in {JobState.ACTIVE, JobState.SUSPENDED} else None,
    )


def _finished(attributes: Mapping[str, str], code: int | None, comment: str) -> JobStatus:
    deleted = attributes.get("substate") == _DELETED_SUBSTATE and not _held_too_often(comment)
    if deleted or (code is None and "Exit_status" not in attributes):
        state, reason, shown = JobState.CANCELED, "was deleted on the resource (qdel)", None
    elif code is None:
        state, reason, shown = JobState.UNKNOWN, "is finished with an exit status that is no number", None
    elif code < 0:
        known = pbs_words.REASONS.get(str(code), "could not be run")
        state, reason, shown = JobState.FAILED, f"{known} (Exit_status {code})", None
    elif code >= _SIGNAL_BASE:
        signal = code - _SIGNAL_BASE
        state, reason, shown = JobState.FAILED, f"was ended by signal {signal}", 128 + signal
    elif code:
        state, reason, shown = JobState.FAILED, f"ended with exit code {code}", code
    else:
        state, reason, shown = JobState.COMPLETE, "completed", 0
    return JobStatus(
        state=state,
        own_word="F",
        reason=f"The job {reason}.",
        exit_code=shown,
        started_at=_instant(attributes.get("stime", "")),
        ended_at=_instant(attributes.get("obittime", "") or attributes.get("mtime", "")),
        exit_file_decides=state is JobState.FAILED and shown is not None,
    )


def _held_too_often(comment: str) -> bool:
    return "too many failed attempts" in comment


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,6}", text) else None


def _instant(text: str) -> datetime | None:
    """Return the instant of a ctime text: the query sets the time zone to UTC."""
    try:
        return datetime.strptime(text, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None
