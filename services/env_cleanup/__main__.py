"""The process of the env-cleanup service."""

from howdah.tasks import run_service
from services.env_cleanup.handler import clean_up

if __name__ == "__main__":
    raise SystemExit(run_service(clean_up))
