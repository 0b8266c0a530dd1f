"""What is said and shown about credentials."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SecretStr

from api_server.http.model import ApiModel, Id, Instant, Name

_Secret = Annotated[SecretStr, Field(min_length=1, max_length=32_768)]


class AnswerBody(ApiModel):
    """What to say when the host asks (keyboard-interactive): to prompts that contain ``prompt``, in any case."""

    prompt: Annotated[str, Field(min_length=1, max_length=200)]
    answer: Annotated[SecretStr, Field(min_length=1, max_length=1_000)]
    """Never shown again."""


Answers = Annotated[tuple[AnswerBody, ...], Field(max_length=20)]


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
    certificate: Annotated[str, Field(min_length=1, max_length=32_768)] | None = None
    """The key's user certificate, one line as in ``id_ed25519-cert.pub``, where the host trusts an authority."""
    answers: Answers = ()
    """For a host that asks for something besides the key."""
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
    """Never shown again. Also the answer to every hidden question that ``answers`` does not know."""
    answers: Answers = ()
    """For a host that asks for something besides the password."""


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
