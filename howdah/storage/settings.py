"""From where this machine's operator lets inputs come, and where outputs may go."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import Field, field_validator

from howdah.contracts.params import MAX_FILE_BYTES
from howdah.contracts.storage import RootName
from howdah.runtime.settings import RuntimeSettings


class StagingSettings(RuntimeSettings):
    """The environment of both staging services, beside that of every task service."""

    staging_file_roots: dict[RootName, Path] = Field(default_factory=dict)
    """Folders of this machine from which inputs may be read, by the names that storage resources give."""
    staging_delivery_roots: dict[RootName, Path] = Field(default_factory=dict)
    """Folders of this machine into which outputs may be delivered, by the same names."""
    staging_allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that are not public and may be used by HTTP and S3 all the same. Mind cloud metadata services."""
    staging_web_seconds: float = Field(default=30.0, gt=0, le=600)
    """How long a web server may be silent."""
    staging_max_bytes: int = Field(default=MAX_FILE_BYTES, ge=1, le=MAX_FILE_BYTES)
    """What one input may have that does not come from the platform's own store."""

    @field_validator("staging_file_roots", "staging_delivery_roots")
    @classmethod
    def _roots_are_absolute(cls, roots: dict[str, Path]) -> dict[str, Path]:
        for name, path in roots.items():
            if not path.is_absolute():
                raise ValueError(f"{name}: must be an absolute path")
        return roots


@cache
def staging_settings() -> StagingSettings:
    """Return the process's settings, read once."""
    return StagingSettings.load()
