"""A leader that is only just ready refuses some of a producer's first batches and takes others: none may be lost.

On the mock cluster, which errs on request. A real broker did it to about one in a hundred new producers under load.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from howdah.messaging import MessagingError, Outgoing
from tests.conformance.messaging.harness import Bench, MockHarness, until
from tests.conformance.messaging.mock_cluster import NOT_LEADER_OR_FOLLOWER

MESSAGES = 60
ROUND_TRIP_MS = 30
"""Long enough for a second batch to be sent while the first is under way, if any may be."""
TAKEN = 0


@pytest.fixture
def mock() -> Iterator[MockHarness]:
    with closing(MockHarness()) as harness:
        yield harness


@pytest.fixture
def bench(mock: MockHarness) -> Iterator[Bench]:
    with closing(Bench(mock)) as made:
        yield made


@pytest.mark.parametrize(
    "answers",
    [(NOT_LEADER_OR_FOLLOWER, TAKEN) * 4, (NOT_LEADER_OR_FOLLOWER,) * 3, (NOT_LEADER_OR_FOLLOWER,) * 2 + (TAKEN,) * 3],
    ids=["every other one", "the first three", "the first two"],
)
def test_what_is_acknowledged_is_in_the_log_once_and_in_order(
    mock: MockHarness, bench: Bench, answers: tuple[int, ...]
) -> None:
    bench.create(2)
    told: Counter[MessagingError | None] = Counter()
    producer = bench.connect().producer()
    producer.send_all([Outgoing(bench.topic, b"so that the producer knows its number", partition=1)])
    mock.answer_batches(ROUND_TRIP_MS, *answers)
    for number in range(MESSAGES):
        producer.send(Outgoing(bench.topic, b"%d" % number, partition=0), lambda error: told.update([error]))
        time.sleep(ROUND_TRIP_MS / 6 / 1_000)  # so that they don't all go in one batch
    until(lambda: told.total() == MESSAGES, "every message is answered for")
    assert told == {None: MESSAGES}
    found = [record.value for record in bench.read(bench.topic, MESSAGES + 1) if record.partition == 0]
    assert found == [b"%d" % number for number in range(MESSAGES)]
