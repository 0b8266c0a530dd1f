"""What the submission protocol and the monitor ask of a scheduler."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from howdah.compute.schedulers.troubles import Trouble
from howdah.contracts.errors import HowdahError
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import JobSpec
from howdah.contracts.states import JobState


class SilentError(HowdahError):
    """The scheduler gave no answer from which "I do not know this job" may be concluded; the text says what it said."""


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Where a submission stands on the resource; absolute paths."""

    job_name: str
    work_dir: str
    submission_dir: str


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The scheduler's word on one job. ``own_word`` is the state in the scheduler's own spelling."""

    state: JobState
    own_word: str
    reason: str = ""
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_file_decides: bool = False
    """Whether a recorded exit code of 0 outweighs this state: the node failed, but the application had ended."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """All the words of a scheduler that have a meaning here; docs/compute-resources.md is made of it."""

    states: Mapping[str, tuple[JobState, str]]
    """The scheduler's word → our state, and what it says of "the job"."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """The scheduler's reason code → what it says."""
    troubles: Sequence[Trouble] = ()
    """What it says when a submission fails."""


class Scheduler(Protocol):
    """One kind of scheduler: pure text.

    ``dialect`` names a template that defines these shell functions for the submission protocol:

    ``scheduler_submit SCRIPT``      submit within ``$submit_limit`` seconds, with ``$submit_options``
    ``scheduler_id OUT``             print the native id that the submission's output names, or nothing
    ``scheduler_refused STATUS ERR`` succeed only if status and words prove that no job was made
    ``scheduler_lookup NAME``        print the native ids of jobs of that name; succeed only if the scheduler answered
    ``scheduler_accounting NAME``    the same from accounting; status 3: there is no accounting
    ``scheduler_memory``             print for how many seconds an ended job is surely still found by the look-up
    ``scheduler_cancel ID``          ask for the job's end
    ``scheduler_become SCRIPT``      become the job, where the submission's own process is what was submitted
    """

    @property
    def dialect(self) -> str:
        """The template's file name."""
        ...

    @property
    def own_id_variable(self) -> str:
        """The variable that tells a job its native id."""
        ...

    @property
    def glossary(self) -> Glossary:
        """The scheduler's words and what they mean."""
        ...

    def name_of(self, job_name: str) -> str:
        """Return how this scheduler spells a job's name, uncut: what the look-ups ask for."""
        ...

    def submit_options(self, job: JobSpec, place: JobPlace) -> Sequence[str]:
        """Return the options of the submit command; they must not depend on attempt or time.

        ValueError when the job asks for what this scheduler can't do.
        """
        ...

    def limit_seconds(self, job: JobSpec) -> int | None:
        """Return the wall time that the job script itself must enforce, None where the scheduler does."""
        ...

    def refusal(self, words: str, exit_status: int) -> tuple[FailureKind, str]:
        """Return what a refused submission means for a retry, and the scheduler's own reason in a line."""
        ...

    def status_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return a script, with its variables, that asks for all these jobs at once."""
        ...

    def parse_status(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus]:
        """Return the status by native id; jobs that the scheduler does not know are absent.

        Raises:
            SilentError: it did not answer; nothing may be concluded about any job.
        """
        ...

    def census_script(self) -> str | None:
        """Return a script that lists id and state of all jobs of the account in one go, however many they are; None
        where the scheduler has no such list, or one that costs as much as asking.
        """
        ...

    def parse_census(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobState]:
        """Return the states by native id: cheap, since there may be 100,000. SilentError as above."""
        ...

    def accounting_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:
        """Return the same for the accounting; None when this scheduler has none."""
        ...

    def parse_accounting(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus] | None:
        """Return the status by native id; None when there is no accounting. SilentError as above."""
        ...


class NoCensus:
    """What a scheduler says that has no list of all jobs."""

    def census_script(self) -> str | None:
        """Return None: its jobs are asked for by their ids."""
        return None

    def parse_census(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobState]:  # noqa: ARG002 - there is none
        """Return nothing."""
        return {}


def instant(epoch_seconds: str) -> datetime | None:
    """Return the instant that an epoch text means, None for anything else (``N/A``, ``Unknown``)."""
    try:
        return datetime.fromtimestamp(int(epoch_seconds), UTC) if epoch_seconds.isascii() else None
    except (ValueError, OverflowError, OSError):
        return None


def answered(stdout: str, stderr: str, exit_status: int, *, what: str, unknown: str) -> None:
    """Raise SilentError unless the command gave an answer: it succeeded, or all that it complains of is ``unknown``.

    ``unknown`` is the pattern of the complaint that a job is not known, which is an answer.
    """
    if exit_status == 0:
        return
    complaints = [line for line in f"{stderr}\n{stdout}".splitlines() if re.search(unknown, line)]
    rest = [line for line in stderr.splitlines() if line.strip() and line not in complaints]
    if not complaints or any(_OUT_OF_REACH.search(line) for line in rest):
        last = next((line.strip() for line in reversed(rest)), "")
        raise SilentError(f"{what}: {last[-200:] or f'exit status {exit_status}'}")


_OUT_OF_REACH = re.compile(
    r"cannot connect|can't connect|could ?n[o']t contact|unable to contact|not responding|timed? ?out"
    r"|connection refused|failed to (fetch|connect)|communication|is down|error in connecting"
    r"|unable to (send|connect)|try again",
    re.IGNORECASE,
)
