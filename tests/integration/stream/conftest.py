"""One registry for the module, a gateway of its own for each test."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine

from api_server.registry.base import Base
from howdah.contracts.ids import new_id
from tests.fixtures.interface import PostgresDaemon
from tests.integration.stream.feed_rows import add_experiment, add_gateway, add_token
from tests.integration.stream.sse_client import StreamServer


@pytest.fixture(scope="module")
def registry_url(postgres: PostgresDaemon) -> Iterator[str]:
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="module")
def engine(registry_url: str) -> Iterator[Engine]:
    engine = create_engine(registry_url.replace("postgresql://", "postgresql+psycopg2://"), pool_pre_ping=True)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def gateway_id(engine: Engine) -> str:
    with engine.begin() as connection:
        return add_gateway(connection, new_id())


@pytest.fixture
def experiment_id(engine: Engine, gateway_id: str) -> str:
    with engine.begin() as connection:
        return add_experiment(connection, gateway_id)


@pytest.fixture
def token(engine: Engine, gateway_id: str) -> str:
    with engine.begin() as connection:
        return add_token(connection, gateway_id)


@pytest.fixture(scope="module")
def start_server(registry_url: str, engine: Engine) -> Iterator[Callable[..., StreamServer]]:
    """Starts servers with options of the test's choice; all are ended with the module."""
    started: list[StreamServer] = []

    def start(**options: float) -> StreamServer:
        started.append(StreamServer(registry_url, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()
    assert engine is not None


@pytest.fixture(scope="module")
def server(start_server: Callable[..., StreamServer]) -> StreamServer:
    return start_server()
