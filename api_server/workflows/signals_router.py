"""Paths by which a waiting run is answered: approvals by people, callbacks by what its tasks have started."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field, JsonValue, StringConstraints

from api_server.auth.callbacks import CallbackGrant, verified
from api_server.auth.capabilities import Capabilities
from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import ApiModel, Id
from api_server.http.problem import problems
from api_server.lifecycle import signals
from api_server.lifecycle.signals import Signal
from api_server.problems import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    UnauthenticatedError,
)
from howdah.contracts.exchange import CALLBACKS_PATH
from howdah.contracts.task_types import BranchName
from howdah.contracts.workflows import SUCCESS
from howdah.runtime.clock import Clock

router = APIRouter(tags=["workflows"])

Writer = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]
Words = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
_bearer = HTTPBearer(auto_error=False, scheme_name="callback", description="The text that the started task was given.")


class AnswerBody(ApiModel):
    """The answer: the out-port by which the run goes on."""

    port: Annotated[BranchName, Field(examples=["approved"])]
    comment: Annotated[Words, Field(examples=["the table looks right"])] = ""
    data: dict[str, JsonValue] = Field(default_factory=dict, max_length=100)
    """What later nodes see as the output ``data``."""


class CallbackBody(ApiModel):
    """How it ended: ``success``, ``failure``, or a branch of the node."""

    port: Annotated[BranchName, Field(examples=["success"])] = SUCCESS
    comment: Annotated[Words, Field(examples=["built in 40 s"])] = ""
    outputs: Annotated[dict[str, JsonValue], Field(max_length=100, examples=[{"image": "x:1.2"}])] = Field(
        default_factory=dict
    )


class Taken(ApiModel):
    """The answer was taken in; the live stream tells what follows."""

    experiment_id: Id


async def _grant(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> CallbackGrant:
    if bearer is None:
        raise UnauthenticatedError("Send the header 'Authorization: Bearer <what the task was given>'.")
    capabilities: Capabilities = request.app.state.capabilities
    return verified(capabilities.callback_key, bearer.credentials, request.app.state.clock)


@router.post(
    "/tasks/{task_id}/answer",
    status_code=202,
    response_model=Taken,
    responses=problems(NotFoundError, ForbiddenError, ConflictError, InvalidRequestError),
)
def answer_task(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request, work: Work, principal: Writer, task_id: Id, idempotent: Idempotent, body: AnswerBody
) -> Response:
    """Answer an approval that a run waits for; whom it asks is the workflow's choice. The first answer counts."""
    clock: Clock = request.app.state.clock

    def produce() -> Answer:
        signal = Signal(body.port, body.comment, body.data)
        record = signals.answer(work, principal, task_id, signal, clock.now())
        return Answer(202, Taken(experiment_id=record.id))

    return idempotent.answer(work, principal, produce)


@router.post(
    CALLBACKS_PATH,
    status_code=202,
    responses=problems(UnauthenticatedError, NotFoundError, ConflictError, InvalidRequestError),
)
def call_back(
    request: Request, work: Work, grant: Annotated[CallbackGrant, Depends(_grant)], body: CallbackBody
) -> Taken:
    """Say how something ended that a task had started. The bearer is what that task was given, and names the task."""
    clock: Clock = request.app.state.clock
    record = signals.call_back(work, grant, Signal(body.port, body.comment, body.outputs), clock.now())
    return Taken(experiment_id=record.id)
