"""How the tasks of a workflow hang together, beyond what a plain DAG says: out-ports, conditions, values, fan-outs.

``plan`` writes them into a task's spec, ``advance`` goes by them. A plain task has none of this.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from howdah.contracts.ids import UUID_TEXT, TaskId
from howdah.contracts.task_types import BranchName
from howdah.contracts.workflows import ALWAYS, Approver, Join

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Id = Annotated[TaskId, UUID_TEXT]

JOIN: Final = "workflow-join"
CHOICE: Final = "workflow-choice"
FAN_OUT: Final = "workflow-fan-out"
FAN_IN: Final = "workflow-fan-in"
SIGNAL: Final = "workflow-signal"
ORCHESTRATED: Final = frozenset({JOIN, CHOICE, FAN_OUT, FAN_IN, SIGNAL})
"""Task types that no service does: the orchestrator decides them itself, in the transaction of what made them due."""


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OutputRef(_Word):
    """Names an output of an earlier task: its value is put into a parameter when the task is published."""

    task_id: _Id
    output: Name
    """An output; what is inside it by dots. Of a failure: ``kind`` or ``sentence``."""
    of: Literal["outputs", "failure"] = Field(default="outputs", exclude_if=lambda of: of == "outputs")
    optional: bool = Field(default=False, exclude_if=lambda optional: not optional)
    """Null where there is nothing; otherwise the task can't be started then."""


class TextOf(_Word):
    """A text with outputs of earlier tasks in it."""

    parts: tuple[str | OutputRef, ...]


Binding = OutputRef | TextOf
Bindings = dict[str, Binding]
"""Where → what. Where: the name of a parameter, or a JSON Pointer (RFC 6901) to a place inside one."""


class Guard(_Word):
    """The condition without which the task is left out; the references in it stand in ``bindings``."""

    condition: dict[str, JsonValue]
    bindings: Bindings = Field(default_factory=dict)


class FailureMeans(StrEnum):
    """Whom the failure of a task concerns."""

    RUN = "run"
    """The run fails."""
    BRANCH = "branch"
    """Another task goes on from it: the run does not fail for it."""
    PARENT = "parent"
    """The task that it is a part of decides."""


class Slot(_Word):
    """One of so many places in a fan-out; without a free one the task waits its turn."""

    pool: _Id
    limit: int = Field(ge=1)


class Flow(_Word):
    """A task's place in a workflow."""

    routes: dict[_Id, tuple[BranchName, ...]] = Field(default_factory=dict)
    """Task in ``depends_on`` → the out-ports by which it leads here; one that is not named only has to have ended."""
    join: Join = Join.ALL
    guard: Guard | None = None
    failure_means: FailureMeans = FailureMeans.RUN
    parent: _Id | None = None
    """The task that ends what this one is a part of: an application, a workflow, a fan-out."""
    slot: Slot | None = None
    frees: _Id | None = None
    """Its end frees the slot that this task took; it may be the same."""
    made_by: _Id | None = None
    """The fan-out that made it while the run went on."""
    callback: bool = False
    """It is given a way to call back."""


class JoinParams(_Word):
    """Parameters of ``JOIN``: it gives these outputs once its parts have ended."""

    outputs: dict[str, JsonValue] = Field(default_factory=dict)


class Branch(_Word):
    """One way out of a choice."""

    port: BranchName
    when: dict[str, JsonValue]


class ChoiceParams(_Word):
    """Parameters of ``CHOICE``."""

    branches: tuple[Branch, ...]
    otherwise: BranchName


class FanOutParams(_Word):
    """Parameters of ``FAN_OUT``. Without a body its items were known, and their tasks made, when the run was planned.

    ``body``: the tasks of one item. Their references to the fan-out's outputs ``item`` and ``index`` are filled in for
    each item; the fan-out's own id in names and paths gives way to the item's number.
    """

    items: JsonValue = None
    body: tuple[dict[str, JsonValue], ...] = ()
    end: _Id | None = None
    """The task of the body that ends an item."""
    fan_in: _Id


class FanInParams(_Word):
    """Parameters of ``FAN_IN``: lists of the items' outputs, in the order of the items."""

    outputs: tuple[str, ...] = ()
    """The outputs' names; all that there are where none is given."""
    max_failed: int = Field(default=0, ge=0)


class SignalParams(_Word):
    """Parameters of ``SIGNAL``: who may say how it goes on, and what they may say."""

    message: str = ""
    choices: tuple[BranchName, ...] = ()
    """The ports that it may leave by beside ``success`` and ``failure``."""
    by: Approver | None = None
    """None: only whoever holds the task's callback."""
    on_deadline: BranchName | None = None


def leads(ports: tuple[str, ...], left_by: str | None) -> bool:
    """Tell whether a task that left by this port (None: it was left out) leads on to where ``ports`` are asked for."""
    return left_by is not None and (left_by in ports or ALWAYS in ports)
