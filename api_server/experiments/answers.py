"""What routes answer when a run was begun or steered: the experiment as it is now. Decides nothing."""

from collections.abc import Callable

from fastapi import Response

from api_server.auth.principal import Principal
from api_server.experiments import service
from api_server.http.dependencies import Work
from api_server.http.idempotency import Answer, Idempotent
from api_server.registry.records import ExperimentRecord


def brief_answer(record: ExperimentRecord, status: int, headers: dict[str, str] | None = None) -> Answer:
    """Return the experiment in brief."""
    return Answer(status, service.brief(record), headers or {})


def steered(
    work: Work, principal: Principal, idempotent: Idempotent, steer: Callable[[], ExperimentRecord]
) -> Response:
    """Steer once, however often the request comes under one key: 202 with the experiment in brief."""
    return idempotent.answer(work, principal, lambda: brief_answer(steer(), 202))
