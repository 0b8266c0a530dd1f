"""What runs in a stack's directory: one supervisor at most (a file lock), and its children (pid and start time).

A pid alone proves nothing, since the system uses it again; together with the start time it names one process.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from howdah.local.child import kill_tree
from howdah.local.errors import LocalStackError
from howdah.local.progress import Progress

_START_TIME_TOLERANCE_SECONDS = 1.0


@contextmanager
def only_supervisor(directory: Path) -> Iterator[None]:
    """Hold the directory; LocalStackError when another supervisor does. A killed one's hold ends with it."""
    path = directory / "run" / "supervisor.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LocalStackError(
                f"a stack runs in {directory} already (process {lock.read().strip() or 'unknown'}); "
                "`howdah status` shows it, Ctrl-C in its terminal stops it"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


class RunRecord:
    """The children of one supervisor, in a file that survives the supervisor."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "run" / "children.json"

    def started(self, name: str, pid: int, stop_signal: signal.Signals) -> None:
        """Note that the child runs as ``pid`` and is stopped in order by ``stop_signal``."""
        with suppress(psutil.NoSuchProcess):  # it died at once: there is nothing to find later
            self._write({**self._read(), name: (pid, psutil.Process(pid).create_time(), int(stop_signal))})

    def ended(self, name: str) -> None:
        """Forget the child."""
        children = self._read()
        if children.pop(name, None) is not None:
            self._write(children)

    def stop_orphans(self, progress: Progress, grace_seconds: float = 15.0) -> None:
        """Stop what a killed supervisor left running, and forget it: a signal to each, SIGKILL after the grace time."""
        known = self._read()
        orphans = {name: process for name, (pid, at, _) in known.items() if (process := _find(pid, at)) is not None}
        for name, process in reversed(orphans.items()):
            progress.say(f"stopping {name} (process {process.pid}), left behind by a supervisor that was killed")
            with suppress(psutil.NoSuchProcess):
                process.send_signal(known[name][2])
        deadline = time.monotonic() + grace_seconds
        for process in orphans.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except psutil.TimeoutExpired:
                kill_tree(process.pid)
        self._write({})

    def _read(self) -> dict[str, tuple[int, float, int]]:
        try:
            raw = json.loads(self._path.read_text())
            return {str(name): (int(pid), float(at), int(stop)) for name, (pid, at, stop) in raw.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise LocalStackError(
                f"{self._path} is damaged ({error}): end left-over processes of the stack, then delete it"
            ) from None

    def _write(self, children: dict[str, tuple[int, float, int]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(children, indent=2) + "\n")
        fresh.replace(self._path)


def _find(pid: int, started_at: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started_at) < _START_TIME_TOLERANCE_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
