"""Paths below a folder that they never leave."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _stays_inside(path: str) -> str:
    segments = path.split("/")
    if path.startswith("/") or any(segment in {"", ".", ".."} for segment in segments):
        raise ValueError("must be a path relative to the work directory, without empty, '.' or '..' segments")
    if not path.isprintable():
        raise ValueError("must not contain control or unassigned characters")
    return path


RelativePath = Annotated[str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(_stays_inside)]
