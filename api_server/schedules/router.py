"""Paths of schedules."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS, problems
from api_server.problems import InvalidRequestError
from api_server.registry.models import Schedule
from api_server.registry.paging import PageOf
from api_server.registry.repositories import schedules
from api_server.registry.repositories.schedules import ScheduleRepository
from api_server.schedules import service
from api_server.schedules.schemas import Preview, PreviewRequest, ScheduleBody, ScheduleRunShown, ScheduleShown
from howdah.runtime.clock import Clock

router = APIRouter(tags=["schedules"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Writer = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]


@router.post("/schedules:preview", responses=problems(InvalidRequestError))
def preview_schedule(request: Request, _: Reader, body: PreviewRequest) -> Preview:
    """Say when a cron expression would be due, without making a schedule."""
    clock: Clock = request.app.state.clock
    return Preview(next_runs=service.preview(body, clock.now()))


@router.post("/schedules", status_code=201, response_model=ScheduleShown, responses=CREATES)
def create_schedule(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: ScheduleBody
) -> Response:
    """Launch an experiment by itself from now on; it belongs to the caller, and is checked as for a launch."""

    def produce() -> Answer:
        schedule = service.create(work, principal, body)
        headers = {"Location": f"{request.url.path}/{schedule.id}", **etag(schedule.version)}
        return Answer(201, _one(work, schedule), headers)

    return idempotent.answer(work, principal, produce)


@router.get("/schedules", responses=LISTS)
def list_schedules(work: Work, principal: Reader, page: WhichPage) -> Page[ScheduleShown]:
    """List the gateway's schedules, newest first."""
    found = ScheduleRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(PageOf(service.shown(work, found.rows), found.next), lambda schedule: schedule)


@router.get("/schedules/{schedule_id}", responses=READS)
def get_schedule(work: Work, principal: Reader, schedule_id: Id, response: Response) -> ScheduleShown:
    """Show a schedule with its next moments and what became of the last."""
    return _answer(work, service.get(work, principal, schedule_id), response)


@router.get("/schedules/{schedule_id}/runs", responses={**READS, **LISTS})
def list_schedule_runs(work: Work, principal: Reader, schedule_id: Id, page: WhichPage) -> Page[ScheduleRunShown]:
    """List what became of its moments, latest first: launched, waiting, left out or refused, and why."""
    schedule = service.get(work, principal, schedule_id)
    found = schedules.runs_page(work.session, schedule.id, page.limit, page.after)
    return Page.of(found, ScheduleRunShown.model_validate)


@router.put("/schedules/{schedule_id}", responses=EDITS)
def edit_schedule(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work, principal: Writer, schedule_id: Id, expected: ExpectedVersion, body: ScheduleBody, response: Response
) -> ScheduleShown:
    """Replace a schedule; experiments that it has launched go on as they are."""
    return _answer(work, service.edit(work, principal, schedule_id, expected, body), response)


@router.post("/schedules/{schedule_id}/pause", responses=READS)
def pause_schedule(work: Work, principal: Writer, schedule_id: Id, response: Response) -> ScheduleShown:
    """Launch nothing more; what was launched goes on."""
    return _answer(work, service.pause(work, principal, schedule_id), response)


@router.post("/schedules/{schedule_id}/resume", responses=READS)
def resume_schedule(work: Work, principal: Writer, schedule_id: Id, response: Response) -> ScheduleShown:
    """Go on with the next moment."""
    return _answer(work, service.resume(work, principal, schedule_id), response)


@router.delete("/schedules/{schedule_id}", status_code=204, responses=DELETES)
def delete_schedule(work: Work, principal: Writer, schedule_id: Id) -> None:
    """Delete a schedule; the experiments that it has launched stay."""
    service.delete(work, principal, schedule_id)


def _answer(work: Work, schedule: Schedule, response: Response) -> ScheduleShown:
    response.headers.update(etag(schedule.version))
    return _one(work, schedule)


def _one(work: Work, schedule: Schedule) -> ScheduleShown:
    return service.shown(work, [schedule])[0]
