"""Edits say which version they were made from: ETag out, If-Match in."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from api_server.problems import BadRequestError, FieldError, PreconditionFailedError, PreconditionRequiredError

_ETAG: Final = re.compile(r'^"(\d{1,18})"$')


def etag(version: int) -> dict[str, str]:
    """Return the header that tells the version of what is shown."""
    return {"ETag": f'"{version}"'}


async def expected_version(
    if_match: Annotated[str | None, Header(description='The ETag that the edit was made from, such as `"3"`.')] = None,
) -> int:
    """Read If-Match: 428 where it is missing, 400 where it is no ETag of ours."""
    if if_match is None:
        raise PreconditionRequiredError("Send If-Match with the ETag that you got when you read it.")
    match = _ETAG.match(if_match.strip())
    if match is None:
        raise BadRequestError(errors=[FieldError("If-Match", 'must be one ETag as it was sent, such as "3"')])
    return int(match[1])


ExpectedVersion = Annotated[int, Depends(expected_version)]


def check_version(current: int, expected: int) -> None:
    """Refuse an edit that was made from another version than the current one."""
    if current != expected:
        raise PreconditionFailedError(
            f"You edited version {expected}, the current one is {current}: read it again.",
            headers=etag(current),
        )
