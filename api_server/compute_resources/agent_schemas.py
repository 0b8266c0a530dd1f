"""What is said and shown about agents."""

from pydantic import ConfigDict

from api_server.http.model import ApiModel, Id, Instant


class AgentShown(ApiModel):
    """The enrolment of a resource's agent."""

    resource_id: Id
    resource_name: str
    kafka_user: str
    """Its account at the brokers."""
    enrolled_by: str
    enrolled_at: Instant
    rotated_at: Instant | None
    """When its secrets were last made anew."""
    reads: list[str]
    """The topics that it may read."""
    writes: list[str]
    """The topics that it may write."""
    groups: str
    """What the names of its consumer groups begin with."""


class AgentSettingsShown(ApiModel):
    """An enrolment with the agent's settings. Its secrets are shown now and never again."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "agent": {
                    "resource_id": "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11",
                    "resource_name": "cluster",
                    "kafka_user": "agent-0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11",
                    "enrolled_by": "admin",
                    "enrolled_at": "2026-11-22T19:45:21.123456Z",
                    "rotated_at": None,
                    "reads": ["howdah.agents.0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11.tasks"],
                    "writes": ["howdah.agents.0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11.events"],
                    "groups": "howdah.agents.0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11.",
                },
                "settings": {"HOWDAH_KAFKA_BOOTSTRAP": "kafka.example.org:9093"},
            }
        }
    )
    agent: AgentShown
    settings: dict[str, str]
    """Environment variables: all that ``howdah agent`` needs."""
