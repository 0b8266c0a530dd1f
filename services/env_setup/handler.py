"""Make a process's work directory with everything below it that later tasks rely on."""

from pydantic import BaseModel, ConfigDict

from howdah.contracts.params import ENV_SETUP, EnvSetupParams
from howdah.tasks import Needs, TaskContext, task


class WorkDirectory(BaseModel):
    """The output of env-setup."""

    model_config = ConfigDict(frozen=True)

    work_dir: str
    """Absolute, whatever the parameter said."""


@task(ENV_SETUP, params=EnvSetupParams, needs=Needs.RESOURCE, threads=32)
def env_setup(context: TaskContext[EnvSetupParams]) -> WorkDirectory:
    """Make the directories; those that exist are left alone, so doing it twice does no harm."""
    params = context.params
    with context.connect() as connection:
        work_dir = connection.expand(params.work_dir)
        connection.make_directories([work_dir, *(f"{work_dir}/{name}" for name in params.subdirectories)])
    return WorkDirectory(work_dir=work_dir)
