"""What a workflow definition refers to beyond itself: task types, resources, applications, other workflows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from api_server.dag.application import Application, ApplicationOutput, Interface, OutputType, StoredFile
from api_server.dag.task_types import KnownType
from howdah.contracts.ids import ResourceId
from howdah.contracts.params import COMMAND, CommandParams
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.task_types import Port, PortType, ResourceUse, TaskTypeDescription
from howdah.contracts.workflows import WorkflowDefinition

COMMAND_TYPE = KnownType(
    COMMAND,
    TaskTypeDescription(
        description="Runs one command on a resource and keeps what it printed",
        parameters=CommandParams.model_json_schema(),
        outputs=(
            Port(name="exit_status", type=PortType.INTEGER),
            Port(name="stdout", type=PortType.STRING),
            Port(name="stderr", type=PortType.STRING),
            Port(name="stdout_path", type=PortType.STRING),
            Port(name="stderr_path", type=PortType.STRING),
            Port(name="truncated", type=PortType.BOOLEAN),
            Port(name="adopted", type=PortType.BOOLEAN),
        ),
        resource=ResourceUse.REQUIRED,
    ),
)
"""The platform's own task type that workflows use directly."""


@dataclass(frozen=True, slots=True)
class KnownResource:
    """A compute resource of the gateway; ``trouble`` says why it can't be used."""

    id: ResourceId
    name: str
    target: ResourceTarget | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class KnownApplication:
    """An application interface of the gateway."""

    id: str
    name: str
    interface: Interface


@dataclass(frozen=True, slots=True)
class KnownWorkflow:
    """A version of a workflow of the gateway."""

    id: str
    version: int
    definition: WorkflowDefinition


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that there is, as far as it was asked for."""

    types: Mapping[str, KnownType] = field(default_factory=dict)
    resources: Mapping[str, KnownResource] = field(default_factory=dict)
    """By name, and by id."""
    applications: Mapping[str, KnownApplication] = field(default_factory=dict)
    """By name, and by id."""
    deployed: Mapping[tuple[str, ResourceId], Application] = field(default_factory=dict)
    """(interface id, resource) → what is run there."""
    workflows: Mapping[tuple[str, int | None], KnownWorkflow] = field(default_factory=dict)
    """(name, version), and (name, None) for the newest one."""
    files: Mapping[str, StoredFile] = field(default_factory=dict)

    def type_of(self, name: str) -> KnownType | None:
        """Return the task type of this name."""
        return COMMAND_TYPE if name == COMMAND else self.types.get(name)

    def application_on(self, application: KnownApplication, resource: ResourceId) -> Application | None:
        """Return the application as it is deployed on a resource, with the files that may be its inputs."""
        found = self.deployed.get((application.id, resource))
        return None if found is None else replace(found, files=dict(self.files))


def port_type_of(item: ApplicationOutput) -> PortType:
    """Return what later nodes see of an application's output: the URI of the file, or a list of files."""
    return PortType.ARRAY if item.type is OutputType.FILES else PortType.FILE


def known_names(names: Iterable[str]) -> str:
    """Return a few names for an error message."""
    found = sorted(set(names))
    shown = ", ".join(found[:20]) or "none"
    return f"{shown}, …" if len(found) > 20 else shown  # noqa: PLR2004 - so many as were shown
