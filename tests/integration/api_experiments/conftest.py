"""The API on uvicorn, PostgreSQL and the in-memory twin of Kafka; the orchestrator's part is played by rows."""

from collections.abc import Iterator

import httpx2
import pytest
import structlog

from api_server.auth.principal import Role
from tests.integration.api.conftest import (
    Api,
    Tenant,
    admin,
    api,
    api_database,
    new_tenant,
    tenant,
)

__all__ = ["Api", "Tenant", "admin", "api", "api_database", "new_tenant", "tenant"]


@pytest.fixture(scope="package", autouse=True)
def _plain_tracebacks() -> None:
    """A defect's traceback with all local values takes half a minute to draw, and the client would only time out."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])


@pytest.fixture
def user(tenant: Tenant) -> Iterator[httpx2.Client]:
    """Ada, who steers her own experiments."""
    with tenant.client(Role.USER, "ada") as client:
        yield client


@pytest.fixture
def colleague(tenant: Tenant) -> Iterator[httpx2.Client]:
    """Another user of the same gateway."""
    with tenant.client(Role.USER, "bob") as client:
        yield client
