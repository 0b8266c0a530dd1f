"""The process of the resource-look service."""

from howdah.contracts.looks import RESOURCE_LOOK
from howdah.tasks import run_service
from services.resource_look.handler import make_looks

if __name__ == "__main__":
    raise SystemExit(run_service(service_name=RESOURCE_LOOK, parts=[make_looks]))
