"""What an agent is told, beside what every task service is told: its enrolment writes all of it."""

from typing import Annotated

from pydantic import Field

from howdah.contracts.ids import UUID_TEXT, ResourceId
from howdah.tasks.settings import ServiceSettings


class AgentSettings(ServiceSettings):
    """The environment of an agent."""

    service_name: str = "agent"
    agent_resource: str = Field(min_length=1, max_length=200)
    """The name of the resource that it works at: for people."""
    agent_resource_id: Annotated[ResourceId, UUID_TEXT]
