from collections.abc import Iterator

import pytest

from howdah.client import Client, RetryDelays
from tests.unit.client.scripted_api import Api


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    yield server
    server.close()


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with Client(api.url, "secret-token", retry=RetryDelays((0.0, 0.0, 0.0), sleep=lambda _: None)) as client:
        yield client
