"""The bodies of the routes with which people keep their experiments in order."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from api_server.experiments.trouble_schemas import Answer
from api_server.http.model import ApiModel

MAX_TAGS = 20
MAX_AT_ONCE = 500
Tag = Annotated[str, StringConstraints(pattern=r"^[\w][\w .:+-]{0,49}$", strip_whitespace=True)]
"""Letters, digits and ``_ . : + -``; blanks within."""


class Annotations(ApiModel):
    """Notes and tags of an experiment; what is left out stays as it was."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"description": "Reference run.", "tags": ["paper", "2026"]}}
    )

    description: Annotated[str, StringConstraints(max_length=4_000)] | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = None

    @field_validator("tags")
    @classmethod
    def _each_once(cls, tags: list[str] | None) -> list[str] | None:
        return None if tags is None else list(dict.fromkeys(tags))


class AnnotationsShown(Answer):
    """Notes and tags as they are now."""

    description: str
    tags: list[str]


class Tags(Answer):
    """Tags that experiments of the gateway bear, the most used first."""

    items: list[str]
    next_cursor: None = None


class BulkAction(StrEnum):
    """What is done with each of many experiments."""

    CANCEL = "cancel"
    RETRY = "retry"
    PAUSE = "pause"
    RESUME = "resume"
    CLONE = "clone"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


class BulkRequest(ApiModel):
    """One step of an action on all experiments that fit the query: the newest ``limit`` after ``cursor``."""

    model_config = ConfigDict(json_schema_extra={"example": {"action": "cancel", "reason": "wrong force field"}})

    action: BulkAction
    reason: Annotated[str, StringConstraints(max_length=2_000)] = ""
    limit: Annotated[int, Field(ge=1, le=MAX_AT_ONCE)] = 200
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = None
    """``next_cursor`` of the step before."""


class BulkRefusal(Answer):
    """An experiment with which it was not done, and why."""

    id: str
    name: str
    reason: Annotated[str, Field(examples=["The experiment is COMPLETED and can't be canceled."])]


class BulkResult(Answer):
    """What came of one step. With a ``next_cursor`` there are more."""

    done: int
    refused: int
    refusals: list[BulkRefusal]
    """The first of them."""
    next_cursor: str | None
