"""The process of the command service."""

from howdah.tasks import run_service
from services.command.handler import run_command

if __name__ == "__main__":
    raise SystemExit(run_service(run_command))
