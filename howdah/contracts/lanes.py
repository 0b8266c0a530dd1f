"""A lane of a task type held by an operator: what its services must know, and what everybody is shown."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from howdah.contracts.envelope import Instant, Lane, Message
from howdah.contracts.ids import TaskType

MAX_REASON: Final = 500
Reason = Annotated[str, StringConstraints(max_length=MAX_REASON, pattern=r"^[^\x00]*$")]


class LaneControl(Message):
    """Whether the commands of one lane of one task type are handed out. Keyed by ``key()``, for ever: no tombstones.

    While it is paused its commands wait in their order, and what is in hand is finished. The row stays when it is
    resumed: whatever was published before ``since`` then has its whole time again.
    """

    kind: Literal["lane-control"] = "lane-control"
    version: Literal[1] = 1
    type: TaskType
    lane: Lane
    paused: bool
    since: Instant
    """When it was paused, or resumed."""
    actor: Annotated[str, StringConstraints(max_length=200)]
    reason: Reason = Field(default="")

    def key(self) -> str:
        """Return the compaction key: one row for each lane."""
        return lane_key(self.type, self.lane)


def lane_key(task_type: str, lane: str) -> str:
    """Return the key under which a lane's row stands in ``howdah.resources``."""
    return f"lane/{task_type}/{lane}"
