"""What a task service is told, beside what every Kafka process is told."""

from pathlib import Path

from pydantic import AnyHttpUrl, Field, SecretStr

from howdah.runtime.settings import KafkaSettings


class ServiceSettings(KafkaSettings):
    """The environment of a task service (``HOWDAH_API_URL``, ``HOWDAH_SERVICE_TOKEN``, …)."""

    kafka_linger_ms: float = Field(default=0.5, ge=0, le=100)
    """What ends within this time travels in one request."""
    api_url: AnyHttpUrl
    """Where the API server answers, without ``/api/v1``."""
    service_token: SecretStr = Field(min_length=1)
    """Says to the API server which service calls."""
    api_ca_file: Path | None = None
    """Certificates to trust for the API server and the object store, in PEM; the system's when neither is given."""
    api_ca_pem: str | None = Field(default=None, repr=False)
    """The same as text."""
    api_timeout_seconds: float = Field(default=10.0, gt=0, le=300)
    threads: int | None = Field(default=None, ge=1, le=512)
    """Overrides the number of attempts that each task works on at a time."""
    heartbeat_seconds: float = Field(default=3.0, gt=0, le=60)
    table_timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    """How long the cancellations may take to load before the service gives up and is restarted."""
    drain_grace_seconds: float = Field(default=20.0, gt=0, le=600)
    """How long running handlers may go on after SIGTERM before they are canceled."""
