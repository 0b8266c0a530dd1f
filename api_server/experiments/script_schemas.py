"""The answer of the routes that show batch scripts, as OpenAPI tells it."""

from api_server.http.model import ApiModel, Id
from api_server.lifecycle.looks import LookState
from howdah.contracts.failures import Failure


class ScriptShown(ApiModel):
    """A job's batch script as it is submitted. A `~` is the login user's home on the resource."""

    id: Id
    resource_id: Id
    state: LookState
    """``unanswered``: no service took it up in time; see the service ``resource-look``."""
    text: str | None
    truncated: bool
    options: list[str]
    """Beside which the scheduler's submit command is called."""
    failure: Failure | None
    """Why there is no script."""
