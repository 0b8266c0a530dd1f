"""What the processes of the API half are told by their environment (``HOWDAH_…``)."""

import base64
import binascii
import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from howdah.runtime.settings import KafkaSettings

KEY_BYTES = 32
GIB = 1 << 30


def _with_driver(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg2://" + url.removeprefix(prefix)
    if not url.startswith("postgresql+psycopg2://"):
        raise ValueError("must be a PostgreSQL URL such as postgresql://user@host:5432/howdah")
    return url


def _is_key(text: SecretStr) -> SecretStr:
    key_bytes(text)
    return text


def key_bytes(text: SecretStr) -> bytes:
    """Return the 32 bytes that ``text`` is the base64 of; ValueError says what is wrong, without showing it."""
    try:
        key = base64.b64decode(text.get_secret_value(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be the base64 of {KEY_BYTES} random bytes, and is no base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be the base64 of {KEY_BYTES} random bytes, and is that of {len(key)}")
    return key


Key = Annotated[SecretStr, AfterValidator(_is_key)]
HttpUrl = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$"), AfterValidator(lambda u: u.rstrip("/"))
]


class ApiSettings(KafkaSettings):
    """What the API server is told; the orchestrator derives its own from it.

    Keys are the base64 of 32 random bytes (``openssl rand -base64 32``).
    """

    service_name: str = "api-server"

    database_url: Annotated[str, AfterValidator(_with_driver)] = Field(repr=False)
    database_pool: int = Field(default=20, ge=1, le=500)
    """The most database connections of one process."""
    master_key: Key
    """Wraps the data keys of credentials."""
    master_keys_old: tuple[Key, ...] = ()
    """Earlier master keys, a JSON list: still read, never written."""
    capability_key: Key
    """Signs capabilities and the URLs of a local object store."""

    object_store_url: Annotated[str, StringConstraints(pattern=r"^(file:///|s3://)[^?#]+$")]
    """``file:///folder`` or ``s3://bucket/prefix``."""
    object_store_options: dict[str, str] = Field(default_factory=dict, repr=False)
    """For S3, a JSON object: ``key``, ``secret``, ``endpoint_url``; without them the usual places are looked at."""

    bind_host: str = "127.0.0.1"
    bind_port: int = Field(default=8700, ge=0, le=65_535)
    public_url: HttpUrl = "http://127.0.0.1:8700"
    """Where users reach this server."""
    internal_url: HttpUrl | None = None
    """Where task services reach it, when that is another address: goes into the signed URLs that they get."""

    agent_kafka_bootstrap: str | None = Field(default=None, min_length=1)
    """Where agents reach the brokers: a listener with TLS, SASL and access control. Without it none can be enrolled."""
    agent_kafka_security_protocol: Literal["SASL_SSL", "SASL_PLAINTEXT"] = "SASL_SSL"
    agent_ca_file: Path | None = None
    """Certificates (PEM) that agents are to trust for the brokers and for this server, in place of their system's."""

    console_directory: Path | None = None
    """Where the built console is; by default that of the package, or of the checkout."""

    cluster: Literal["none", "local", "kubernetes"] = "none"
    """What runs the services, and is asked to scale or replace them."""
    cluster_socket: Path | None = None
    """``local``: the control socket of the stack's supervisor."""
    cluster_namespace: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """``kubernetes``: the namespace of the installation; by default that of the pod."""

    max_json_bytes: int = Field(default=2_000_000, ge=1_000, le=100_000_000)
    max_upload_bytes: int = Field(default=10 * GIB, ge=1, le=1 << 40)
    """The most bytes of one file, uploaded by a user or stored by a task."""
    token_cache_seconds: float = Field(default=3.0, ge=0, le=60)
    """How long a token's look-up is remembered: a revocation holds everywhere after this time at the latest."""
    worker_threads: int = Field(default=40, ge=1, le=1_000)
    shutdown_seconds: int = Field(default=10, ge=1, le=600)
    """How long open requests may go on when the server is told to stop."""

    @property
    def services_url(self) -> str:
        """Where task services reach this server."""
        return self.internal_url or self.public_url

    @cached_property
    def master_key_bytes(self) -> tuple[bytes, ...]:
        """The master keys, the current one first."""
        return tuple(key_bytes(key) for key in (self.master_key, *self.master_keys_old))

    def derived_key(self, purpose: str) -> bytes:
        """Return the key for one purpose, derived from the capability key (BLAKE2b keyed, RFC 7693)."""
        return hashlib.blake2b(purpose.encode(), key=key_bytes(self.capability_key), digest_size=KEY_BYTES).digest()


def for_description() -> ApiSettings:
    """Return settings good enough to describe the API with: nothing is opened with them."""
    key = SecretStr(base64.b64encode(bytes(KEY_BYTES)).decode())
    return ApiSettings.load(
        database_url="postgresql://nobody@localhost/nothing",
        master_key=key,
        capability_key=key,
        object_store_url="file:///nowhere",
    )
