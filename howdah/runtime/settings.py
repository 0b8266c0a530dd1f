"""Settings come from the environment (``HOWDAH_…``); a wrong one stops the process with a sentence, before it works."""

from typing import Literal, Self, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from howdah.contracts.errors import ConfigurationError

S = TypeVar("S", bound="RuntimeSettings")


class RuntimeSettings(BaseSettings):
    """What every process is told. Processes derive their own settings from it."""

    model_config = SettingsConfigDict(env_prefix="HOWDAH_", extra="ignore", frozen=True, validate_default=True)

    service_name: str = "howdah"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    health_host: str = "127.0.0.1"
    health_port: int = Field(default=0, ge=0, le=65_535)
    """Where /livez, /readyz and /metrics are served; 0 lets the system choose a port (it is logged)."""

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment; ConfigurationError names the variable, what was wrong and what would be right."""
        try:
            return cls(**overrides)  # type: ignore[arg-type]  # pydantic-settings validates them
        except ValidationError as error:
            raise ConfigurationError(_in_words(cls, error)) from None


def _in_words(settings: type[BaseSettings], error: ValidationError) -> str:
    prefix = settings.model_config.get("env_prefix", "")
    lines = [
        f"{prefix}{'__'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    ]
    return "settings are wrong:\n  " + "\n  ".join(lines)


class KafkaSettings(RuntimeSettings):
    """How to reach Kafka. ``HOWDAH_KAFKA_OPTIONS`` takes further librdkafka options as a JSON object (TLS, SASL)."""

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", min_length=1)
    kafka_group_protocol: Literal["consumer", "classic"] = "consumer"
    kafka_linger_ms: float = Field(default=0.0, ge=0, le=100)
    """How long a message waits for others of its partition to travel in one request."""
    kafka_replication_factor: int = Field(default=1, ge=1, le=9)
    kafka_options: dict[str, str] = Field(default_factory=dict, repr=False)
