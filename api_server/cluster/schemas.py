"""The bodies of the services' routes, as OpenAPI tells them."""

from pydantic import ConfigDict, Field

from api_server.cluster.abstract import ControlName
from api_server.http.model import ApiModel
from howdah.contracts.services import MAX_REPLICAS, ServiceStatus


class ServicesShown(ApiModel):
    """All services, and what runs them."""

    control: ControlName
    """`none` where the server was not told: then the list is empty, and nothing can be steered."""
    items: list[ServiceStatus]
    next_cursor: None = None


class Scale(ApiModel):
    """How many instances are wanted."""

    model_config = ConfigDict(json_schema_extra={"example": {"replicas": 3}})

    replicas: int = Field(ge=0, le=MAX_REPLICAS)
