"""The process of the job-submission service."""

from howdah.tasks import run_service
from services.job_submission.handler import submit_job

if __name__ == "__main__":
    raise SystemExit(run_service(submit_job))
