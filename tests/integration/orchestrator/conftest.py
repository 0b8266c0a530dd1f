"""A stage for each test: a database of its own, and the in-memory broker or the real one."""

from collections.abc import Iterator

import pytest

from api_server.registry.engine import make_engine
from api_server.registry.migrations import upgrade
from howdah.messaging import InMemoryBroker, connect
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.interface import KafkaDaemon, PostgresDaemon
from tests.integration.orchestrator.stage import Stage


@pytest.fixture(scope="session")
def template(postgres: PostgresDaemon) -> str:
    """A database with all tables, to be copied."""
    url = postgres.create_database()
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def fresh_url(postgres: PostgresDaemon, template: str) -> Iterator[str]:
    url = postgres.create_database(template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def stage(fresh_url: str) -> Iterator[Stage]:
    """Real PostgreSQL, the in-memory broker."""
    broker = InMemoryBroker()
    stage = Stage(make_engine(fresh_url, pool_size=30, by_key=True), fresh_url, broker.connect)
    yield stage
    stage.close()


@pytest.fixture
def real_stage(fresh_url: str, kafka: KafkaDaemon) -> Iterator[Stage]:
    """Real PostgreSQL, real Kafka. All tests share the broker's topics: one at a time."""
    settings = KafkaSettings(kafka_bootstrap=kafka.bootstrap)
    stage = Stage(make_engine(fresh_url, pool_size=30, by_key=True), fresh_url, lambda: connect(settings, "test"))
    yield stage
    stage.close()
