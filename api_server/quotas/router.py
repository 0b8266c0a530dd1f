"""Paths of quotas."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS
from api_server.quotas import service
from api_server.quotas.schemas import QuotaBody, QuotaShown
from api_server.registry.models import Quota
from api_server.registry.repositories.catalogue import QuotaRepository

router = APIRouter(prefix="/quotas", tags=["quotas"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


@router.post("", status_code=201, response_model=QuotaShown, responses=CREATES)
def create_quota(request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: QuotaBody) -> Response:
    """Set a quota of live jobs: what is beyond it waits its turn, in fair order, and says so."""

    def produce() -> Answer:
        row = service.quotas(work, principal).create(Quota(**service.columns(work, principal, body)))
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, QuotaShown.model_validate(row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_quotas(work: Work, principal: Reader, page: WhichPage) -> Page[QuotaShown]:
    """List quotas, newest first."""
    rows = QuotaRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(rows, QuotaShown.model_validate)


@router.get("/{quota_id}", responses=READS)
def get_quota(work: Work, principal: Reader, quota_id: Id, response: Response) -> QuotaShown:
    """Show a quota."""
    row = service.quotas(work, principal).get(quota_id)
    response.headers.update(etag(row.version))
    return QuotaShown.model_validate(row)


@router.put("/{quota_id}", responses=EDITS)
def edit_quota(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work, principal: Writer, quota_id: Id, expected: ExpectedVersion, body: QuotaBody, response: Response
) -> QuotaShown:
    """Replace a quota; whoever waits is told anew."""
    row = service.quotas(work, principal).edit(quota_id, expected, service.columns(work, principal, body))
    response.headers.update(etag(row.version))
    return QuotaShown.model_validate(row)


@router.delete("/{quota_id}", status_code=204, responses=DELETES)
def delete_quota(work: Work, principal: Writer, quota_id: Id) -> None:
    """Remove a quota; what waited for nothing else goes on."""
    service.quotas(work, principal).delete(quota_id)
