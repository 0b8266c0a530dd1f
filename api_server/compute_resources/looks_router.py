"""Paths of looks at compute resources: the reachability test, and the confirmation of a host key that it saw."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, StringConstraints

from api_server.auth.principal import Principal, Scope
from api_server.compute_resources import looks, service
from api_server.compute_resources.schemas import ResourceShown
from api_server.http.awaited import Wait, awaited
from api_server.http.dependencies import Work, requires
from api_server.http.etag import etag
from api_server.http.model import ApiModel, Id, Instant
from api_server.http.page import Page, WhichPage
from api_server.http.problem import EDITS, LISTS, READS, problems
from api_server.lifecycle.looks import LookState, state_of
from api_server.problems import InvalidRequestError, NotFoundError, TooManyRequestsError
from api_server.registry.models import ResourceLook
from api_server.registry.repositories.looks import LookRepository
from api_server.registry.unit_of_work import Registry
from howdah.contracts.failures import Failure
from howdah.contracts.looks import LookKind, ReachabilityReport

router = APIRouter(prefix="/compute-resources/{resource_id}", tags=["compute resources"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


class TestShown(ApiModel):
    """A test of the way to a resource."""

    __test__ = False

    id: Id
    resource_id: Id
    state: LookState
    """``unanswered``: no service took it up in time; see the service ``resource-look``."""
    requested_by: str
    created_at: Instant
    due_at: Instant
    answered_at: Instant | None
    report: ReachabilityReport | None
    """Each step of the way, how it went, and what to do."""
    failure: Failure | None
    """Why there is no report."""


class HostKeyConfirmation(ApiModel):
    """The fingerprint of a key that the host showed to a test, after somebody compared it."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"fingerprint": "SHA256:uNiVztksCsDhcc0u9e8BrpLA3bFDlWr3X2VxHqdhFWE"}}
    )

    fingerprint: Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]


@router.post(
    "/test",
    status_code=202,
    responses={
        200: {"model": TestShown, "description": "The answer came while the call waited."},
        **problems(NotFoundError, InvalidRequestError, TooManyRequestsError),
    },
)
async def run_compute_resource_test(
    request: Request, principal: Writer, resource_id: Id, response: Response, wait: Wait = 0
) -> TestShown:
    """Walk the way to the resource: name, TCP, host key, login, shell, scratch folder, scheduler.

    A task service does it; the answer stands at the location that is returned. One test at a time for each resource.
    """
    registry: Registry = request.app.state.registry

    def ask() -> TestShown:
        with registry.transaction() as work:
            state = request.app.state
            look = looks.ask(
                work, principal, resource_id, LookKind.REACHABILITY, capabilities=state.capabilities, clock=state.clock
            )
            work.session.flush()
            return _shown(look)

    def again(test_id: str) -> TestShown:
        with registry.transaction() as work:
            return _found(LookRepository(work.session, principal.gateway_id), resource_id, test_id)

    shown = await awaited(request, response, wait, ask, again)
    response.headers["Location"] = f"{request.url.path}s/{shown.id}"
    return shown


@router.get("/tests", responses={**LISTS, **problems(NotFoundError)})
def list_compute_resource_tests(work: Work, principal: Reader, resource_id: Id, page: WhichPage) -> Page[TestShown]:
    """List the tests of a resource, newest first."""
    service.resources(work, principal).get(resource_id)
    rows = LookRepository(work.session, principal.gateway_id)
    return Page.of(rows.page_of(resource_id, LookKind.REACHABILITY, page.limit, page.after), _shown)


@router.get("/tests/{test_id}", responses=READS)
def get_compute_resource_test(work: Work, principal: Reader, resource_id: Id, test_id: Id) -> TestShown:
    """Show a test with its report."""
    return _found(LookRepository(work.session, principal.gateway_id), resource_id, test_id)


@router.post("/host-keys", responses=EDITS)
def confirm_compute_resource_host_key(
    work: Work, principal: Writer, resource_id: Id, body: HostKeyConfirmation, response: Response
) -> ResourceShown:
    """Pin a key that the host showed to the latest test: the first use of a host, confirmed by a person."""
    row = looks.confirm_host_key(work, principal, resource_id, body.fingerprint)
    response.headers.update(etag(row.version))
    return ResourceShown.model_validate(row)


def _found(rows: LookRepository, resource_id: str, test_id: str) -> TestShown:
    row = rows.find(test_id)
    if row is None or row.resource_id != resource_id or row.what != LookKind.REACHABILITY:
        raise NotFoundError.of("test of this resource", test_id)
    return _shown(row)


def _shown(row: ResourceLook) -> TestShown:
    answer = row.answer or {}
    return TestShown(
        id=row.id,
        resource_id=row.resource_id,
        state=state_of(row, datetime.now(UTC)),
        requested_by=row.requested_by,
        created_at=row.created_at,
        due_at=row.due_at,
        answered_at=row.answered_at,
        report=answer.get("answer"),
        failure=answer.get("failure"),
    )
