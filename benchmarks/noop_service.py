"""The task that does nothing, as an ordinary service on the SDK: what the benchmark's experiments are made of.

Run it with ``python benchmarks/noop_service.py``, with the settings of any task service in the environment.
"""

from pydantic import BaseModel, ConfigDict

from howdah.tasks import Needs, TaskContext, run_service, task


class NoopParams(BaseModel):
    """What to answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    echo: str = ""


class NoopOutputs(BaseModel):
    """The answer, so that the benchmark can check each result."""

    echo: str
    attempt: int


@task("noop", params=NoopParams, needs=Needs.NOTHING)
def noop(context: TaskContext[NoopParams]) -> NoopOutputs:
    """Answer with what was asked."""
    return NoopOutputs(echo=context.params.echo, attempt=context.attempt)


if __name__ == "__main__":
    raise SystemExit(run_service(noop))
