"""Settings come from the environment (``HOWDAH_…``); a wrong one stops the process with a sentence, before it works."""

from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from howdah.contracts.errors import ConfigurationError
from howdah.contracts.wrong_fields import wrong_fields

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
        f"{prefix}{wrong.field.replace('.', '__').upper()}: {wrong.message}" if wrong.field else wrong.message
        for wrong in wrong_fields(error)
    ]
    return "settings are wrong:\n  " + "\n  ".join(lines)


class KafkaSettings(RuntimeSettings):
    """How to reach Kafka. ``HOWDAH_KAFKA_OPTIONS`` takes further librdkafka options as a JSON object, which win."""

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", min_length=1)
    kafka_group_protocol: Literal["consumer", "classic"] = "consumer"
    kafka_linger_ms: float = Field(default=0.0, ge=0, le=100)
    """How long a message waits for others of its partition to travel in one request."""
    kafka_replication_factor: int = Field(default=1, ge=1, le=9)
    kafka_options: dict[str, str] = Field(default_factory=dict, repr=False)

    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """SSL encrypts and knows the brokers by their certificates; SASL names an account."""
    kafka_ca_file: Path | None = None
    """Certificates (PEM) to trust for the brokers; the system's when neither is given."""
    kafka_ca_pem: str | None = Field(default=None, repr=False)
    """The same as text."""
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    kafka_username: str | None = Field(default=None, min_length=1)
    kafka_password: SecretStr | None = Field(default=None, min_length=1)
    kafka_password_file: Path | None = None
    """A file that holds the password, in its place: read at the start."""

    @model_validator(mode="after")
    def _security_is_whole(self) -> Self:
        names_account = self.kafka_username is not None
        passwords = [one for one in (self.kafka_password, self.kafka_password_file) if one is not None]
        if self.kafka_security_protocol.startswith("SASL"):
            if not names_account or len(passwords) != 1:
                raise ValueError(
                    f"HOWDAH_KAFKA_SECURITY_PROTOCOL: {self.kafka_security_protocol} needs HOWDAH_KAFKA_USERNAME and "
                    "either HOWDAH_KAFKA_PASSWORD or HOWDAH_KAFKA_PASSWORD_FILE"
                )
        elif names_account or passwords:
            raise ValueError(
                "HOWDAH_KAFKA_USERNAME: would be ignored, since HOWDAH_KAFKA_SECURITY_PROTOCOL is "
                f"{self.kafka_security_protocol}; SASL_SSL uses it"
            )
        if self.kafka_ca_file is not None and self.kafka_ca_pem is not None:
            raise ValueError("HOWDAH_KAFKA_CA_FILE: give either it or HOWDAH_KAFKA_CA_PEM, and not both")
        return self
