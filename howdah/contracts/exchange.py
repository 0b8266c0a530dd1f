"""What a task service asks the API server for over HTTPS, with the capability that its command carries.

Every call bears ``Authorization: Bearer <service token>`` (who calls) and ``Howdah-Capability: <capability>`` (for
which task). The capability is bound to one task and one task type, and short-lived; while the task is not terminal the
service may have it renewed, and after a cancel that was not confirmed for ``REAPING_HOURS`` more: a job is to be ended.

=======================================  ==============================================
``POST /internal/v1/secrets``            ``SecretRequest`` → ``Secret``
``POST /internal/v1/signed-urls``        ``SignedUrlRequest`` → ``SignedUrl``
``POST /internal/v1/capabilities``       (renewal, no body) → ``RenewedCapability``
=======================================  ==============================================

Refusals are problem+json: 401 ``capability-expired`` (renew it), 401 ``capability-invalid``, 403 ``not-granted``,
409 ``task-terminal``.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from howdah.contracts.ids import UUID_TEXT, CredentialId
from howdah.contracts.params import ObjectUri

CAPABILITY_HEADER = "Howdah-Capability"
SECRETS_PATH = "/internal/v1/secrets"
SIGNED_URLS_PATH = "/internal/v1/signed-urls"
CAPABILITIES_PATH = "/internal/v1/capabilities"
CALLBACKS_PATH = "/callbacks"
"""Below ``/api/v1``: for what tasks have started, wherever it runs."""
REAPING_HOURS: Final = 48
"""How long after a task was canceled its job, if it is not known to be gone, may still be looked for and ended."""


class _Exchange(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SecretRequest(_Exchange):
    """Asks for the secret behind a credential that the command's target names."""

    credential_id: Annotated[CredentialId, UUID_TEXT]


class PromptAnswer(_Exchange):
    """What to say when a host asks (keyboard-interactive, RFC 4256): to prompts with ``prompt`` in them."""

    prompt: str = Field(min_length=1, max_length=200)
    answer: str = Field(repr=False, max_length=1_000)


class SshKeySecret(_Exchange):
    """A private key in OpenSSH or PEM text. Held in memory for minutes at most; never logged."""

    kind: Literal["ssh-key"] = "ssh-key"
    private_key: str = Field(repr=False)
    passphrase: str | None = Field(default=None, repr=False)
    certificate: str | None = None
    """The key's certificate (``ssh-keygen -s``), one line, where the host trusts an authority rather than the key."""
    answers: tuple[PromptAnswer, ...] = ()
    """For a host that asks for something besides the key."""


class PasswordSecret(_Exchange):
    """A password. Held in memory for minutes at most; never logged."""

    kind: Literal["password"] = "password"
    password: str = Field(repr=False)
    answers: tuple[PromptAnswer, ...] = ()
    """For a host that asks for something besides the password."""


Secret = Annotated[SshKeySecret | PasswordSecret, Field(discriminator="kind")]


class Access(StrEnum):
    """What a signed URL is for."""

    READ = "read"
    WRITE = "write"


class SignedUrlRequest(_Exchange):
    """Asks for a URL to an object that the command's parameters name."""

    uri: ObjectUri
    access: Access


class SignedUrl(_Exchange):
    """GET (read) or PUT (write) here, with no further credentials, until ``expires_at``."""

    url: str = Field(repr=False)
    expires_at: AwareDatetime


class RenewedCapability(_Exchange):
    """The same grant, for a while longer."""

    capability: str = Field(repr=False)
    expires_at: AwareDatetime
