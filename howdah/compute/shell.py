"""A connection out of one ability: executing a command line while bytes go in and come out.

Files are moved by commands as well, not by SFTP: one round trip, the same for every transport, and proof against noisy
login shells. Values reach the shell only through ``shlex.quote``.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from howdah.compute.abstract import DEFAULT_OUTPUT_BYTES, Bounds, CommandResult
from howdah.compute.framing import AfterMarker, Capped, after_marker, new_marker
from howdah.compute.invocation import Fed, Invocation, Program, Script, to_the_end
from howdah.compute.operation import Operation
from howdah.contracts.failures import FailureKind
from howdah.contracts.resources import ResourceTarget

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PASSING = re.compile(
    r"Stale (NFS )?file handle|Input/output error|temporarily unavailable|Cannot allocate memory|Cannot fork"
    r"|Transport endpoint|Connection timed out|Device or resource busy",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How an executed command line ended."""

    exit_status: int
    stderr: bytes
    stderr_truncated: bool


class ShellConnection(ABC):
    """Runs commands and scripts; a transport adds ``_execute``, ``howdah.compute.files`` the transfers.

    ``homes`` remembers the home directory of each account for as long as its owner lives.
    """

    def __init__(self, target: ResourceTarget, bounds: Bounds, homes: MutableMapping[str, str]) -> None:
        self._target = target
        self._bounds = bounds
        self._homes = homes

    @property
    def target(self) -> ResourceTarget:
        """Where this connection leads."""
        return self._target

    @property
    def bounds(self) -> Bounds:
        """What limits the work at hand."""
        return self._bounds

    @abstractmethod
    def _execute(self, operation: Operation, invocation: Invocation, on_stdout: Callable[[bytes], None]) -> Ended:
        """Run it, feed it, hand on its output, wait for its end."""

    def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002 - subprocess.run's name for it
        timeout_seconds: float | None = None,
        environment: Mapping[str, str] | None = None,
        max_output_bytes: int = DEFAULT_OUTPUT_BYTES,
    ) -> CommandResult:
        """Run a command and wait for its end (see ``abstract.Connection``)."""
        kept = Capped(max_output_bytes)
        with self._operation("command", timeout_seconds) as operation:
            values = self._environment(operation, environment or {})
            if input:
                program = Program(to_the_end(tuple(argv)), values, Fed([input], len(input)))
            else:
                program = Program(tuple(argv), values)
            ended = self._execute(operation, program, kept)
            return _result(operation, ended, kept)

    def run_script(
        self,
        script: str,
        variables: Mapping[str, str] | None = None,
        *,
        timeout_seconds: float | None = None,
        max_output_bytes: int = DEFAULT_OUTPUT_BYTES,
        operation: str = "script",
    ) -> CommandResult:
        """Run POSIX-sh text in one round trip (see ``abstract.Connection``)."""
        marker, kept = new_marker(), Capped(max_output_bytes)
        answer = AfterMarker(marker, kept)
        with self._operation(operation, timeout_seconds) as under_way:
            self._refuse_bad_names(under_way, variables or {})
            environment = self._environment(under_way, {})
            ended = self._execute(under_way, Script(after_marker(marker, script), variables or {}, environment), answer)
            self._require_marker(under_way, answer, ended)
            return _result(under_way, ended, kept)

    def expand(self, remote_path: str) -> str:
        """Return the absolute path of one that may begin with ``~/``."""
        if not remote_path.startswith("~/"):
            return remote_path
        return f"{self._home()}/{remote_path[2:]}"

    def _home(self) -> str:
        key = self._target.account
        if key not in self._homes:
            result = self.run_script('cd && pwd -P || printf %s "$HOME"', operation="home")
            home = result.stdout.decode(errors="replace").strip()
            if not home.startswith("/"):
                with self._operation("home", None) as operation:
                    raise operation.failure(FailureKind.PERMANENT, f"failed: the home directory is {home!r}")
            self._homes[key] = home.rstrip("/")
        return self._homes[key]

    def _operation(self, name: str, timeout_seconds: float | None, *, silence: bool = False) -> Operation:
        limit = self._target.command_timeout_seconds if timeout_seconds is None else timeout_seconds
        return Operation(name, self._target.host, self._bounds, limit, silence=silence)

    def _environment(self, operation: Operation, extra: Mapping[str, str]) -> dict[str, str]:
        environment = {**self._target.environment, **extra}
        self._refuse_bad_names(operation, environment)
        return environment

    @staticmethod
    def _refuse_bad_names(operation: Operation, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            if not _NAME.fullmatch(name):
                what = f"can't be done: {name!r} is no name of a variable (letters, digits and underscores)"
                raise operation.failure(FailureKind.PERMANENT, what)
            if "\0" in value:
                raise operation.failure(FailureKind.PERMANENT, f"can't be done: the value of {name} has a NUL byte")

    def _require_marker(self, operation: Operation, answer: AfterMarker, ended: Ended) -> None:
        if answer.seen:
            return
        words = (answer.noise + "\n" + ended.stderr.decode(errors="replace")).strip()
        what = f"failed: the login shell ran nothing and said {words[-300:]!r}, exit status {ended.exit_status}"
        raise operation.failure(kind_of_words(words), what, detail=words, exit_status=ended.exit_status)


def kind_of_words(words: str) -> FailureKind:
    """Tell a passing trouble of the resource's system from one that somebody must mend."""
    return FailureKind.TRANSIENT if _PASSING.search(words) else FailureKind.PERMANENT


def _result(operation: Operation, ended: Ended, kept: Capped) -> CommandResult:
    return CommandResult(
        exit_status=ended.exit_status,
        stdout=kept.value,
        stderr=ended.stderr,
        truncated=kept.truncated or ended.stderr_truncated,
        elapsed_seconds=operation.elapsed_seconds,
    )
