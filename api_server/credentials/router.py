"""Paths of credentials."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.credentials import service
from api_server.credentials.schemas import CredentialBody, CredentialShown
from api_server.http.dependencies import Work, requires
from api_server.http.etag import etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, LISTS, READS
from api_server.registry.models import Credential
from api_server.registry.repositories.catalogue import CredentialRepository
from api_server.registry.secrets import Vault

router = APIRouter(prefix="/credentials", tags=["credentials"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CREDENTIALS_WRITE)]


@router.post("", status_code=201, response_model=CredentialShown, responses=CREATES)
def create_credential(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: Annotated[CredentialBody, Body()]
) -> Response:
    """Keep a secret, encrypted, or make a key pair. The secret is never shown again."""
    vault: Vault = request.app.state.vault

    def produce() -> Answer:
        row = service.create(work, principal, vault, body)
        return Answer(201, _shown(row), {"Location": f"{request.url.path}/{row.id}", **etag(row.version)})

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_credentials(work: Work, principal: Reader, page: WhichPage) -> Page[CredentialShown]:
    """List credentials, without their secrets."""
    return Page.of(CredentialRepository(work.session, principal.gateway_id).page(page.limit, page.after), _shown)


@router.get("/{credential_id}", responses=READS)
def get_credential(work: Work, principal: Reader, credential_id: Id, response: Response) -> CredentialShown:
    """Show a credential, without its secret."""
    row = service.credentials(work, principal).get(credential_id)
    response.headers.update(etag(row.version))
    return _shown(row)


@router.delete("/{credential_id}", status_code=204, responses=DELETES)
def delete_credential(work: Work, principal: Writer, credential_id: Id) -> None:
    """Forget a credential that no resource uses."""
    service.credentials(work, principal).delete(credential_id)


def _shown(row: Credential) -> CredentialShown:
    return CredentialShown(
        id=row.id,
        name=row.name,
        kind=row.kind,
        public_key=row.public_part,
        created_by=row.created_by,
        created_at=row.created_at,
        version=row.version,
    )
