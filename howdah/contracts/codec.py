"""Messages to bytes and back, with errors that say what is wrong.

JSON in UTF-8. A reader names the messages that it understands; a known kind of an unknown version is told apart from
rubbish, since the cure differs (upgrade this process, or look for the writer).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar, Union, get_args

from pydantic import Field, TypeAdapter, ValidationError

from howdah.contracts import messages, records, requests
from howdah.contracts.envelope import MAX_MESSAGE_BYTES, Message
from howdah.contracts.errors import UndecodableMessageError, UnknownKindError, UnsupportedVersionError
from howdah.contracts.heartbeats import Heartbeat
from howdah.contracts.lanes import LaneControl
from howdah.contracts.standings import ResourceStanding
from howdah.contracts.wrong_fields import first_wrong

M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    """Return the message as bytes; ValueError when it is larger than a topic takes."""
    value = message.model_dump_json(exclude_none=True).encode()
    if len(value) > MAX_MESSAGE_BYTES:
        raise ValueError(
            f"{message.kind}: {len(value)} bytes are more than the {MAX_MESSAGE_BYTES} that a message may have"
        )
    return value


class Codec(Generic[M]):
    """Decodes the messages of one topic: any of the given models, told apart by ``kind``."""

    def __init__(self, *models: type[M]) -> None:
        self._models: Mapping[str, type[M]] = {model.model_fields["kind"].default: model for model in models}
        union: Any = Annotated[Union[models], Field(discriminator="kind")] if len(models) > 1 else models[0]  # noqa: UP007
        self._adapter: TypeAdapter[M] = TypeAdapter(union)

    @property
    def models(self) -> tuple[type[M], ...]:
        """The messages that this codec knows."""
        return tuple(self._models.values())

    def decode(self, value: bytes | None) -> M:
        """Return the message.

        Raises:
            UnknownKindError: it has a kind, but none of those.
            UnsupportedVersionError: a known kind, but of a version that this process does not know.
            UndecodableMessageError: anything else that is not one of the models; the text names the field.
        """
        if value is None:
            raise UndecodableMessageError("the message has no value, where a JSON object was expected")
        if len(value) > MAX_MESSAGE_BYTES:
            raise UndecodableMessageError(f"the message has {len(value)} bytes, more than {MAX_MESSAGE_BYTES}")
        try:
            return self._adapter.validate_json(value)
        except ValidationError as error:
            raise self._explained(value, error) from None

    def _explained(self, value: bytes, error: ValidationError) -> UndecodableMessageError | UnsupportedVersionError:
        try:
            raw = json.loads(value)
        except (ValueError, RecursionError):
            return UndecodableMessageError(f"not JSON in UTF-8: it starts with {value[:40]!r}")
        kind = raw.get("kind") if isinstance(raw, dict) else None
        model = self._models.get(kind) if isinstance(kind, str) else None
        if model is None:
            known = ", ".join(sorted(self._models))
            refusal = UnknownKindError if isinstance(kind, str) else UndecodableMessageError
            return refusal(f"kind: {str(kind)[:80]!r} is none of {known}")
        known_versions = get_args(model.model_fields["version"].annotation)
        if raw.get("version", known_versions[0]) not in known_versions:
            return UnsupportedVersionError(
                f"version: {kind} of version {str(raw['version'])[:20]} is not known here, only {known_versions}; "
                "this process is older than the writer"
            )
        field, message = first_wrong(error)
        return UndecodableMessageError(f"{field.removeprefix(f'{kind}.')}: {message}")


COMMANDS = Codec(messages.RunTask)
EVENTS: Codec[messages.Event] = Codec(
    messages.TaskStarted,
    messages.TaskProgressed,
    messages.TaskCompleted,
    messages.TaskFailed,
    messages.TaskCanceled,
    messages.TaskDeferred,
    messages.JobStatusChanged,
    requests.CancelRequested,
    requests.PauseRequested,
    requests.ResumeRequested,
    requests.SkipRequested,
    requests.SignalGiven,
    requests.CorrectionRequested,
    requests.AdmissionGranted,
    requests.GiveUpRequested,
    requests.DeadlinePassed,
    messages.TaskReleased,
    messages.TimerDue,
)
JOBS = Codec(records.JobRecord)
CANCELLATIONS = Codec(records.Cancellation)
RESOURCES: Codec[ResourceStanding | LaneControl] = Codec(ResourceStanding, LaneControl)
HEARTBEATS = Codec(Heartbeat)
LOGS = Codec(messages.TaskLogged)
DEAD_LETTERS = Codec(messages.DeadLetter)
LOOKS = Codec(messages.LookAtResource)
LOOK_ANSWERS = Codec(messages.LookAnswered)
TOLD_BY_AGENTS: Codec[Message] = Codec(
    messages.TaskStarted,
    messages.TaskProgressed,
    messages.TaskCompleted,
    messages.TaskFailed,
    messages.TaskCanceled,
    messages.TaskDeferred,
    messages.JobStatusChanged,
    messages.TaskLogged,
    messages.LookAnswered,
    Heartbeat,
    messages.DeadLetter,
)
"""All that an agent has to say, on its one topic; requests and timers are the API half's."""

ALL: tuple[Codec[Any], ...] = (
    COMMANDS,
    EVENTS,
    JOBS,
    CANCELLATIONS,
    RESOURCES,
    HEARTBEATS,
    LOGS,
    DEAD_LETTERS,
    LOOKS,
    LOOK_ANSWERS,
)
