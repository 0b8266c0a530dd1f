"""The process of an agent: every task service of the platform, at one resource, on topics of its own."""

import sys

from howdah.contracts.agents import agent_topics
from howdah.contracts.errors import ConfigurationError
from howdah.tasks import run_service
from services.agent.settings import AgentSettings
from services.command.handler import run_command
from services.env_cleanup.handler import clean_up
from services.env_setup.handler import env_setup
from services.input_staging.handler import stage_input
from services.job_monitoring.handler import follow_job
from services.job_monitoring.monitor import make_monitor
from services.job_submission.handler import submit_job
from services.output_staging.handler import stage_output
from services.resource_look.handler import make_looks

TASKS = (env_setup, stage_input, submit_job, follow_job, stage_output, clean_up, run_command)


def main() -> int:
    """Work until SIGTERM or SIGINT."""
    try:
        settings = AgentSettings.load()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    own = agent_topics(settings.agent_resource_id)
    return run_service(*TASKS, settings=settings, parts=[make_monitor, make_looks], own=own)


if __name__ == "__main__":
    raise SystemExit(main())
