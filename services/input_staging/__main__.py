"""The process of the input-staging service."""

from howdah.tasks import run_service
from services.input_staging.handler import stage_input

if __name__ == "__main__":
    raise SystemExit(run_service(stage_input))
