"""Reaching a compute resource: what a task service may ask of it, whatever the transport and the scheduler.

A ``Reach`` hands out connections; a ``Connection`` runs commands and moves files as one login account. Every operation
has a time limit, obeys the work's ``Bounds`` (deadline and cancel signal) and fails with a ``TaskError`` whose failure
has kind, sentence, host and operation:

==================  ====================================================================================
``transient``       refused, unreachable, broke off; the outcome of a command that was under way is unknown
``throttled``       the resource wants fewer connections or sessions at a time
``authentication``  the credential was refused, also after it was fetched again
``host_key``        the host showed a key that is not pinned; never retried
``timeout``         the operation, or the work it belongs to, ran out of time
``canceled``        the cancel signal was set; what had begun on the resource may still be going on
``permanent``       the request itself can't succeed: no such file, no permission, refused by the scheduler
==================  ====================================================================================

A lost connection means *unknown*, never that the remote command failed. Whatever must happen at most once goes through
``howdah.compute.submission`` or ``howdah.compute.commands``, which re-attach.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Final, Protocol

from howdah.contracts.exchange import PasswordSecret, SshKeySecret
from howdah.contracts.ids import CredentialId, TaskId
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import JobState

DEFAULT_OUTPUT_BYTES: Final = 1 << 20


class CancelSignal(Protocol):
    """Says whether the work should stop. A ``threading.Event`` is one; looked at several times a second."""

    def is_set(self) -> bool:
        """Tell whether the work should stop."""
        ...


class NeverCanceled:
    """The signal of work that nobody cancels."""

    def is_set(self) -> bool:
        """Say no."""
        return False


@dataclass(frozen=True, slots=True)
class Bounds:
    """What limits a piece of work: every operation of its connections ends by the deadline and when canceled."""

    canceled: CancelSignal = field(default_factory=NeverCanceled)
    deadline: float = math.inf
    """An instant of ``time.monotonic()``."""


UNBOUNDED: Final = Bounds()


class SecretSource(Protocol):
    """Fetches the secret behind a credential of the target: its own (None), or a jump host's.

    ``fresh`` asks to go past any cache: the last was refused.
    """

    def __call__(
        self, *, credential_id: CredentialId | None = None, fresh: bool = False
    ) -> SshKeySecret | PasswordSecret:
        """Return the secret; TaskError when the platform could not be asked."""
        ...


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a remote command ended. Output beyond the cap is read and dropped, and ``truncated`` says so."""

    exit_status: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file on the resource, symbolic links followed."""

    size_bytes: int
    is_directory: bool
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer moved: the bytes that passed through this process, and their digest."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file that fits a pattern; ``path`` is relative to where it was looked for."""

    path: str
    size_bytes: int


Progress = Callable[[int], None]
"""Called with the bytes moved so far, on the caller's thread."""


class Connection(Protocol):
    """One login account of one resource, for one piece of work. Not thread-safe; cheap to get.

    Paths are absolute or begin with ``~/``. The target's ``environment`` is set for every command.
    """

    @property
    def target(self) -> ResourceTarget:
        """Where this connection leads."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002 - subprocess.run's name for it
        timeout_seconds: float | None = None,
        environment: Mapping[str, str] | None = None,
        max_output_bytes: int = DEFAULT_OUTPUT_BYTES,
    ) -> CommandResult:
        """Run a command and wait for its end; any exit status is a result, not an error.

        The login shell's own noise may stand before the output: read answers with ``run_script``. The time-out is
        the target's ``command_timeout_seconds`` unless given. Once begun the command may have had its effect,
        whatever error is raised.
        """
        ...

    def run_script(
        self,
        script: str,
        variables: Mapping[str, str] | None = None,
        *,
        timeout_seconds: float | None = None,
        max_output_bytes: int = DEFAULT_OUTPUT_BYTES,
        operation: str = "script",
    ) -> CommandResult:
        """Run POSIX-sh text, fed on standard input, in one round trip; stdout is exactly what the script printed.

        ``variables`` (shell name → value of any length, without NUL) are assigned before, quoted. A script that
        arrives only in part does not run at all. The answer is framed by a random marker, so that noise of login
        shells before or after it does no harm. TRANSIENT when the answer came incomplete. ``operation`` is the name
        that failures and metrics bear.
        """
        ...

    def upload(
        self,
        source: BinaryIO | Iterable[bytes],
        remote_path: str,
        *,
        mode: int = 0o644,
        size: int | None = None,
        progress: Progress | None = None,
    ) -> Transferred:
        """Write a file: to an attempt-unique temporary name beside it, then renamed; never seen half-written.

        Missing parent directories are made. With ``size`` given, a source of another size is PERMANENT and nothing
        is renamed. The operation's time-out counts silence, not the whole transfer, which only ``Bounds`` limits.
        """
        ...

    def append(
        self, source: Iterable[bytes], part_path: str, *, start: int, progress: Progress | None = None
    ) -> Transferred:
        """Write on in a partial file that has ``start`` bytes (0: begin it anew); what arrived before a break stays.

        TRANSIENT when it has another length. Parents are made. ``progress`` counts from the file's beginning, the
        result what this call sent.
        """
        ...

    def place(self, part_path: str, remote_path: str, *, size: int, mode: int = 0o644) -> None:
        """Rename a partial file of ``size`` bytes to its name; PERMANENT when it has another size."""
        ...

    def remove_file(self, remote_path: str) -> None:
        """Remove a file; nothing happens where there is none."""
        ...

    def confined(self, root: str, path: str, *, make: bool = False) -> str:
        """Return the absolute path of ``path`` below ``root``; PERMANENT when symbolic links lead out of it.

        ``make`` makes the folders on the way that are not there.
        """
        ...

    def find_files(self, directory: str, pattern: str, *, limit: int) -> list[FoundFile]:
        """Return the regular files below ``directory`` that fit the shell pattern, one more than ``limit`` at most."""
        ...

    def pack(self, directory: str, archive_path: str, *, exclude: str | None = None) -> None:
        """Write the directory as an uncompressed tar file, unless it is there already; never seen half-written.

        ``exclude`` leaves out what begins with that name at the top.
        """
        ...

    def download(
        self, remote_path: str, sink: BinaryIO, *, max_bytes: int, start: int = 0, progress: Progress | None = None
    ) -> Transferred:
        """Read a file of at most ``max_bytes`` into ``sink``, from ``start`` on, to the end it had when this began.

        PERMANENT when it does not exist, is no regular file, may not be read, is larger, or shrank meanwhile.
        """
        ...

    def stat(self, remote_path: str) -> FileStat | None:
        """Return what stands there; None when nothing does."""
        ...

    def make_directories(self, remote_paths: Sequence[str], *, mode: int = 0o755) -> None:
        """Make the directories and their parents; those that exist are left alone."""
        ...

    def remove_tree(self, remote_path: str) -> None:
        """Remove a directory with all below it; no error when it is not there.

        PERMANENT unless it lies below the target's ``scratch``, symbolic links resolved.
        """
        ...

    def read_text(self, remote_path: str, *, max_bytes: int = DEFAULT_OUTPUT_BYTES) -> str | None:
        """Return the file's first ``max_bytes`` as text, undecodable bytes replaced; None when there is no file."""
        ...

    def sha256(self, remote_path: str) -> str | None:
        """Return the file's SHA-256 in hex, computed there; None when there is no file."""
        ...

    def expand(self, remote_path: str) -> str:
        """Return the absolute path of one that may begin with ``~/``; asks for the home once per connection."""
        ...


class Reach(Protocol):
    """Hands out connections; keeps those underneath alive between uses. Thread-safe; one per process."""

    def connect(
        self,
        target: ResourceTarget,
        secret: SecretSource,
        bounds: Bounds = UNBOUNDED,
    ) -> AbstractContextManager[Connection]:
        """Return a connection for a ``with`` block. Entering may connect; a few quick reconnects are made there."""
        ...

    def close(self) -> None:
        """Close every connection; operations under way fail as TRANSIENT."""
        ...


# ---------------------------------------------------------------- jobs and commands


@dataclass(frozen=True, slots=True)
class JobRef:
    """Names one submission: (task, generation) in a work directory. All attempts of a task share it."""

    work_dir: str
    task_id: TaskId
    """The submission task."""
    generation: int
    job_name: str
    native_id: str | None = None


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """What came of canceling a job.

    ``confirmed``: the job will not run, or no longer runs. ``state`` is the job's last known state: CANCELED also when
    none was ever submitted; COMPLETE or FAILED when it had ended by itself before. Unconfirmed: try again later.
    """

    confirmed: bool
    state: JobState
    native_id: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What a resource says about a job at one moment.

    ``state`` is None when the scheduler answered and knows nothing, and no exit code was left: *missing*, on which
    ``howdah.compute.jobs.judge`` decides. ``native_id`` is the job that really runs the application.
    """

    state: JobState | None
    reason: str = ""
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    native_id: str | None = None
    canceled: bool = False
    """Whether a tombstone stands: somebody canceled the submission."""


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """How a command task's command ended; the output's heads, the whole of it stands in files on the resource."""

    exit_status: int
    stdout: bytes
    stderr: bytes
    stdout_path: str
    stderr_path: str
    truncated: bool
    adopted: bool
    """True when an earlier delivery had started it and this one only waited for it."""
