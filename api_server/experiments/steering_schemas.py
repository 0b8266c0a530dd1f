"""The bodies of the routes that steer an experiment, as OpenAPI tells them."""

from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from api_server.http.model import ApiModel
from howdah.contracts.flow import Name
from howdah.contracts.states import TaskState

Names = Annotated[tuple[Name, ...], Field(max_length=1_000)]


class Reason(ApiModel):
    """Why; it goes into the history."""

    reason: Annotated[
        str, StringConstraints(max_length=2_000), Field(examples=["the file system is full until tonight"])
    ] = ""


class RetryRequest(ApiModel):
    """What is done otherwise than in the run before: nothing, where it is left out. Tasks by their names."""

    rerun: Annotated[Names, Field(examples=[["job-submission"]])] = ()
    """Done again although they had ended well, with all that depends on them."""
    skip: Annotated[Names, Field(examples=[["output-staging:picture"]])] = ()
    """Left out: what depends on them goes on as if they had succeeded."""


class CorrectionRequest(ApiModel):
    """How it has ended, and why that is known; for administrators. The reason goes into history and audit."""

    state: Annotated[TaskState, Field(examples=["FAILED"])]
    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=2_000, strip_whitespace=True),
        Field(examples=["the node was lost; the site's administrators confirm that the job is gone"]),
    ]
    outputs: dict[str, JsonValue] | None = None
    """Of a task that has COMPLETED: what later tasks need of it."""


class RefetchRequest(ApiModel):
    """Which outputs are brought back once more: all, where it is left out."""

    outputs: Annotated[Names, Field(examples=[["table", "picture"]])] = ()
