"""Remove what the process left on the resource, or keep it."""

from pydantic import BaseModel, ConfigDict

from howdah.contracts.params import ENV_CLEANUP, EnvCleanupParams
from howdah.tasks import Needs, TaskContext, task


class Cleanup(BaseModel):
    """The output of env-cleanup."""

    model_config = ConfigDict(frozen=True)

    removed: bool


@task(ENV_CLEANUP, params=EnvCleanupParams, needs=Needs.RESOURCE, threads=32)
def clean_up(context: TaskContext[EnvCleanupParams]) -> Cleanup:
    """Remove the work directory, which must lie inside the resource's scratch; one that is gone is done."""
    if context.params.remove:
        with context.connect() as connection:
            connection.remove_tree(context.params.work_dir)
    return Cleanup(removed=context.params.remove)
