"""Saying by event how something ended that a task had started: for parts of a service, which have a producer at hand.

Whoever has none calls back over HTTP with the same token. This room only builds the message; when it is sent, and again
after a crash, is the caller's to decide: told twice it is applied once, and the first answer counts.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_core import to_json

from howdah.contracts.ids import UUID_TEXT, EventId, ExperimentId, GatewayId, ProcessId, TaskId, derive_id
from howdah.contracts.requests import SignalGiven
from howdah.contracts.workflows import SUCCESS
from howdah.messaging.abstract import Outgoing
from howdah.tasks.events import outgoing

MAX_OUTPUT_BYTES: Final = 100_000


class _Told(BaseModel):
    """What a callback's token says about whose it is; only the API server can tell whether it is genuine."""

    model_config = ConfigDict(frozen=True)

    gateway_id: Annotated[GatewayId, UUID_TEXT]
    experiment_id: Annotated[ExperimentId, UUID_TEXT]
    process_id: Annotated[ProcessId, UUID_TEXT]
    task_id: Annotated[TaskId, UUID_TEXT]


def signal_given(  # noqa: PLR0913 - the parts of an answer, by keyword
    token: str,
    port: str = SUCCESS,
    outputs: Mapping[str, JsonValue] | None = None,
    *,
    by: str,
    at: datetime,
    comment: str = "",
) -> Outgoing:
    """Return the message that the node which waits for ``token``'s callback is left by ``port``.

    ``token`` is ``context.callback.token``, kept with what was started; ``by`` says who tells it. A port that the node
    does not have is dropped by the orchestrator, which says so in its log.

    Raises:
        ValueError: the token is none of a callback, or the outputs are larger than ``MAX_OUTPUT_BYTES`` as JSON.
    """
    given, told = dict(outputs or {}), _told(token)
    if len(written := to_json(given)) > MAX_OUTPUT_BYTES:
        raise ValueError(f"outputs: {len(written)} bytes as JSON are more than {MAX_OUTPUT_BYTES}; store a file")
    event_id = EventId(derive_id(told.task_id, "signal-given", port, written.decode()))
    ids = dict(told)
    return outgoing(SignalGiven(at=at, **ids, event_id=event_id, actor=by, reason=comment, port=port, outputs=given))


def _told(token: str) -> _Told:
    try:
        _, claims, _ = token.split(".")
        return _Told.model_validate_json(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        raise ValueError("token: it is none of a callback; give context.callback.token as it is") from None
