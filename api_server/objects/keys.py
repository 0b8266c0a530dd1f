"""Keys of objects: which texts are keys, and their URIs on the wire."""

import re
from typing import Final

from api_server.problems import NotFoundError

SCHEME: Final = "howdah://objects/"
MAX_KEY: Final = 1_000
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~+=@,-]{1,255}")


def is_key(key: str) -> bool:
    """Tell whether ``key`` is one: segments of plain characters, none empty, '.' or '..', the first not hidden."""
    return (
        not key.startswith(".")
        and len(key) <= MAX_KEY
        and all(_SEGMENT.fullmatch(segment) and segment not in {".", ".."} for segment in key.split("/"))
    )


def check_key(key: str) -> str:
    """Return the key; NotFoundError for what can be none, so that no path ever leaves the store."""
    if not is_key(key):
        raise NotFoundError("There is no such object.")
    return key


def uri_of(key: str) -> str:
    """Return the URI that names the object on the wire."""
    return SCHEME + key


def key_of(uri: str) -> str:
    """Return the key of an object's URI; NotFoundError when it is none."""
    return check_key(uri.removeprefix(SCHEME) if uri.startswith(SCHEME) else "")
