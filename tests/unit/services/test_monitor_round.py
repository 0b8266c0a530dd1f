from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from howdah.compute.abstract import CommandResult
from howdah.contracts.records import JobRecord
from howdah.contracts.resources import ResourceTarget
from howdah.runtime.clock import SystemClock
from howdah.tasks.cancel import CancelToken
from services.job_monitoring.round import CANCELS_A_ROUND, Rounds
from tests.unit.services.records import NOW, job_record, target


class Obliging:
    """Stands where the connection does: every cancel is confirmed at once."""

    def __init__(self, at: ResourceTarget) -> None:
        self.target = at

    def expand(self, path: str) -> str:
        return path

    def run_script(self, *_: object, **__: object) -> CommandResult:
        return CommandResult(0, b"none\n", b"", truncated=False, elapsed_seconds=0)


def rounds() -> Rounds:
    @contextmanager
    def connect(at: ResourceTarget, *_: object) -> Iterator[Obliging]:
        yield Obliging(at)

    tools = SimpleNamespace(clock=SystemClock(), exchange=None, reach=lambda: SimpleNamespace(connect=connect))
    settings = SimpleNamespace(monitor_query_seconds=90.0, monitor_grace_seconds=300.0, cancel_budget_seconds=600.0)
    return Rounds(cast("Any", settings), cast("Any", tools), cast("Any", frozenset[str]()), CancelToken())


@pytest.mark.parametrize("beyond", [0, 1, 15])
def test_cancels_beyond_a_round_are_told_so_that_the_next_comes_at_once(beyond: int) -> None:
    place = target()
    records: list[JobRecord] = [job_record(cancel_since=NOW, target=place) for _ in range(CANCELS_A_ROUND + beyond)]
    outcome = rounds().go(records)
    assert outcome.trouble is None
    assert sum(verdict.ended for verdict in outcome.verdicts) == CANCELS_A_ROUND
    assert outcome.to_cancel == beyond
