"""The process of the env-setup service."""

from howdah.tasks import run_service
from services.env_setup.handler import env_setup

if __name__ == "__main__":
    raise SystemExit(run_service(env_setup))
