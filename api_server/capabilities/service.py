"""Decisions about what a task's service gets."""

from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from api_server.auth.capabilities import Capabilities, Grant
from api_server.auth.principal import Principal
from api_server.objects.keys import key_of
from api_server.objects.store import ObjectStore
from api_server.problems import ConflictError, NotFoundError
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.catalogue import CredentialRepository
from api_server.registry.repositories.grants import standing
from api_server.registry.secrets import Sealed, Vault
from api_server.registry.unit_of_work import UnitOfWork
from api_server.settings import ApiSettings
from howdah.contracts.exchange import (
    REAPING_HOURS,
    PasswordSecret,
    RenewedCapability,
    Secret,
    SignedUrl,
    SignedUrlRequest,
    SshKeySecret,
)
from howdah.contracts.states import TERMINAL

URL_SECONDS: Final = 900
_SECRET: Final[TypeAdapter[SshKeySecret | PasswordSecret]] = TypeAdapter(Secret)


def reveal(
    work: UnitOfWork, vault: Vault, service: Principal, grant: Grant, credential_id: str
) -> SshKeySecret | PasswordSecret:
    """Return the secret that the task was granted, and note in the audit who got it for what."""
    grant.check_credential(credential_id)
    row = CredentialRepository(work.session, grant.gateway_id).sealed(credential_id)
    if row is None:
        raise NotFoundError.of("credential", credential_id)
    _, wrapped_key, ciphertext, master_key_id = row
    sealed = Sealed(wrapped_key, ciphertext, master_key_id)
    secret = vault.open(sealed, credential_id=credential_id, gateway_id=grant.gateway_id)
    AuditRepository(work.session, grant.gateway_id).record(
        f"service:{service.subject}",
        "reveal",
        "credential",
        credential_id,
        {"task_id": grant.task_id, "task_type": grant.task_type},
    )
    return _SECRET.validate_json(secret)


def sign(store: ObjectStore, grant: Grant, asked: SignedUrlRequest, settings: ApiSettings) -> SignedUrl:
    """Return a URL to an object that the task was granted, at the address where its service reaches this server."""
    grant.check_object(asked.uri, asked.access)
    url, expires_at = store.sign(key_of(asked.uri), asked.access, URL_SECONDS)
    if grant.holder is not None and url.startswith(f"{settings.services_url}/"):  # an agent comes from outside
        url = settings.public_url + url.removeprefix(settings.services_url)
    return SignedUrl(url=url, expires_at=expires_at)


def renew(work: UnitOfWork, capabilities: Capabilities, grant: Grant) -> RenewedCapability:
    """Return the same grant for a while longer; ConflictError ``task-terminal`` once the task has ended.

    A canceled task whose job may still be there goes on being served for ``REAPING_HOURS``: somebody has to end it.
    """
    found = standing(work.session, grant.gateway_id, grant.task_id, timedelta(hours=REAPING_HOURS))
    if found is None or (found.state in TERMINAL and not found.to_be_reaped):
        how = found.state if found else "it is gone"
        raise ConflictError(
            f"Task {grant.task_id} has ended ({how}); its capability is not renewed.", slug="task-terminal"
        )
    capability, expires_at = capabilities.issue(grant)
    return RenewedCapability(capability=capability, expires_at=expires_at)
