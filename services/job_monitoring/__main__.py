"""The process of the job-monitoring service: the handler that takes jobs on, and the monitor that follows them."""

from howdah.tasks import run_service
from services.job_monitoring.handler import follow_job
from services.job_monitoring.monitor import make_monitor

if __name__ == "__main__":
    raise SystemExit(run_service(follow_job, parts=[make_monitor]))
