"""The base of every body that comes in or goes out, and the field types that all slices share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, StringConstraints, WithJsonSchema

from howdah.contracts.ids import UUID_TEXT


class ApiModel(BaseModel):
    """Strict: an unknown field is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


def instant_text(at: datetime) -> str:
    """Return the instant as RFC 3339 in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T19:45:21.123456Z"]}),
]
Id = Annotated[str, UUID_TEXT]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f]$")]
"""What people call a thing: one line, without control characters or blanks at the end."""
Description = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
