"""What an installation needs once, and what its processes wait for: topics, tables, keys, the first tokens.

For Jobs and init containers: each step may be run again and again, by any number at once. On Kubernetes, secrets are
made here and put straight into Secrets that are there already; they are never printed, and never replaced.
"""

import base64
import json
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api_server.gateways.bootstrap import bootstrap
from api_server.main import open_engine
from api_server.registry.migrations import is_current, upgrade
from api_server.settings import KEY_BYTES, ApiSettings
from howdah.contracts.errors import ConfigurationError
from howdah.contracts.topics import platform_topics
from howdah.messaging import connect
from howdah.messaging.abstract import MessagingError
from howdah.runtime.settings import KafkaSettings, RuntimeSettings

log = structlog.get_logger(__name__)

_AGAIN_SECONDS: Final = 1.0
"""Nobody tells when a database, a broker or somebody else's migration is ready: they are asked."""
API_SECRET: Final = "howdah-api"  # noqa: S105 - a name
SERVICES_SECRET: Final = "howdah-services"  # noqa: S105 - a name
ADMIN_SECRET: Final = "howdah-admin"  # noqa: S105 - a name
POSTGRES_SECRET: Final = "howdah-postgres"  # noqa: S105 - a name
SANDBOX_SECRET: Final = "howdah-sandbox"  # noqa: S105 - a name
SANDBOX_KEYS: Final = "sandbox-keys"
"""In the sandbox's namespace."""


class InstallationSettings(RuntimeSettings):
    """What the making of keys is told."""

    cluster_namespace: str | None = None
    postgres_host: str = "postgres"
    sandbox_namespace: str | None = None
    """Where the sandbox resource runs, if there is one."""


def patiently(step: Callable[[], bool], seconds: float) -> None:
    """Call ``step`` until it returns true; what it waits for may not be there yet. The last error counts."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if step():
                return
            trouble: Exception = ConfigurationError(f"what is waited for was not there within {seconds:.0f} s")
        except (OperationalError, MessagingError) as error:
            trouble = error
        if time.monotonic() > deadline:
            raise trouble
        log.info("not yet", reason=type(trouble).__name__)
        time.sleep(_AGAIN_SECONDS)


def migrate(settings: ApiSettings, wait_seconds: float) -> None:
    """Bring the database to the present."""

    def step(engine: Engine) -> bool:
        upgrade(engine)
        return True

    _with_engine(settings, step, wait_seconds)


def await_migrations(settings: ApiSettings, wait_seconds: float) -> None:
    """Return once the database is what this version works on."""
    _with_engine(settings, is_current, wait_seconds)


def make_topics(settings: KafkaSettings, wait_seconds: float) -> None:
    """Make the topics that are missing; MessagingError for one that contradicts the contract."""

    def step() -> bool:
        with connect(settings, "topics") as messaging:
            messaging.admin().ensure(platform_topics(), settings.kafka_replication_factor)
        return True

    patiently(step, wait_seconds)


def make_first_tokens(settings: ApiSettings, gateway: str, *, rotate: bool, into_secrets: bool) -> None:
    """Make the first gateway and its tokens: printed once as a line of JSON, or put into Secrets.

    Tokens that are in no Secret, because a crash came between making and keeping them, are made anew.
    """
    if into_secrets:
        _keep_first_tokens(settings, gateway)
        return
    sys.stdout.write(json.dumps(_first_tokens(settings, gateway, rotate=rotate)) + "\n")


def make_keys(settings: InstallationSettings) -> None:
    """Fill the Secrets of an installation without a secret store; what is there already stays."""
    from api_server.cluster.kubernetes.calls import open_calls  # needs the extra howdah[kubernetes]

    here = open_calls(settings.cluster_namespace)
    password = secrets.token_urlsafe(24)
    if "password" not in here.secret(POSTGRES_SECRET):
        here.add_to_secret(POSTGRES_SECRET, {"password": password})
    password = base64.b64decode(here.secret(POSTGRES_SECRET)["password"]).decode()
    if "master-key" not in here.secret(API_SECRET):
        url = f"postgresql://howdah:{password}@{settings.postgres_host}:5432/howdah"
        here.add_to_secret(API_SECRET, {"master-key": _key(), "capability-key": _key(), "database-url": url})
    if settings.sandbox_namespace:
        there = open_calls(settings.sandbox_namespace)
        if "authorized_keys" not in there.secret(SANDBOX_KEYS):
            (host, host_line), (user, user_line) = _key_pair(), _key_pair()
            here.add_to_secret(SANDBOX_SECRET, {"private-key": user, "host-key": host_line})
            there.add_to_secret(SANDBOX_KEYS, {"host_key": host, "authorized_keys": f"{user_line}\n"})
        there.close()
    here.close()


def _keep_first_tokens(settings: ApiSettings, gateway: str) -> None:
    from api_server.cluster.kubernetes.calls import open_calls  # needs the extra howdah[kubernetes]

    kept = open_calls(settings.cluster_namespace)
    services, admin = kept.secret(SERVICES_SECRET), kept.secret(ADMIN_SECRET)
    if "service-token" not in services or "token" not in admin:
        made = _first_tokens(settings, gateway, rotate=False)
        if {"service_token", "admin_token"} - made.keys():
            made = _first_tokens(settings, gateway, rotate=True)
        kept.add_to_secret(ADMIN_SECRET, {"token": made["admin_token"]})
        kept.add_to_secret(SERVICES_SECRET, {"service-token": made["service_token"]})
    kept.close()


def _first_tokens(settings: ApiSettings, gateway: str, *, rotate: bool) -> dict[str, str]:
    with ExitStack() as closing:
        engine = open_engine(settings)
        closing.callback(engine.dispose)
        with Session(engine) as session, session.begin():
            return bootstrap(session, gateway, rotate=rotate)


def _with_engine(settings: ApiSettings, step: Callable[[Engine], bool], wait_seconds: float) -> None:
    engine = open_engine(settings)
    try:
        patiently(lambda: step(engine), wait_seconds)
    finally:
        engine.dispose()


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key_pair() -> tuple[str, str]:
    """Return a new private key in OpenSSH's form, and the line of its public half."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
