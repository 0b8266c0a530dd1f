"""A task that does as it is told: be quick, stall, hang, or fail in a way that makes it wait. An ordinary service.

Run it with ``python benchmarks/lanes/service.py``, with the settings of any task service in the environment.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.tasks import Needs, TaskContext, run_service, task

TYPE = "paced"
THREADS = 64


class PacedParams(BaseModel):
    """How long to take, and how to end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(default=0.0, ge=0, le=3_600)
    fails_as: Literal["transient", "throttled"] | None = None


@task(TYPE, params=PacedParams, needs=Needs.RESOURCE_IF_GIVEN, threads=THREADS)
def paced(context: TaskContext[PacedParams]) -> None:
    """Take the time, as a call to a resource that does not answer would; then fail, if told so."""
    context.cancel.wait(context.params.seconds)
    context.cancel.check()
    if context.params.fails_as is not None:
        raise TaskError.of(FailureKind(context.params.fails_as), "The benchmark told this task to fail.")


if __name__ == "__main__":
    raise SystemExit(run_service(paced))
