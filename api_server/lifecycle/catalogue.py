"""The catalogue as far as a set of requests needs it: loaded once for all of them, in the words of the planner."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api_server.dag.application import Application, Deployment, Interface, QueueLimits, Requirements, StoredFile
from api_server.dag.inputs import file_uris
from api_server.dag.problems import FieldProblem
from api_server.dag.task_types import KnownType
from api_server.lifecycle.requests import AnyRequest, ApplicationExperiment, TasksExperiment
from api_server.lifecycle.sources import load_places, load_sources
from api_server.registry.models import ApplicationDeployment, ComputeResource
from api_server.registry.repositories import launch_catalogue as queries
from howdah.contracts.containers import Container
from howdah.contracts.ids import ResourceId
from howdah.contracts.params import BUILT_IN
from howdah.contracts.resources import ResourceTarget, TransportKind
from howdah.contracts.storage import Origin
from howdah.contracts.task_types import TaskTypeDescription
from howdah.contracts.wrong_fields import first_wrong


@dataclass(slots=True)
class CatalogueResource:
    """A compute resource as far as planning needs it."""

    target: ResourceTarget | None
    """None when the row does not make a target; then ``trouble`` says why."""
    queues: tuple[QueueLimits, ...]
    enabled: bool
    name: str
    trouble: str = ""


@dataclass(slots=True)
class Catalogue:
    """Interfaces, resources, deployments and files that a set of requests names, those that exist."""

    _resources: dict[str, CatalogueResource] = field(default_factory=dict)
    _interfaces: dict[str, tuple[str, Interface]] = field(default_factory=dict)
    """Interface id → (module id, interface)."""
    _deployments: dict[tuple[str, str], Deployment] = field(default_factory=dict)
    _files: dict[str, StoredFile] = field(default_factory=dict)
    _places: dict[str, Origin] = field(default_factory=dict)
    _types: dict[str, KnownType] = field(default_factory=dict)

    @classmethod
    def load(cls, session: Session, gateway_id: str, requests: Sequence[AnyRequest]) -> "Catalogue":
        """Read what ``requests`` name with one query a table."""
        catalogue = cls()
        applications = [request for request in requests if isinstance(request, ApplicationExperiment)]
        resource_ids = {str(request.place) for request in applications} | {
            task.resource_id
            for request in requests
            if isinstance(request, TasksExperiment)
            for task in request.tasks
            if task.resource_id is not None
        }
        for row in queries.resources(session, gateway_id, resource_ids):
            catalogue._resources[row.id] = resource_of(row)
        names = {task.type for one in requests if isinstance(one, TasksExperiment) for task in one.tasks} - set(
            BUILT_IN
        )
        for registered in queries.task_types(session, names):
            description = TaskTypeDescription.model_validate(registered.description)
            catalogue._types[registered.name] = KnownType(registered.name, description)
        if applications:
            catalogue._load_applications(session, gateway_id, applications)
        return catalogue

    @classmethod
    def of_resources(cls, session: Session, gateway_id: str, ids: Collection[str]) -> "Catalogue":
        """Read these resources only."""
        catalogue = cls()
        for row in queries.resources(session, gateway_id, ids):
            catalogue._resources[row.id] = resource_of(row)
        return catalogue

    def _load_applications(self, session: Session, gateway_id: str, requests: Sequence[ApplicationExperiment]) -> None:
        for row in queries.interfaces(session, gateway_id, {request.interface_id for request in requests}):
            self._interfaces[row.id] = (row.module_id, Interface(inputs=row.inputs, outputs=row.outputs))
        known = [request for request in requests if request.interface_id in self._interfaces]
        pairs = {(self._interfaces[request.interface_id][0], str(request.place)) for request in known}
        for deployment in queries.deployments(session, gateway_id, pairs):
            self._deployments[deployment.module_id, deployment.resource_id] = deployment_of(deployment)
        uris: set[str] = set()
        for request in known:
            uris |= file_uris(self._interfaces[request.interface_id][1].inputs, request.inputs)
        self._files |= load_sources(session, gateway_id, uris)
        self._places |= load_places(session, gateway_id, {one.to for request in known for one in request.deliveries})

    def application(self, request: ApplicationExperiment) -> tuple[Application | None, list[FieldProblem]]:
        """Return what the request runs, or what is missing for it."""
        problems = self.resource_problems(str(request.place))
        module_id, interface = self._interfaces.get(request.interface_id, ("", None))
        if interface is None:
            text = "no application interface of this gateway has this id"
            return None, [*problems, FieldProblem("interface_id", text, request.interface_id)]
        deployment = self._deployments.get((module_id, str(request.place)))
        if deployment is None and not problems:
            text = "the application is not deployed on this resource; deploy it there, or choose a resource that has it"
            problems.append(FieldProblem("resource_id", text, request.place))
        if problems or deployment is None:
            return None, problems
        resource = self._resources[str(request.place)]
        assert resource.target is not None  # noqa: S101 - for the type checker: without one there are problems
        kind, names = resource.target.scheduler, resource.target.grid_engine
        return Application(interface, deployment, resource.queues, kind, names, self._files, self._places), []

    def targets(self) -> dict[ResourceId, ResourceTarget]:
        """Return the resources that may be used."""
        return {
            ResourceId(resource_id): resource.target
            for resource_id, resource in self._resources.items()
            if resource.enabled and resource.target is not None
        }

    def names(self) -> dict[str, str]:
        """Return what the resources are called."""
        return {resource_id: resource.name for resource_id, resource in self._resources.items()}

    def types(self) -> Mapping[str, KnownType]:
        """Return the registered task types among those that the requests name."""
        return self._types

    def resource_problems(self, resource_id: str) -> list[FieldProblem]:
        """Return why the resource can't be used; nothing when it can."""
        resource = self._resources.get(resource_id)
        if resource is None:
            return [FieldProblem("resource_id", "no compute resource of this gateway has this id", resource_id)]
        if not resource.enabled:
            text = f"the compute resource {resource.name} is disabled; enable it or choose another"
            return [FieldProblem("resource_id", text, resource_id)]
        if resource.target is None:
            text = f"the compute resource {resource.name} is not complete: {resource.trouble}"
            return [FieldProblem("resource_id", text, resource_id)]
        return []


def resource_of(row: ComputeResource) -> CatalogueResource:
    """Return the resource as planning sees it."""
    queues = tuple(
        QueueLimits(
            name=queue.name,
            is_default=queue.is_default,
            max_nodes=queue.max_nodes,
            max_cpus_per_node=queue.max_cpus_per_node,
            max_gpus_per_node=queue.max_gpus_per_node,
            max_memory_mb=queue.max_memory_mb,
            max_wall_time_minutes=queue.max_wall_time_minutes,
        )
        for queue in row.queues
    )
    try:
        target = target_of(row)
    except ValidationError as error:
        return CatalogueResource(None, queues, row.enabled, row.name, str(first_wrong(error)))
    if target.transport is TransportKind.SSH and not target.host_keys:
        trouble = "its host key has not been confirmed; test it, compare the fingerprint, and confirm the key"
        return CatalogueResource(None, queues, row.enabled, row.name, trouble)
    return CatalogueResource(target, queues, row.enabled, row.name)


def target_of(row: ComputeResource) -> ResourceTarget:
    """Return the resource as a command carries it; ValidationError when the row does not make one."""
    timeouts = {
        f"{name}_timeout_seconds": row.timeouts[f"{name}_seconds"]
        for name in ("connect", "command", "submit")
        if row.timeouts.get(f"{name}_seconds") is not None
    }
    names = (
        "name",
        "reach",
        "transport",
        "scheduler",
        "host",
        "port",
        "username",
        "credential_id",
        "host_keys",
        "scratch",
    )
    values = {name: getattr(row, name) for name in (*names, "environment", "jump_hosts", "grid_engine")}
    return ResourceTarget.model_validate({"resource_id": row.id, **values, **timeouts, "retry": row.retry or None})


def deployment_of(row: ApplicationDeployment) -> Deployment:
    """Return how the application is started there."""
    return Deployment(
        executable=row.executable,
        modules=tuple(row.modules),
        environment=row.environment,
        pre_commands=tuple(row.pre_commands),
        post_commands=tuple(row.post_commands),
        defaults=Requirements.model_validate(row.defaults),
        native=tuple(row.native),
        container=None if row.container is None else Container.model_validate(row.container),
    )
