"""The stack's own secrets: generated once, kept in a file that only its owner can read, never shown in logs."""

import base64
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_serializer

from howdah.contracts.wrong_fields import wrong_fields
from howdah.local.errors import LocalStackError
from howdah.runtime.private_files import write_private

_KEY_BYTES = 32


def _new_key() -> SecretStr:
    return SecretStr(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())


class StackSecrets(BaseModel):
    """What the processes of one stack share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    master_key: SecretStr = Field(default_factory=_new_key)
    """Wraps the credentials' keys. Who loses it loses all stored credentials."""
    capability_key: SecretStr = Field(default_factory=_new_key)
    service_token: SecretStr | None = None
    admin_token: SecretStr | None = None

    @field_serializer("*")
    def _in_clear(self, value: SecretStr | None) -> str | None:
        return value.get_secret_value() if value is not None else None


class SecretFile:
    """``secrets.json`` of a stack, mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> StackSecrets:
        """Return the secrets, generating them the first time."""
        try:
            return StackSecrets.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            fresh = StackSecrets()
            self.save(fresh)
            return fresh
        except ValidationError as error:
            fields = ", ".join(wrong.field or "the file" for wrong in wrong_fields(error))
            raise LocalStackError(
                f"{self._path} is damaged ({fields}); without it the stored credentials can't be read: restore it, or "
                "delete the whole directory to begin anew"
            ) from None

    def save(self, content: StackSecrets) -> None:
        """Replace the file, never leaving half of it."""
        write_private(self._path, content.model_dump_json(indent=2).encode() + b"\n")
