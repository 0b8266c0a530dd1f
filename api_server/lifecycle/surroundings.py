"""What workflow definitions refer to, loaded for one gateway: what another gateway has is not found."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from pydantic import JsonValue
from sqlalchemy.orm import Session

from api_server.dag.application import Application, Interface
from api_server.dag.sources import read_source
from api_server.dag.task_types import KnownType
from api_server.dag.workflows.checking import MAX_DEPTH
from api_server.dag.workflows.surroundings import KnownApplication, KnownResource, KnownWorkflow, Surroundings
from api_server.lifecycle.catalogue import CatalogueResource, deployment_of, resource_of
from api_server.lifecycle.requests import WorkflowExperiment
from api_server.lifecycle.sources import load_sources
from api_server.registry.repositories import launch_catalogue as queries
from api_server.registry.repositories import workflows
from howdah.contracts.ids import ResourceId, is_id
from howdah.contracts.references import texts_in
from howdah.contracts.task_types import TaskTypeDescription
from howdah.contracts.workflows import (
    ApplicationNode,
    ApprovalNode,
    ChoiceNode,
    TaskNode,
    WorkflowDefinition,
    WorkflowNode,
)

_Workflows = dict[tuple[str, int | None], KnownWorkflow]
_Wanted = set[tuple[str, int | None]]


def surroundings_of_runs(session: Session, gateway_id: str, runs: Sequence[WorkflowExperiment]) -> Surroundings:
    """Return what these runs need, the definitions that they name among it."""
    found = _workflows(session, gateway_id, {(run.workflow, run.version) for run in runs})
    values: list[JsonValue] = [value for run in runs for value in run.parameters.values()]
    return _around(session, gateway_id, found, [one.definition for one in found.values()], values)


def surroundings_of(session: Session, gateway_id: str, definition: WorkflowDefinition) -> Surroundings:
    """Return what a definition needs that need not be stored."""
    found = _workflows(session, gateway_id, _inner(definition))
    definitions = [definition, *(one.definition for one in found.values())]
    return _around(session, gateway_id, found, definitions, [])


def _workflows(session: Session, gateway_id: str, wanted: _Wanted) -> _Workflows:
    """Return these versions with all that are inside them."""
    found: _Workflows = {}
    for _ in range(MAX_DEPTH + 1):
        if not wanted:
            break
        names = {name for name, _ in wanted}
        ids = {name for name in names if is_id(name)}
        pairs = [(name, version) for name, version in wanted if version is not None]
        for row in workflows.definitions(session, gateway_id, names - ids, ids, pairs):
            known = KnownWorkflow(row.id, row.version, WorkflowDefinition.model_validate(row.definition))
            for name in (row.name, row.id):
                found[name, row.version] = known
                if row.version == row.newest:
                    found[name, None] = known
        inner = {one for known in found.values() for one in _inner(known.definition)}
        wanted = inner - found.keys() - wanted
    return found


def _inner(definition: WorkflowDefinition) -> _Wanted:
    return {(node.workflow, node.version) for node in definition.nodes.values() if isinstance(node, WorkflowNode)}


def _around(
    session: Session,
    gateway_id: str,
    found: _Workflows,
    definitions: Collection[WorkflowDefinition],
    values: Sequence[JsonValue],
) -> Surroundings:
    texts = {text for value in (*values, *_values(definitions)) for _, text in texts_in(value) if "${" not in text}
    resources = _resources(session, gateway_id, _resource_names(definitions, texts))
    applications = _applications(session, gateway_id, definitions)
    return Surroundings(
        types=_types(session, definitions),
        resources={key: _known(resource_id, one) for key, (resource_id, one) in resources.items()},
        applications={key: one for key, (_, one) in applications.items()},
        deployed=_deployed(session, gateway_id, applications.values(), resources.values()),
        workflows=found,
        files=load_sources(session, gateway_id, {text for text in texts if read_source(text) is not None}),
    )


def _values(definitions: Iterable[WorkflowDefinition]) -> Iterator[JsonValue]:
    """Yield what may say, by way of parameters and items, which resource or file is meant."""
    for definition in definitions:
        yield from (parameter.default for parameter in definition.parameters.values())
        for node in definition.nodes.values():
            if isinstance(node, ChoiceNode | ApprovalNode):
                continue
            if not isinstance(node, TaskNode):
                yield from node.inputs.values()
            if node.for_each is not None:
                yield node.for_each.over


def _resource_names(definitions: Iterable[WorkflowDefinition], texts: Collection[str]) -> set[str]:
    named = {
        node.resource
        for definition in definitions
        for node in definition.nodes.values()
        if isinstance(node, TaskNode | ApplicationNode) and node.resource is not None
    }
    literal = {name for name in named if "${" not in name}
    asked = any(one.type.value == "resource" for definition in definitions for one in definition.parameters.values())
    return literal | set(texts) if asked or literal != named else literal


def _resources(session: Session, gateway_id: str, names: set[str]) -> dict[str, tuple[str, CatalogueResource]]:
    rows = queries.resources_named(session, gateway_id, names, {name for name in names if is_id(name)})
    return {key: (row.id, resource_of(row)) for row in rows for key in (row.name, row.id)}


def _known(resource_id: str, found: CatalogueResource) -> KnownResource:
    trouble = found.trouble and f"the compute resource {found.name} is not complete: {found.trouble}"
    if not found.enabled:
        trouble = f"the compute resource {found.name} is disabled; enable it or choose another"
    return KnownResource(ResourceId(resource_id), found.name, None if trouble else found.target, trouble)


def _types(session: Session, definitions: Iterable[WorkflowDefinition]) -> dict[str, KnownType]:
    names = {
        node.type for definition in definitions for node in definition.nodes.values() if isinstance(node, TaskNode)
    }
    rows = queries.task_types(session, names)
    return {row.name: KnownType(row.name, TaskTypeDescription.model_validate(row.description)) for row in rows}


def _applications(
    session: Session, gateway_id: str, definitions: Iterable[WorkflowDefinition]
) -> dict[str, tuple[str, KnownApplication]]:
    """Return (module id, application) by name and by id."""
    names = {
        node.application
        for definition in definitions
        for node in definition.nodes.values()
        if isinstance(node, ApplicationNode)
    }
    found: dict[str, tuple[str, KnownApplication]] = {}
    for row in queries.interfaces_named(session, gateway_id, names, {name for name in names if is_id(name)}):
        known = KnownApplication(row.id, row.name, Interface(inputs=row.inputs, outputs=row.outputs))
        found |= dict.fromkeys((row.name, row.id), (row.module_id, known))
    return found


def _deployed(
    session: Session,
    gateway_id: str,
    applications: Iterable[tuple[str, KnownApplication]],
    resources: Iterable[tuple[str, CatalogueResource]],
) -> dict[tuple[str, ResourceId], Application]:
    usable = {resource_id: one for resource_id, one in resources if one.target is not None}
    by_module: dict[str, dict[str, KnownApplication]] = {}
    for module_id, known in applications:
        by_module.setdefault(module_id, {})[known.id] = known
    pairs = {(module_id, resource_id) for module_id in by_module for resource_id in usable}
    found = {}
    for row in queries.deployments(session, gateway_id, pairs):
        resource = usable[row.resource_id]
        if resource.target is None:
            continue
        kind, names = resource.target.scheduler, resource.target.grid_engine
        for known in by_module[row.module_id].values():
            application = Application(known.interface, deployment_of(row), resource.queues, kind, names)
            found[known.id, ResourceId(row.resource_id)] = application
    return found
