"""Slurm: sbatch, squeue, sacct, scancel."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from howdah.compute.schedulers import slurm_words
from howdah.compute.schedulers.abstract import Glossary, JobPlace, JobStatus, SilentError, instant
from howdah.compute.schedulers.troubles import refusal_of
from howdah.contracts.failures import FailureKind
from howdah.contracts.native import native_arguments
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.states import JobState

_STATUS = 'SLURM_TIME_FORMAT=%s timeout 30 squeue -h -u "$(id -u)" -t all -j "$ids" -o \'%i|%T|%r|%S|%e\''
_DIGITS: Final = 3
_LARGEST_CODE: Final = 255
_CENSUS = 'timeout 60 squeue -h -u "$(id -u)" -t all -o "%i|%T"'
_ACCOUNTING = 'SLURM_TIME_FORMAT=%s timeout 45 sacct -n -X -P -j "$ids" -o JobIDRaw,State,ExitCode,Start,End'
_JOB_ID = re.compile(r"[0-9]+")
_STATUS_FIELDS = 5
_ACCOUNTING_FIELDS = 5


class Slurm:
    """Slurm 20.11 and later, through its commands."""

    dialect = "slurm.sh"
    own_id_variable = "SLURM_JOB_ID"
    glossary = Glossary(slurm_words.STATES, slurm_words.REASONS, slurm_words.TROUBLES)

    def name_of(self, job_name: str) -> str:
        """Return the name itself: Slurm takes 1,024 characters."""
        return job_name

    def submit_options(self, job: JobSpec, place: JobPlace) -> Sequence[str]:
        """Return sbatch's options: on the command line they outweigh what a login shell exports (``SBATCH_…``)."""
        own_output = place.submission_dir.replace("\\", "\\\\").replace("%", "%%") + "/scheduler.%j.out"
        options = [
            "--parsable",
            f"--job-name={place.job_name}",
            f"--comment={place.job_name}",
            f"--chdir={place.work_dir}",
            # Slurm's own words only: the application's output is opened by the job script once it is sure to run.
            f"--output={own_output}",
            f"--error={own_output}",
            "--requeue" if job.requeue else "--no-requeue",
            f"--nodes={job.nodes}",
            f"--ntasks-per-node={job.tasks_per_node}",
            f"--cpus-per-task={job.cpus_per_task}",
        ]
        chosen = {
            "partition": job.queue,
            "account": job.account,
            "qos": job.qos,
            "reservation": job.reservation,
            "gpus-per-node": job.gpus_per_node,
            "mem": f"{job.memory_mb}M" if job.memory_mb else None,
            "time": job.wall_time_minutes,
        }
        options += [f"--{name}={value}" for name, value in chosen.items() if value is not None]
        return [*options, *(word for line in job.native for word in native_arguments(SchedulerKind.SLURM, line))]

    def limit_seconds(self, job: JobSpec) -> int | None:  # noqa: ARG002 - the scheduler enforces it
        """Return None: Slurm enforces the wall time."""
        return None

    def refusal(self, words: str, exit_status: int) -> tuple[FailureKind, str]:
        """Return the meaning of sbatch's words."""
        noise = ("sbatch: ", "error: ", "fatal: ", "Batch job submission failed: ")
        return refusal_of(words, exit_status, slurm_words.TROUBLES, noise=noise)

    def status_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return one squeue for all jobs."""
        return _STATUS, {"ids": _id_list(native_ids)}

    def parse_status(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus]:
        """Return what squeue listed."""
        if exit_status != 0 and "Invalid job id specified" not in stderr:
            raise SilentError(f"squeue: {_last_line(stderr) or f'exit status {exit_status}'}")
        rows = (line.split("|") for line in stdout.splitlines())
        return {row[0]: _from_queue(*row[1:]) for row in rows if _is_row(row, _STATUS_FIELDS)}

    def census_script(self) -> str | None:
        """Return one squeue for the account: no list of ids, which no command line would hold."""
        return _CENSUS

    def parse_census(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobState]:
        """Return what squeue listed; words that are not in the table are left out, to be asked about one by one."""
        if exit_status != 0:
            raise SilentError(f"squeue: {_last_line(stderr) or f'exit status {exit_status}'}")
        states = {word: state for word, (state, _) in slurm_words.STATES.items()}
        rows = (line.partition("|") for line in stdout.split("\n"))
        return {native_id: states[word] for native_id, _, word in rows if word in states and native_id.isdecimal()}

    def accounting_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:
        """Return one sacct for all jobs."""
        return _ACCOUNTING, {"ids": _id_list(native_ids)}

    def parse_accounting(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus] | None:
        """Return what sacct listed; None on a cluster without accounting."""
        if "accounting storage is disabled" in stderr or exit_status in {126, 127}:
            return None
        if exit_status != 0:
            raise SilentError(f"sacct: {_last_line(stderr) or f'exit status {exit_status}'}")
        rows = (line.split("|") for line in stdout.splitlines())
        return {row[0]: _from_accounting(*row[1:]) for row in rows if _is_row(row, _ACCOUNTING_FIELDS)}


def _from_queue(word: str, reason: str, start: str, end: str) -> JobStatus:
    state = slurm_words.state_of(word)
    running = state is not JobState.QUEUED
    ended = state in {JobState.COMPLETE, JobState.FAILED, JobState.CANCELED}
    return JobStatus(
        state=state,
        own_word=word,
        reason=slurm_words.sentence(word, reason),
        started_at=instant(start) if running else None,
        ended_at=instant(end) if ended else None,
        exit_file_decides=word in slurm_words.EXIT_FILE_DECIDES,
    )


def _from_accounting(text: str, exit_code: str, start: str, end: str) -> JobStatus:
    word = text.split(" ", 1)[0].rstrip("+")
    status = _from_queue(word, "None", start, end)
    code, _, signal = exit_code.partition(":")
    number = _small(code)
    if number == 0 and (by_signal := _small(signal)):
        number = 128 + by_signal
    known = number if status.ended_at is not None or status.state is JobState.COMPLETE else None
    return JobStatus(
        state=status.state,
        own_word=text,
        reason=status.reason,
        exit_code=known,
        started_at=status.started_at,
        ended_at=status.ended_at,
        exit_file_decides=status.exit_file_decides,
    )


def _small(text: str) -> int | None:
    """Return an exit code or the number of a signal; None for anything else."""
    number = int(text) if text.isdecimal() and text.isascii() and len(text) <= _DIGITS else None
    return number if number is None or number <= _LARGEST_CODE else None


def _is_row(row: Sequence[str], fields: int) -> bool:
    return len(row) == fields and _JOB_ID.fullmatch(row[0]) is not None


def _id_list(native_ids: Sequence[str]) -> str:
    return ",".join(native_id for native_id in native_ids if _JOB_ID.fullmatch(native_id))


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
