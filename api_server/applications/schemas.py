"""What is said and shown about applications. Inputs, outputs and deployments are the planner's own shapes."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from api_server.dag.application import ApplicationInput, ApplicationOutput, Deployment, Interface, Requirements
from api_server.http.model import ApiModel, Description, Id, Instant, Name
from howdah.contracts.containers import Container

Release = Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9._+-]*$")]

_SOME_ID = "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"


class ModuleBody(ApiModel):
    """A piece of scientific software."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "gromacs", "release": "2026.1", "description": "Molecular dynamics"}}
    )
    name: Name
    release: Release = ""
    description: Description = ""


class ModuleShown(ApiModel):
    """An application module."""

    id: Id
    name: str
    release: str
    description: str
    version: int
    created_at: Instant
    updated_at: Instant


class InterfaceBody(Interface):
    """What an application takes and gives, the same on every resource."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "module_id": _SOME_ID,
                "name": "gromacs-mdrun",
                "inputs": [
                    {"name": "topology", "type": "file", "flag": "-s", "file_name": "topol.tpr"},
                    {"name": "steps", "type": "integer", "flag": "-nsteps", "default": 1000, "minimum": 1},
                ],
                "outputs": [
                    {"name": "trajectory", "type": "file", "path": "traj.xtc"},
                    {"name": "log", "type": "stdout"},
                ],
            }
        }
    )
    module_id: Id
    name: Name
    description: Description = ""


class InterfaceShown(ApiModel):
    """An application interface."""

    id: Id
    module_id: Id
    name: str
    description: str
    inputs: list[ApplicationInput]
    outputs: list[ApplicationOutput]
    version: int
    created_at: Instant
    updated_at: Instant


class DeploymentBody(Deployment):
    """How an application is started on one compute resource, and what it asks for by default."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "module_id": _SOME_ID,
                "resource_id": "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f12",
                "executable": "gmx",
                "modules": ["gromacs/2026.1"],
                "environment": {"OMP_NUM_THREADS": "4"},
                "defaults": {"queue": "debug", "nodes": 1, "cpus_per_task": 4, "wall_time_minutes": 30},
            }
        }
    )
    module_id: Id
    resource_id: Id


class DeploymentShown(ApiModel):
    """An application deployment."""

    id: Id
    module_id: Id
    resource_id: Id
    executable: str
    modules: list[str]
    environment: dict[str, str]
    pre_commands: list[str]
    post_commands: list[str]
    defaults: Requirements
    native: list[str]
    container: Container | None
    version: int
    created_at: Instant
    updated_at: Instant
