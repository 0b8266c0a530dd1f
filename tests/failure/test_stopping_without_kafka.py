"""Kafka is away, and somebody stops the platform: no process has to be killed, also none that has only just started."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.fixtures.daemons import shared_directory
from tests.fixtures.kafka import LocalKafka
from tests.fixtures.platform import Platform
from tests.fixtures.waiting import holds_within

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture
def kafka_of_its_own() -> Iterator[LocalKafka]:
    directory = shared_directory("howdah-stopping")
    server = LocalKafka(directory / "kafka")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stack.callback(server.stop)
        server.start()
        yield server


def test_every_process_stops_within_its_grace_while_kafka_is_away(
    kafka_of_its_own: LocalKafka, database_url: str
) -> None:
    directory = shared_directory("howdah-stopping")
    platform = Platform(directory, kafka=kafka_of_its_own.bootstrap, database_url=database_url)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        stack.callback(platform.stop)
        platform.start()
        kafka_of_its_own.stop()
        for child in ("api-server", "orchestrator", "job-monitoring"):
            assert platform.kill(child)

        def started_again() -> bool:
            again = {one.name for one in platform.children() if one.restarts and one.pid}
            return again >= {"api-server", "orchestrator", "job-monitoring"}

        assert holds_within(started_again, 60)
        platform.stop()
        said = (directory / "supervisor.log").read_text()
    assert "all is stopped" in said
    assert "did not stop in time" not in said
