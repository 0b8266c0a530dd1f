"""One monitor and 100,000 live jobs of one account: what a round costs, through the monitor's own book and rounds.

The scheduler is simulated by a connection that answers the list of all jobs with real squeue text; everything else is
what runs in the service. Run in a process of its own, so that its memory is its own: it prints one JSON object.
"""

import json
import resource
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from howdah.compute.abstract import CommandResult
from howdah.contracts import codec
from howdah.contracts.ids import new_id
from howdah.contracts.records import JobRecord
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import JobState
from howdah.runtime.clock import SystemClock
from services.job_monitoring.book import JobBook, group_of
from services.job_monitoring.round import Rounds
from services.job_monitoring.settings import MonitorSettings

ROUNDS = 5
_WORDS = ("PENDING", "RUNNING")
_STATES = (JobState.QUEUED, JobState.ACTIVE)


class Squeue:
    """Stands where the connection to the login node does; ``asked`` counts the queries."""

    def __init__(self, target: ResourceTarget, jobs: int) -> None:
        self.target = target
        self.asked = 0
        self._text = "".join(f"{1_000_000 + number}|{_WORDS[number % 2]}\n" for number in range(jobs)).encode()

    def expand(self, path: str) -> str:
        """Return the path, which is absolute."""
        return path

    def run_script(self, script: str, variables: Mapping[str, str] | None = None, **_: Any) -> CommandResult:  # noqa: ANN401
        """Answer the list of all jobs; nobody may ask about single ones."""
        assert "squeue" in script
        assert not variables, "asked about single jobs, although none has moved"
        self.asked += 1
        return CommandResult(0, self._text, b"", truncated=False, elapsed_seconds=0.5)


def _rows(target: ResourceTarget, jobs: int) -> Iterator[bytes]:
    """Yield the table's rows as Kafka would."""
    shared = {name: new_id() for name in ("gateway_id", "experiment_id")}
    for number in range(jobs):
        record = JobRecord.model_validate(
            {
                **shared,
                "at": datetime.now(UTC),
                "process_id": new_id(),
                "task_id": new_id(),
                "attempt": 1,
                "generation": 1,
                "job_name": f"howdah-{new_id()}-g1",
                "native_id": str(1_000_000 + number),
                "work_dir": f"/scratch/gateway/{new_id()}",
                "target": target,
                "capability": "c" * 200,
                "monitoring_task_id": new_id(),
                "monitoring_attempt": 1,
                "monitoring_command_id": new_id(),
                "state": _STATES[number % 2],
                "revision": 1,
            }
        )
        yield codec.encode(record)


def measure(jobs: int) -> dict[str, float]:
    """Fill the book as the table would, then do the rounds."""
    target = ResourceTarget.model_validate(
        {"resource_id": new_id(), "name": "cluster", "host": "login", "username": "gateway", "scheduler": "slurm",
         "transport": "ssh", "scratch": "/scratch", "credential_id": new_id(), "host_keys": ["ssh-ed25519 AAAA"]}
    )  # fmt: skip
    book, squeue = JobBook(), Squeue(target, jobs)
    for row in _rows(target, jobs):
        book.take_in(codec.JOBS.decode(row))

    @contextmanager
    def connect(*_: object) -> Iterator[Squeue]:
        yield squeue

    reach = SimpleNamespace(connect=connect)
    tools = SimpleNamespace(clock=SystemClock(), exchange=None, reach=lambda: reach)
    rounds = Rounds(_settings(), cast("Any", tools), cast("Any", frozenset[str]()), threading.Event())
    group, cpu = group_of(book.live()[0]), []
    for _ in range(ROUNDS):
        started = time.process_time()
        outcome = rounds.go(book.of(group))
        cpu.append(time.process_time() - started)
        assert outcome.trouble is None, outcome.trouble
        assert not outcome.verdicts
    return {
        "monitored_jobs": jobs,
        "monitor_queries_per_interval": squeue.asked / ROUNDS,
        "monitor_cpu_seconds_per_interval": round(sorted(cpu)[ROUNDS // 2], 2),
        "monitor_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _settings() -> MonitorSettings:
    return cast("MonitorSettings", SimpleNamespace(monitor_query_seconds=90.0, monitor_grace_seconds=300.0))


def main(arguments: Sequence[str]) -> int:
    """Measure with as many jobs as told."""
    print(json.dumps(measure(int(arguments[0]) if arguments else 100_000)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
