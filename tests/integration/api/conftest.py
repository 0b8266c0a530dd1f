"""The whole API on uvicorn and PostgreSQL; Kafka is the in-memory twin, whose conformance is proven elsewhere."""

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.auth.principal import SCOPES_OF, Role, Scope
from api_server.auth.tokens import hash_of, new_token
from api_server.main import Parts, create_app, make_parts
from api_server.registry.base import Base
from api_server.registry.engine import make_engine
from api_server.registry.models import Gateway, Token
from api_server.registry.outbox import open_registry
from api_server.settings import ApiSettings
from howdah.contracts.ids import new_id
from howdah.messaging.memory import InMemoryBroker
from howdah.runtime.logs import configure_logs
from tests.fixtures.interface import PostgresDaemon

MAX_UPLOAD = 3_000_000


@dataclass(frozen=True)
class Api:
    """A running server, and the parts behind it."""

    url: str
    settings: ApiSettings
    parts: Parts
    engine: Engine
    broker: InMemoryBroker

    def client(self, token: str | None) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=20)


@dataclass(frozen=True)
class Tenant:
    """A gateway with a client for each role."""

    api: Api
    gateway_id: str

    def token(self, role: Role, subject: str, scopes: frozenset[Scope] | None = None) -> str:
        secret = new_token()
        with Session(self.api.engine) as session, session.begin():
            session.add(
                Token(
                    gateway_id=self.gateway_id,
                    name=f"{role.value} of {subject}",
                    subject=subject,
                    role=role.value,
                    scopes=[scope.value for scope in scopes or SCOPES_OF[role]],
                    sha256=hash_of(secret),
                    created_by="test",
                )
            )
        return secret

    def client(
        self, role: Role = Role.GATEWAY_ADMIN, subject: str = "ada", scopes: frozenset[Scope] | None = None
    ) -> httpx2.Client:
        return self.api.client(self.token(role, subject, scopes))


def a_key() -> str:
    return base64.b64encode(new_token().encode()[:32]).decode()


def settings_for(database_url: str, folder: Path, port: int) -> ApiSettings:
    return ApiSettings.load(
        database_url=database_url,
        master_key=a_key(),
        capability_key=a_key(),
        object_store_url=f"file://{folder}",
        public_url=f"http://127.0.0.1:{port}",
        max_upload_bytes=MAX_UPLOAD,
        agent_kafka_bootstrap="kafka.example.org:9093",
        token_cache_seconds=0.3,
        shutdown_seconds=2,
    )


@contextmanager
def running(database_url: str, folder: Path) -> Iterator[Api]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = settings_for(database_url, folder, port)
    configure_logs(settings)  # structlog's own default shows a traceback's variables, which takes it many seconds
    engine = make_engine(database_url, pool_size=20)
    broker = InMemoryBroker()
    messaging = broker.connect()
    registry, relay = open_registry(engine, messaging.producer())
    relay.start()
    parts = make_parts(settings, registry, messaging)
    config = uvicorn.Config(create_app(settings, parts), log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Api(f"http://127.0.0.1:{port}", settings, parts, engine, broker)
    finally:
        server.should_exit = True
        thread.join(10)
        relay.close()
        messaging.close()
        engine.dispose()
        assert not thread.is_alive()


@contextmanager
def refusing_commits(engine: Engine, table: str, name: str) -> Iterator[None]:
    """Let the database refuse, at the commit and not before, to take a row of that name."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"""
            CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN IF NEW.name = '{name}' THEN RAISE 'refused at the commit'; END IF; RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON {table}
              DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_commit();
            """
        )
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER refuse_commit ON {table}; DROP FUNCTION refuse_commit()")


@pytest.fixture(scope="package")
def api_database(postgres: PostgresDaemon) -> Iterator[str]:
    url = postgres.create_database()
    engine = make_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="package")
def api(api_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running(api_database, tmp_path_factory.mktemp("objects")) as api:
        yield api


@pytest.fixture
def new_tenant(api: Api) -> Callable[[], Tenant]:
    def make() -> Tenant:
        gateway_id = new_id()
        with Session(api.engine) as session, session.begin():
            session.add(Gateway(id=gateway_id, name=f"gateway-{gateway_id}"[:60]))
        return Tenant(api, gateway_id)

    return make


@pytest.fixture
def tenant(new_tenant: Callable[[], Tenant]) -> Tenant:
    return new_tenant()


@pytest.fixture
def admin(tenant: Tenant) -> Iterator[httpx2.Client]:
    with tenant.client() as client:
        yield client
