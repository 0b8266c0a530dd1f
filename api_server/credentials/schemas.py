"""What is said and shown about credentials."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SecretStr

from api_server.http.model import ApiModel, Id, Instant, Name

_Secret = Annotated[SecretStr, Field(min_length=1, max_length=32_768)]


class SshKeyBody(ApiModel):
    """An SSH key: bring the private key, or have a pair made."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "cluster-key", "kind": "ssh-key", "generate": True}},
    )
    name: Name
    kind: Literal["ssh-key"]
    private_key: _Secret | None = None
    """OpenSSH or PEM text. Never shown again."""
    passphrase: _Secret | None = None
    """Needed to read an encrypted private key; not kept."""
    generate: bool = False
    """Make an Ed25519 pair here; its public key is for the resource's authorized_keys."""


class PasswordBody(ApiModel):
    """A password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "cluster-password", "kind": "password", "password": "correct horse"}},
    )
    name: Name
    kind: Literal["password"]
    password: _Secret
    """Never shown again."""


CredentialBody = Annotated[SshKeyBody | PasswordBody, Field(discriminator="kind")]


class CredentialShown(ApiModel):
    """A credential, without its secret."""

    id: Id
    name: str
    kind: str
    public_key: str | None
    """For the resource's authorized_keys."""
    created_by: str
    created_at: Instant
    version: int
