"""What is said and shown about schedules."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from api_server.dag.cron import MAX_EXPRESSION
from api_server.dag.schedules import MOST_AT_ONCE, CatchUp, Overlap
from api_server.http.model import ApiModel, Description, Id, Instant, Name
from api_server.lifecycle.requests import ExperimentRequest

_SOME_ID: Final = "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"
_NIGHTLY: Final = {"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}
MAX_PREVIEW: Final = 100
Cron = Annotated[str, StringConstraints(min_length=1, max_length=MAX_EXPRESSION), Field(examples=["30 2 * * mon-fri"])]
TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=100), Field(examples=["Europe/Berlin"])]


class PreviewRequest(ApiModel):
    """A cron expression to be read."""

    model_config = ConfigDict(json_schema_extra={"example": {**_NIGHTLY, "count": 3}})
    cron: Cron
    time_zone: TimeZone = "UTC"
    count: Annotated[int, Field(ge=1, le=MAX_PREVIEW)] = 10


class Preview(ApiModel):
    """The moments that would come next."""

    next_runs: list[Instant]


class ScheduleBody(ApiModel):
    """Launch this experiment at these moments."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "nightly forecast",
                **_NIGHTLY,
                "catch_up": "one",
                "overlap": "wait",
                "experiment": {
                    "kind": "application",
                    "name": "forecast",
                    "interface_id": _SOME_ID,
                    "resource_id": _SOME_ID,
                    "inputs": {"steps": 2000},
                },
            }
        }
    )
    name: Name
    description: Description = ""
    cron: Cron
    """Minute, hour, day of month, month, day of week."""
    time_zone: TimeZone = "UTC"
    """A name of the IANA database."""
    catch_up: CatchUp = CatchUp.ONE
    """What becomes of moments that came while nothing could be launched: none of them is run, the latest, or all."""
    catch_up_limit: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 10
    """The most missed moments that ``all`` runs, and the most that wait."""
    overlap: Overlap = Overlap.WAIT
    """What becomes of a moment that comes while an earlier run goes on."""
    experiment: ExperimentRequest
    """What is launched; its name gets the moment, as its time zone has it, put behind."""


class ScheduleRunShown(ApiModel):
    """What became of a moment."""

    due_at: Instant
    outcome: Literal["launched", "waiting", "left-out", "refused"]
    number: int
    """How many moments it stands for: missed ones are told together."""
    reason: str
    experiment_id: Id | None
    """Null where none was launched, or it was deleted."""
    created_at: Instant


class ScheduleShown(ApiModel):
    """A schedule."""

    id: Id
    name: str
    description: str
    owner: str
    cron: str
    time_zone: str
    catch_up: CatchUp
    catch_up_limit: int
    overlap: Overlap
    experiment: dict[str, JsonValue]
    paused: bool
    next_at: Instant | None
    """The next moment; null while it is paused."""
    next_runs: list[Instant]
    """The next five."""
    last_run: ScheduleRunShown | None
    version: int
    created_at: Instant
    updated_at: Instant
