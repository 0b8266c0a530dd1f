"""Paths of operations: dead letters, the audit trail, service instances."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.model import Id, instant_text
from api_server.http.page import Page, WhichPage
from api_server.http.problem import LISTS, READS, problems
from api_server.http.raw import page_shown, shown
from api_server.lifecycle.redrive import Redrive
from api_server.operations import service
from api_server.operations.instances import ServiceInstances as Instances
from api_server.operations.schemas import (
    AuditRecord,
    DeadLetter,
    DeadLetterClusters,
    DeadLetterInFull,
    DeadLetterState,
    Handling,
    RedriveRequest,
    RedriveResult,
    ServiceInstances,
)
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError
from api_server.registry.repositories import operations_reads
from api_server.registry.repositories.operations_reads import DeadLetterFilter

router = APIRouter(tags=["operations"])

Reader = Annotated[Principal, requires(Scope.OPERATIONS_READ)]
Writer = Annotated[Principal, requires(Scope.OPERATIONS_WRITE)]
_HANDLES = problems(NotFoundError, ConflictError, InvalidRequestError)


async def _redrive(request: Request) -> Redrive:
    redrive: Redrive = request.app.state.redrive
    return redrive


Redriving = Annotated[Redrive, Depends(_redrive)]


@router.get("/dead-letters", response_model=Page[DeadLetter], responses=LISTS)
def list_dead_letters(  # noqa: PLR0913, PLR0917 - the filters of the list
    work: Work,
    principal: Reader,
    page: WhichPage,
    state: Annotated[list[DeadLetterState] | None, Query(description="May be repeated.")] = None,
    topic: Annotated[str | None, Query(max_length=249)] = None,
    reason: Annotated[str | None, Query(max_length=500, description="A part of the reason, in any case.")] = None,
    experiment_id: Id | None = None,
) -> Response:
    """List messages that nobody could handle, newest first."""
    wanted = DeadLetterFilter(tuple(one.value for one in state or ()), topic, reason, experiment_id)
    statement = operations_reads.dead_letters_page(
        principal.gateway_id, wanted, page.limit, page.after, with_unowned=principal.is_platform_admin
    )
    return page_shown(operations_reads.list_dead_letters(work.session, statement, page.limit), service.shown)


@router.get("/dead-letters:clusters", response_model=DeadLetterClusters, responses=problems())
def cluster_dead_letters(
    work: Work,
    principal: Reader,
    state: Annotated[list[DeadLetterState] | None, Query(description="May be repeated.")] = None,
) -> Response:
    """Count dead letters by topic and reason."""
    wanted = DeadLetterFilter(tuple(one.value for one in state or ()))
    rows = operations_reads.dead_letter_clusters(
        work.session, principal.gateway_id, wanted, with_unowned=principal.is_platform_admin
    )
    return shown({"items": rows, "next_cursor": None})


@router.get("/dead-letters/{letter_id}", response_model=DeadLetterInFull, responses=READS)
def get_dead_letter(work: Work, principal: Reader, letter_id: Id) -> Response:
    """Show a dead letter with the original message."""
    return shown(service.shown_in_full(service.get(work, principal, letter_id)))


@router.post("/dead-letters/{letter_id}/redrive", response_model=DeadLetter, responses=_HANDLES)
def redrive_dead_letter(
    work: Work, principal: Writer, redrive: Redriving, letter_id: Id, body: Handling | None = None
) -> Response:
    """Send the original message again; refused where its task has ended or has a newer attempt."""
    row = service.redrive(work, principal, redrive, letter_id, body.note if body else "")
    return shown(service.shown(row))


@router.post("/dead-letters/{letter_id}/discard", response_model=DeadLetter, responses=_HANDLES)
def discard_dead_letter(
    work: Work, principal: Writer, redrive: Redriving, letter_id: Id, body: Handling | None = None
) -> Response:
    """Put it aside for good; it stays readable."""
    row = service.discard(work, principal, redrive, letter_id, body.note if body else "")
    return shown(service.shown(row))


@router.post("/dead-letters:redrive", responses=problems(InvalidRequestError))
def redrive_dead_letters(work: Work, principal: Writer, redrive: Redriving, body: RedriveRequest) -> RedriveResult:
    """Send all again that fit the filter; with `dry_run` only tell what would happen."""
    return service.redrive_all(work, principal, redrive, body)


@router.get("/audit", response_model=Page[AuditRecord], responses=LISTS)
def list_audit(  # noqa: PLR0913, PLR0917 - the filters of the list
    work: Work,
    principal: Reader,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[Id | None, Query(description="`next_cursor` of the page before.")] = None,
    actor: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=100)] = None,
    object_id: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Read who changed or revealed what in the gateway, the latest first."""
    statement = operations_reads.audit_page(
        principal.gateway_id, limit, cursor, actor=actor, action=action, object_id=object_id
    )
    rows = operations_reads.list_audit(work.session, statement)
    more = len(rows) > limit
    return shown({"items": rows[:limit], "next_cursor": rows[limit - 1]["id"] if more else None})


@router.get("/service-instances", response_model=ServiceInstances, responses=problems())
def list_service_instances(request: Request, _: Reader) -> Response:
    """List the microservice instances that were heard of in the last minutes."""
    instances: Instances = request.app.state.service_instances
    items = [
        {
            **one.heartbeat.model_dump(
                include={"instance_id", "service", "release", "host", "pid", "in_flight", "stopping", "last_error"}
            ),
            "started_at": instant_text(one.heartbeat.started_at),
            "last_heard_at": instant_text(one.heard_at),
            "alive": one.alive,
            "next": one.outlook,
        }
        for one in instances.list()
    ]
    return shown({"items": items, "next_cursor": None})
