"""Real service processes for tests: started, awaited, stopped by the id that was started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from howdah.contracts import codec, topics
from howdah.contracts.ids import ProcessId
from howdah.contracts.messages import Event, RunTask
from howdah.messaging import Messaging, Outgoing, partition_for

ROOT = Path(__file__).parents[3]


@dataclass
class ServiceProcess:
    """A task service as it runs in production."""

    child: "subprocess.Popen[bytes]"
    log: Path

    def stop(self, timeout_seconds: float = 30.0) -> int:
        """Send SIGTERM and return the exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(timeout_seconds)

    def await_working(self, timeout_seconds: float = 60.0) -> None:
        """Wait until it says that it works."""
        ends = time.monotonic() + timeout_seconds
        while "the service works" not in self.log.read_text(encoding="utf-8"):
            assert self.child.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, "the service did not begin to work"
            time.sleep(0.1)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.child.kill()
        self.child.wait(10)

    def pss_mb(self) -> float:
        """Return the proportional set size in MB."""
        text = Path(f"/proc/{self.child.pid}/smaps_rollup").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


@contextmanager
def service_process(
    arguments: Sequence[str], bootstrap: str, log: Path, **environment: str
) -> Iterator[ServiceProcess]:
    """Run ``python <arguments>`` as a service until the block ends."""
    settings = {
        "HOWDAH_KAFKA_BOOTSTRAP": bootstrap,
        "HOWDAH_API_URL": "http://127.0.0.1:9",
        "HOWDAH_SERVICE_TOKEN": "test",
        **environment,
    }
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=os.environ | settings, stdout=out, stderr=out
        )
    service = ServiceProcess(child, log)
    try:
        yield service
    finally:
        if child.poll() is None:
            service.kill()


def publish(messaging: Messaging, commands: Sequence[RunTask]) -> None:
    """Publish commands as the API half does."""
    messaging.producer().send_all(
        [
            Outgoing(
                topic=topics.tasks(command.type).name,
                value=codec.encode(command),
                partition=partition_for(command.lane, command.process_id, command.task_id),
            )
            for command in commands
        ]
    )


class EventReader:
    """Reads ``howdah.events`` from its beginning, under a group of its own, and keeps what was read."""

    def __init__(self, messaging: Messaging, group: str) -> None:
        self._reader = messaging.batches([topics.EVENTS.name], group)
        self.events: list[Event] = []

    def until(self, enough: Callable[[list[Event]], bool], timeout_seconds: float) -> list[Event]:
        """Read until ``enough`` is; AssertionError with what there is when that takes too long."""
        ends = time.monotonic() + timeout_seconds
        while not enough(self.events):
            assert time.monotonic() < ends, f"not enough within {timeout_seconds} s: {self.events[-20:]}"
            self.events += [codec.EVENTS.decode(record.value) for record in self._reader.poll(0.5)]
        return self.events

    def of(self, process_id: ProcessId) -> list[Event]:
        """Return the events of one process, in order."""
        return [event for event in self.events if event.process_id == process_id]

    def close(self) -> None:
        """Leave the group."""
        self._reader.close()
