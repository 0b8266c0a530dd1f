"""Every task service in one process, for tests: the same handlers and the same monitor as in their own processes."""

from howdah.tasks import run_service
from services.command.handler import run_command
from services.env_cleanup.handler import clean_up
from services.env_setup.handler import env_setup
from services.input_staging.handler import stage_input
from services.job_monitoring.handler import follow_job
from services.job_monitoring.monitor import make_monitor
from services.job_submission.handler import submit_job
from services.output_staging.handler import stage_output
from services.resource_look.handler import make_looks

if __name__ == "__main__":
    raise SystemExit(
        run_service(
            env_setup,
            stage_input,
            submit_job,
            follow_job,
            stage_output,
            clean_up,
            run_command,
            parts=[make_monitor, make_looks],
        )
    )
