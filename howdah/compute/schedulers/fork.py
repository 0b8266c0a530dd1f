"""Fork: jobs are plain processes of the login node, each in a session of its own.

The native id is ``host:pid:start``: a pid alone is used again, and means nothing on another login node.
"""

import re
from collections.abc import Mapping, Sequence

from howdah.compute import templates
from howdah.compute.schedulers.abstract import Glossary, JobPlace, JobStatus, NoCensus, SilentError
from howdah.compute.schedulers.troubles import refusal_of
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import JobSpec
from howdah.contracts.states import JobState

_ID = re.compile(r"[A-Za-z0-9._-]+:[0-9]+:[A-Za-z0-9._-]+")
_WORDS = {
    "running": (JobState.ACTIVE, "runs"),
    "stopped": (JobState.SUSPENDED, "is stopped: its process got a signal"),
    "elsewhere": (JobState.UNKNOWN, "belongs to another login node than the one that was asked"),
}


class Fork(NoCensus):
    """Processes of the login node, asked for through /proc or ps."""

    dialect = "fork.sh"
    own_id_variable = "HOWDAH_NATIVE_ID"
    glossary = Glossary(_WORDS)

    def name_of(self, job_name: str) -> str:
        """Return the name itself."""
        return job_name

    def submit_options(self, job: JobSpec, place: JobPlace) -> Sequence[str]:  # noqa: ARG002 - there is no queue
        """Return nothing: there is no queue to tell."""
        return ()

    def limit_seconds(self, job: JobSpec) -> int | None:
        """Return the wall time: nobody else enforces it."""
        return None if job.wall_time_minutes is None else job.wall_time_minutes * 60

    def refusal(self, words: str, exit_status: int) -> tuple[FailureKind, str]:
        """Return the meaning of the system's words."""
        return refusal_of(words, exit_status, ())

    def status_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return a script that looks at each process."""
        ids = " ".join(native_id for native_id in native_ids if _ID.fullmatch(native_id))
        return templates.text("process.sh", "fork_status.sh"), {"ids": ids}

    def parse_status(self, stdout: str, stderr: str, exit_status: int) -> Mapping[str, JobStatus]:
        """Return the processes that live."""
        if exit_status != 0:
            raise SilentError(f"looking at processes: {stderr.strip()[-200:] or f'exit status {exit_status}'}")
        found: dict[str, JobStatus] = {}
        for line in stdout.splitlines():
            native_id, _, word = line.partition("|")
            if _ID.fullmatch(native_id) and word in _WORDS:
                state, sentence = _WORDS[word]
                found[native_id] = JobStatus(state=state, own_word=word, reason=f"The job {sentence}.")
        return found

    def accounting_script(self, native_ids: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:  # noqa: ARG002 - none
        """Return None: what an ended process leaves is its exit-code file."""
        return None

    def parse_accounting(
        self,
        stdout: str,  # noqa: ARG002 - there is none
        stderr: str,  # noqa: ARG002
        exit_status: int,  # noqa: ARG002
    ) -> Mapping[str, JobStatus] | None:
        """Return None."""
        return None
