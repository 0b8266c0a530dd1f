"""Lists: ``?limit=&cursor=`` in, ``{"items", "next_cursor"}`` out. A cursor is opaque to the caller."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar

import orjson
from fastapi import Depends, Query

from api_server.http.model import ApiModel, instant_text
from api_server.problems import BadRequestError, FieldError
from api_server.registry.paging import PageOf, Position

T = TypeVar("T")
Row = TypeVar("Row")

MAX_LIMIT = 500


class Page(ApiModel, Generic[T]):
    """A page of a list, newest first; ``next_cursor`` is null on the last one."""

    items: list[T]
    next_cursor: str | None

    @classmethod
    def of(cls, page: PageOf[Row], shown: Callable[[Row], T]) -> "Page[T]":
        """Build the answer from rows and the function that turns one into what is shown."""
        return cls(items=[shown(row) for row in page.rows], next_cursor=encode_cursor(page.next))


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page is asked for."""

    limit: int
    after: Position | None


def encode_cursor(position: Position | None) -> str | None:
    """Return the text by which a caller asks for what stands after ``position``."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(orjson.dumps([instant_text(position.at), position.id])).decode().rstrip("=")


def decode_cursor(text: str) -> Position:
    """Return the position of a cursor of ours; BadRequestError for anything else."""
    try:
        at, identity = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None or not _is_uuid(identity):
            raise ValueError  # noqa: TRY301 - one refusal for all that is no cursor
    except (ValueError, TypeError, binascii.Error):
        message = "is no cursor of this list; take next_cursor of the page before, or leave it out"
        raise BadRequestError(errors=[FieldError("cursor", message)]) from None
    return Position(instant, identity)


def _is_uuid(value: object) -> bool:
    dashes = (8, 13, 18, 23)
    return (
        isinstance(value, str)
        and len(value) == 36  # noqa: PLR2004 - the length of a UUID's text
        and all((char == "-") if i in dashes else (char in "0123456789abcdef") for i, char in enumerate(value))
    )


async def page_query(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items of the page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")] = None,
) -> PageQuery:
    """Read the page that is asked for from the query."""
    return PageQuery(limit, None if cursor is None else decode_cursor(cursor))


WhichPage = Annotated[PageQuery, Depends(page_query)]
