"""Runs every test of this folder on the twin, on librdkafka's mock cluster and on real Kafka."""

from collections.abc import Iterator

import pytest

from howdah.contracts.topics import DEAD_LETTERS
from tests.conformance.messaging.harness import Bench, Harness, KafkaHarness, MockHarness, TwinHarness
from tests.skips import ALWAYS

BACKENDS = ("twin", "mock", "kafka")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "harness" in item.fixturenames:
            reason = ALWAYS.get((item.originalname, str(item.callspec.params["harness"])))
            if reason is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.integration if name == "kafka" else ()) for name in BACKENDS]
)
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    made: Harness
    if request.param == "twin":
        made = TwinHarness()
    elif request.param == "mock":
        made = MockHarness()
    else:
        made = KafkaHarness(request.getfixturevalue("kafka").bootstrap)
    made.create(DEAD_LETTERS)
    yield made
    made.close()


@pytest.fixture
def bench(harness: Harness) -> Iterator[Bench]:
    made = Bench(harness)
    yield made
    made.close()
