"""Identifiers: UUID text everywhere, a distinct static type for each thing that is identified."""

import re
from typing import Annotated, NewType

import uuid_utils
from pydantic import StringConstraints

GatewayId = NewType("GatewayId", str)
CredentialId = NewType("CredentialId", str)
ResourceId = NewType("ResourceId", str)
ExperimentId = NewType("ExperimentId", str)
ProcessId = NewType("ProcessId", str)
TaskId = NewType("TaskId", str)
CommandId = NewType("CommandId", str)
EventId = NewType("EventId", str)
InstanceId = NewType("InstanceId", str)
LookId = NewType("LookId", str)

UUID_TEXT = StringConstraints(
    pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
)
"""Put beside an id type on the wire: ``Annotated[TaskId, UUID_TEXT]``."""

_UUID = re.compile(UUID_TEXT.pattern or "")


def is_id(text: str) -> bool:
    """Tell whether a text has the form of an id."""
    return _UUID.fullmatch(text) is not None


TaskType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]
"""The name of a task type, as it stands in ``howdah.tasks.<type>``."""

_NAMESPACE = uuid_utils.uuid5(uuid_utils.NAMESPACE_URL, "https://howdah.dev/ids")


def new_id() -> str:
    """Return a fresh UUIDv7 (RFC 9562): ids that are made later sort later, so indexes stay compact."""
    return str(uuid_utils.uuid7())


def derive_id(*parts: str | int) -> str:
    """Return the UUIDv5 of ``parts``: the same parts give the same id, on every machine, for ever."""
    return str(uuid_utils.uuid5(_NAMESPACE, "\x1f".join(map(str, parts))))
