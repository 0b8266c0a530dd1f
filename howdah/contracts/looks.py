"""Looking at a resource: what can be looked at, and what comes of it. A look changes nothing that anybody relies on."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from howdah.contracts.failures import Failure

RESOURCE_LOOK = "resource-look"
"""The service that looks, and the name that its grants bear."""
LOOK_SECONDS = 120.0
"""How long a look may take from the request to its answer."""


class LookKind(StrEnum):
    """What is looked at. A new kind needs a handler in ``services.resource_look`` and nothing else on the way."""

    REACHABILITY = "reachability"
    """Everything from the name to the scheduler, step by step: ``ReachabilityReport``."""


class StepName(StrEnum):
    """The steps of the way to a resource, in their order."""

    NAME = "name"
    TCP = "tcp"
    HOST_KEY = "host-key"
    LOGIN = "login"
    SHELL = "shell"
    SCRATCH = "scratch"
    SCHEDULER = "scheduler"


class Passing(StrEnum):
    """How a step went."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not reached"


class StepReport(BaseModel):
    """One step on one host of the way."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: StepName
    host: str
    passing: Passing
    sentence: Annotated[str, StringConstraints(max_length=2_000)] = ""
    """What was found, or what went wrong."""
    advice: Annotated[str, StringConstraints(max_length=1_000)] = ""
    """What to do about a step that failed."""
    seconds: float = Field(default=0.0, ge=0)
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    """What a program may want: ``host_key``, ``fingerprint``, ``free_bytes``, ``version``, ``queues`` …"""


class ReachabilityReport(BaseModel):
    """The way to a resource, walked once."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reached: bool
    """Whether every step passed: jobs can run there."""
    steps: tuple[StepReport, ...]
    failure: Failure | None = None
    """What the first step that failed would be for a task."""
