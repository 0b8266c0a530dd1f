"""Answers straight from rows, serialised by orjson, with no model in between: for lists and for whatever is hot.

The route still names its ``response_model``, which OpenAPI tells; tests hold the two together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import orjson
from fastapi import Depends, Query, Response

from api_server.http.page import MAX_LIMIT, encode_cursor
from api_server.registry.paging import PageOf

Row = TypeVar("Row")
Shown = dict[str, Any]

MEDIA_TYPE: Final = "application/json"


def shown(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return ``content`` as JSON: instants in UTC with a ``Z``."""
    return Response(orjson.dumps(content, option=orjson.OPT_UTC_Z), status, media_type=MEDIA_TYPE, headers=headers)


def page_shown(page: PageOf[Row], show: Callable[[Row], Shown]) -> Response:
    """Return a page of a list that is ordered by instant and id."""
    return shown({"items": [show(row) for row in page.rows], "next_cursor": encode_cursor(page.next)})


@dataclass(frozen=True, slots=True)
class NumberQuery:
    """Which page of a list that is ordered by a number is asked for."""

    limit: int
    after: int | None


async def number_query(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items of the page.")] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$", description="`next_cursor` of the page before.")] = None,
) -> NumberQuery:
    """Read the page that is asked for from the query."""
    return NumberQuery(limit, None if cursor is None else int(cursor))


WhichNumbers = Annotated[NumberQuery, Depends(number_query)]


def numbered_page_shown(rows: Sequence[Row], limit: int, number: str, show: Callable[[Row], Shown]) -> Response:
    """Return a page out of at most ``limit + 1`` rows of a list that is ordered by the field ``number``."""
    items = [show(row) for row in rows[:limit]]
    return shown({"items": items, "next_cursor": str(items[-1][number]) if len(rows) > limit else None})
