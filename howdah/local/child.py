"""One child of the supervisor: an operating-system process with a log file, a readiness probe and an orderly end.

Knows nothing about what the child does. Children run in sessions of their own, so that Ctrl-C in the terminal reaches
the supervisor only, which then stops them in order.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from howdah.local.errors import ChildDiedError, LocalStackError

Probe = Callable[[], str | None]
"""Returns None when the child is ready, else a sentence saying what is not yet. Quick: a second at most."""

_POLL_SECONDS = 0.05
_LOG_TAIL_BYTES = 2_000
_KILL_SECONDS = 5.0
_KILL_POLL_SECONDS = 0.01


def always_ready() -> str | None:
    """Probe of a child that has nothing to wait for."""
    return None


@dataclass(frozen=True, slots=True)
class Member:
    """Which service a child is an instance of, and which revision of it."""

    service: str
    revision: str


@dataclass(frozen=True)
class ChildSpec:
    """What to run and how to know that it is ready. ``env`` is added to our own environment, less ``without``."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    without: frozenset[str] = frozenset()
    """Variables of our own environment that are none of the child's business."""
    cwd: Path | None = None
    ready: Probe = always_ready
    ready_timeout_seconds: float = 180.0
    alive: Probe = always_ready
    """Asked again and again once it is ready: a child that hangs is not dead, and of no more use."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 15.0
    """From the stop signal to SIGKILL."""
    dies_with_us: bool = True
    """Where the system can do it (Linux), the child gets its stop signal when the process that started it is killed."""
    with_descendants: bool = True
    """Whether SIGKILL goes to the descendants as well."""
    health_port: int | None = None
    """Where it serves /livez, /readyz and /metrics, if it does."""
    member: Member | None = None
    """None for what is no service: a daemon that the platform stands on."""
    identity: tuple[str, ...] = ()
    """Options of setpriv(1) that change the user, for a program that refuses to run as root."""


class Child:
    """Runs a spec. ``start`` again after it ended is a restart.

    Start it from a thread that lives as long as the child: the death of that thread counts as ours (``dies_with_us``).
    """

    def __init__(self, spec: ChildSpec, log_path: Path) -> None:
        self.spec = spec
        self.log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def exit_status(self) -> int | None:
        """How the last run ended (negative: by that signal); None while running or never started."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the process; LocalStackError when it runs already or the program does not exist."""
        if self.pid is not None:
            raise LocalStackError(f"{self.spec.name} runs already, as process {self.pid}")
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - commands are our own
                    self._command(),
                    env=self._environment(),
                    cwd=self.spec.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise LocalStackError(f"{self.spec.name} could not be started: {error}") from None

    def await_ready(self) -> None:
        """Return when the probe is content.

        Raises:
            ChildDiedError: it ended before that.
            LocalStackError: it was not ready within ``ready_timeout_seconds`` (it goes on running).
        """
        process = self._process
        if process is None:
            raise LocalStackError(f"{self.spec.name} was not started")
        deadline = time.monotonic() + self.spec.ready_timeout_seconds
        while (trouble := self.spec.ready()) is not None:
            if time.monotonic() > deadline:
                raise LocalStackError(
                    f"{self.spec.name} was not ready within {self.spec.ready_timeout_seconds:.0f} s: {trouble}; "
                    f"its log is {self.log_path}"
                )
            if self._ended_within(process, _POLL_SECONDS):
                raise ChildDiedError(
                    f"{self.spec.name} ended with status {process.returncode} before it was ready. "
                    f"The end of {self.log_path}:\n{self.log_tail()}"
                )

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        self._send(self.spec.stop_signal)

    def stop(self) -> bool:
        """Stop and wait; SIGKILL after the grace time. Returns whether it ended by itself."""
        self.ask_to_stop()
        return self.wait_stopped(time.monotonic() + self.spec.grace_seconds)

    def wait_stopped(self, deadline: float) -> bool:
        """Wait for the end until ``deadline`` (monotonic seconds), then kill. Returns whether no kill was needed."""
        if self._process is None or self._ended_within(self._process, max(0.0, deadline - time.monotonic())):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """Send SIGKILL to the process (and its descendants, as the spec says), and wait for it."""
        if self._process is None:
            return
        if self._process.poll() is None and self.spec.with_descendants:
            kill_tree(self._process.pid)
        self._process.kill()
        self._process.wait()

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, self.log_path.stat().st_size - _LOG_TAIL_BYTES))
                return log.read().decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _send(self, which: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(which)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in self.spec.without}
        return {**inherited, **self.spec.env}

    def _command(self) -> tuple[str, ...]:
        spec, setpriv = self.spec, shutil.which("setpriv")
        if setpriv is None:
            return spec.command
        # One setpriv for both: a change of user after the death signal was set would clear it.
        death = ("--pdeathsig", spec.stop_signal.name.removeprefix("SIG")) if spec.dies_with_us else ()
        return (setpriv, *spec.identity, *death, "--", *spec.command) if spec.identity or death else spec.command

    @staticmethod
    def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def kill_tree(pid: int) -> None:
    """SIGKILL ``pid`` and its descendants and wait until they are gone; whoever is gone already is passed over."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + _KILL_SECONDS
    while any(_lives(process) for process in family) and time.monotonic() < deadline:
        time.sleep(_KILL_POLL_SECONDS)  # the system tells nobody about the end of a grandchild


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
