"""Decisions about workflows: what is written becomes a version when nothing is wrong with it."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from api_server.auth.principal import Principal
from api_server.dag.problems import FieldProblem
from api_server.dag.workflows.checking import check_definition
from api_server.lifecycle.planning import refuse
from api_server.lifecycle.surroundings import surroundings_of
from api_server.problems import ConflictError, FieldError, ForbiddenError, InvalidRequestError, NotFoundError
from api_server.registry.models import Workflow, WorkflowVersion
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.workflows import WorkflowRepository
from api_server.registry.unit_of_work import UnitOfWork
from api_server.workflows.drafts import node_places
from api_server.workflows.schemas import DraftBody, VersionBody, WorkflowBody
from howdah.contracts.plain_yaml import PlainYamlError, read_one
from howdah.contracts.workflows import WorkflowDefinition, as_written


def definition_of(body: WorkflowBody) -> WorkflowDefinition:
    """Return the definition that a body holds; InvalidRequestError."""
    if body.definition is not None:
        return body.definition
    definition, problems = parsed(DraftBody(yaml=body.yaml))
    if definition is None:
        raise InvalidRequestError(errors=[FieldError(one.field, one.message) for one in problems])
    return definition


def parsed(draft: DraftBody) -> tuple[WorkflowDefinition | None, list[FieldProblem]]:
    """Return the definition that a draft holds, or why it has not the form of one."""
    try:
        raw: Any = draft.definition if draft.yaml is None else read_one(draft.yaml)
        return WorkflowDefinition.model_validate(raw), []
    except PlainYamlError as error:
        return None, [FieldProblem(error.field or "yaml", str(error))]
    except ValidationError as error:
        return None, node_places(error)


def check(work: UnitOfWork, principal: Principal, definition: WorkflowDefinition) -> list[FieldProblem]:
    """Return what is wrong with a definition in the caller's gateway."""
    return check_definition(definition, surroundings_of(work.session, principal.gateway_id, definition))


def create(work: UnitOfWork, principal: Principal, body: WorkflowBody) -> tuple[Workflow, WorkflowVersion]:
    """Write a new workflow with its first version."""
    definition = definition_of(body)
    refuse(_within(body, check(work, principal, definition)))
    rows = WorkflowRepository(work.session, principal.gateway_id)
    row = Workflow(name=definition.name, description=definition.description, owner=principal.subject, version=1)
    try:
        row = rows.add(row)
    except IntegrityError:
        raise ConflictError.name_taken("workflow", "name", definition.name) from None
    return row, _versioned(work, principal, row, definition, body.comment)


def add_version(
    work: UnitOfWork, principal: Principal, workflow_id: str, body: VersionBody
) -> tuple[Workflow, WorkflowVersion, bool]:
    """Write a new version; return it, and whether it is new: the same definition twice is one version."""
    rows = WorkflowRepository(work.session, principal.gateway_id)
    row = _mine(rows, principal, workflow_id)
    if body.based_on is not None and body.based_on != row.version:
        raise ConflictError(
            f"The workflow has version {row.version} by now; look at it and repeat the change.", slug="newer-version"
        )
    definition = definition_of(body)
    if definition.name != row.name:
        text = f"is the name of another workflow: this one is called {row.name}"
        raise InvalidRequestError(errors=[FieldError("name", text, definition.name)])
    newest = rows.version(workflow_id, row.version)
    if newest is not None and newest.definition == as_written(definition):
        return row, newest, False
    refuse(_within(body, check(work, principal, definition)))
    row = rows.renew(row, definition.description)
    return row, _versioned(work, principal, row, definition, body.comment), True


def get(work: UnitOfWork, principal: Principal, workflow_id: str) -> Workflow:
    """Return the workflow; NotFoundError."""
    row = WorkflowRepository(work.session, principal.gateway_id).find(workflow_id)
    if row is None:
        raise NotFoundError.of("workflow", workflow_id)
    return row


def get_version(
    work: UnitOfWork, principal: Principal, workflow_id: str, version: int | None = None
) -> tuple[Workflow, WorkflowVersion]:
    """Return a version, the newest where none is named; NotFoundError."""
    row = get(work, principal, workflow_id)
    number = version or row.version
    found = WorkflowRepository(work.session, principal.gateway_id).version(workflow_id, number)
    if found is None:
        raise NotFoundError(f"The workflow {row.name} has no version {number}; its newest is {row.version}.")
    return row, found


def delete(work: UnitOfWork, principal: Principal, workflow_id: str) -> None:
    """Delete a workflow that was never run; its runs need its versions to be told by."""
    rows = WorkflowRepository(work.session, principal.gateway_id)
    row = _mine(rows, principal, workflow_id)
    if runs := rows.runs(workflow_id):
        raise ConflictError(f"{runs} experiments are runs of {row.name}; delete them first.", slug="in-use")
    rows.delete(workflow_id)
    _note(work, principal, "delete", row)


def _mine(rows: WorkflowRepository, principal: Principal, workflow_id: str) -> Workflow:
    row = rows.find(workflow_id, lock=True)
    if row is None:
        raise NotFoundError.of("workflow", workflow_id)
    if not principal.may_steer(row.owner):
        raise ForbiddenError(f"The workflow belongs to {row.owner}; only its owner and administrators change it.")
    return row


def _versioned(
    work: UnitOfWork, principal: Principal, row: Workflow, definition: WorkflowDefinition, comment: str
) -> WorkflowVersion:
    version = WorkflowVersion(
        workflow_id=row.id,
        version=row.version,
        definition=as_written(definition),
        comment=comment,
        created_by=principal.subject,
    )
    _note(work, principal, "create" if row.version == 1 else "edit", row)
    return WorkflowRepository(work.session, principal.gateway_id).add_version(version)


def _note(work: UnitOfWork, principal: Principal, action: str, row: Workflow) -> None:
    details = {"name": row.name, "version": row.version}
    AuditRepository(work.session, principal.gateway_id).record(principal.subject, action, "workflow", row.id, details)


def _within(body: WorkflowBody, problems: list[FieldProblem]) -> list[FieldProblem]:
    """Return the problems as the caller sees the fields: inside ``definition``, or in a text of their own."""
    return problems if body.definition is None else [problem.within("definition") for problem in problems]
