"""An engine on a database of its own with all tables."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from api_server.registry.engine import make_engine
from api_server.registry.migrations import upgrade


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=10)
    upgrade(engine)
    yield engine
    engine.dispose()
