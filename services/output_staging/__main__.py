"""The process of the output-staging service."""

from howdah.tasks import run_service
from services.output_staging.handler import stage_output

if __name__ == "__main__":
    raise SystemExit(run_service(stage_output))
