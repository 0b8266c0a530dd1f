"""Workflows: definitions in versions, checked; answers to what their runs wait for."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from howdah.client.connection import Connection
from howdah.client.models import Answer, Object

_PATH = "/workflows"


class Workflow(Answer):
    """A workflow; ``version`` is its newest, ``definition`` is there where one was asked for."""

    id: str
    name: str
    description: str = ""
    owner: str
    version: int
    created_at: datetime
    updated_at: datetime
    definition: Object | None = None


class WorkflowVersion(Answer):
    """One version of a workflow."""

    workflow_id: str
    name: str
    version: int
    comment: str = ""
    created_by: str
    created_at: datetime
    definition: Object | None = None


class DraftProblem(Answer):
    """One thing that is wrong with a definition."""

    field: str
    message: str


class Draft(Answer):
    """What is wrong with a definition."""

    valid: bool
    problems: tuple[DraftProblem, ...]
    yaml: str | None = None


class Difference(Answer):
    """What one version has otherwise than another."""

    version: int
    against: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    text: str


class WorkflowCalls:
    """Workflows of the gateway. A definition is a mapping, or a text of YAML."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, name: str | None = None) -> Iterator[Workflow]:
        """Yield the workflows, newest first."""
        return self._connection.pages(_PATH, Workflow, {"name": name} if name else None)

    def get(self, workflow_id: str) -> Workflow:
        """Return a workflow with its newest definition."""
        return self._connection.get(f"{_PATH}/{workflow_id}", Workflow)

    def find(self, name: str) -> Workflow | None:
        """Return the workflow of this name, None where there is none."""
        return next(iter(self.list(name)), None)

    def validate(self, definition: Mapping[str, Any] | str) -> Draft:
        """Say what is wrong with a definition, without keeping it."""
        return self._connection.post(f"{_PATH}:validate", _body(definition), Draft)

    def create(self, definition: Mapping[str, Any] | str, comment: str = "") -> Workflow:
        """Keep a new workflow; InvalidRequestError tells every fault with its place."""
        return self._connection.post(_PATH, {**_body(definition), "comment": comment}, Workflow, once=True)

    def add_version(
        self,
        workflow_id: str,
        definition: Mapping[str, Any] | str,
        comment: str = "",
        *,
        based_on: int | None = None,
    ) -> WorkflowVersion:
        """Keep a new version; the newest one again changes nothing. ConflictError where ``based_on`` is outdated."""
        body = {**_body(definition), "comment": comment} | ({"based_on": based_on} if based_on else {})
        return self._connection.post(f"{_PATH}/{workflow_id}/versions", body, WorkflowVersion, once=True)

    def versions(self, workflow_id: str) -> Iterator[WorkflowVersion]:
        """Yield the versions, newest first."""
        return self._connection.pages(f"{_PATH}/{workflow_id}/versions", WorkflowVersion)

    def version(self, workflow_id: str, version: int) -> WorkflowVersion:
        """Return one version with its definition."""
        return self._connection.get(f"{_PATH}/{workflow_id}/versions/{version}", WorkflowVersion)

    def diff(self, workflow_id: str, version: int, against: int | None = None) -> Difference:
        """Say what a version has otherwise than another, by default the one before it."""
        wanted = f"?against={against}" if against else ""
        return self._connection.get(f"{_PATH}/{workflow_id}/versions/{version}/diff{wanted}", Difference)

    def delete(self, workflow_id: str) -> None:
        """Delete a workflow that was never run."""
        self._connection.send("DELETE", f"{_PATH}/{workflow_id}")

    def answer(self, task_id: str, port: str, comment: str = "", data: Object | None = None) -> None:
        """Answer an approval that a run waits for."""
        body = {"port": port, "comment": comment, "data": data or {}}
        self._connection.post(f"/tasks/{task_id}/answer", body, _Taken, once=True)


class _Taken(Answer):
    experiment_id: str


def _body(definition: Mapping[str, Any] | str) -> dict[str, Any]:
    return {"yaml": definition} if isinstance(definition, str) else {"definition": dict(definition)}
