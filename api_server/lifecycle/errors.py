"""Why a run was not started or steered. The HTTP floor turns each into its problem+json.

LifecycleError
├── InvalidRequestError      400/422: the fields that are wrong
├── NotFoundError            404: nothing of this gateway has that id
├── NotPermittedError        403: it belongs to somebody else
├── StateConflictError       409: the state it is in does not allow that
└── VersionConflictError     412: it was changed in the meantime
"""

from collections.abc import Iterable

from api_server.dag.problems import FieldProblem
from howdah.contracts.errors import HowdahError


class LifecycleError(HowdahError):
    """A run was not started or steered, for a reason that the caller can do something about."""


class InvalidRequestError(LifecycleError):
    """The request is wrong; ``problems`` names every field with what would be right."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in self.problems))

    @property
    def errors(self) -> list[tuple[str, str]]:
        """The problems as (field, message)."""
        return [(problem.field, problem.message) for problem in self.problems]


class NotFoundError(LifecycleError):
    """Nothing of the caller's gateway has that id."""

    def __init__(self, what: str, object_id: str) -> None:
        super().__init__(f"there is no {what} {object_id}")
        self.what = what
        self.object_id = object_id


class NotPermittedError(LifecycleError):
    """It belongs to another user, and the caller is no administrator of the gateway."""


class StateConflictError(LifecycleError):
    """The state that the thing is in does not allow what was asked; ``state`` is that state."""

    def __init__(self, message: str, *, object_id: str, state: str) -> None:
        super().__init__(message)
        self.object_id = object_id
        self.state = state


class VersionConflictError(LifecycleError):
    """It was changed since the caller read it; ``version`` is the present one."""

    def __init__(self, *, object_id: str, version: int) -> None:
        super().__init__(f"experiment {object_id} has version {version} by now; read it again and repeat the change")
        self.object_id = object_id
        self.version = version
