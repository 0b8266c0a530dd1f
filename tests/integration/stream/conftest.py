"""A registry of its own for each test of the feed."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from api_server.registry.base import Base
from tests.integration.stream.feed_rows import add_experiment, add_gateway


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg2://"))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def gateway_id(engine: Engine) -> str:
    with engine.begin() as connection:
        return add_gateway(connection, "default")


@pytest.fixture
def experiment_id(engine: Engine, gateway_id: str) -> str:
    with engine.begin() as connection:
        return add_experiment(connection, gateway_id)
