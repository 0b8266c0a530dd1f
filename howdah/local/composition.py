"""What the platform consists of: which child runs what, with which environment. Data, nothing else.

The supervisor starts them; Compose and Kubernetes have the same list in their own files.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from howdah.contracts.services import ServiceDeployment
from howdah.local.child import ChildSpec, Member
from howdah.local.control import socket_path
from howdah.local.fleet import FIRST, Fleet
from howdah.local.http_probe import livez, readyz
from howdah.local.ports import HOST, PortBook
from howdah.local.stack_secrets import SecretFile, StackSecrets

SERVICES = (
    "env_setup",
    "input_staging",
    "job_submission",
    "job_monitoring",
    "output_staging",
    "env_cleanup",
    "command",
    "resource_look",
)
"""The modules below ``services``; each is a child of its own."""

PLATFORM = ("api-server", "orchestrator")
"""The processes of the API half."""

API_HALF_ONLY = frozenset(
    {"HOWDAH_DATABASE_URL", "HOWDAH_MASTER_KEY", "HOWDAH_MASTER_KEYS_OLD", "HOWDAH_CAPABILITY_KEY"}
)
"""What task services are never told, though it may stand in the environment of ``howdah up``."""

DRAIN_SECONDS = 20
"""How long a service may finish what it has in hand when it is stopped."""


@dataclass(frozen=True)
class Surroundings:
    """Where the platform's processes find each other."""

    directory: Path
    ports: PortBook
    kafka_bootstrap: str
    database_url: str
    public_url: str | None = None
    """Where others reach the API server, when that is not on this machine: agents do."""

    @property
    def api_port(self) -> int:
        """The API server's port."""
        return self.ports.get("api-server")

    @property
    def api_url(self) -> str:
        """Where the API server answers."""
        return f"http://{HOST}:{self.api_port}"


def shared_environment(where: Surroundings) -> Mapping[str, str]:
    """Return what every process of the platform is told."""
    return {
        "HOWDAH_KAFKA_BOOTSTRAP": where.kafka_bootstrap,
        "HOWDAH_LOG_FORMAT": "json",
        "HOWDAH_HEALTH_HOST": HOST,
        "PYTHONUNBUFFERED": "1",
    }


def api_environment(where: Surroundings, known: StackSecrets) -> Mapping[str, str]:
    """Return what the processes of the API half are told."""
    objects = where.directory / "objects"
    return {
        **shared_environment(where),
        "HOWDAH_DATABASE_URL": where.database_url,
        "HOWDAH_MASTER_KEY": known.master_key.get_secret_value(),
        "HOWDAH_CAPABILITY_KEY": known.capability_key.get_secret_value(),
        "HOWDAH_OBJECT_STORE_URL": f"file://{objects}",
        "HOWDAH_PUBLIC_URL": where.public_url or where.api_url,
        "HOWDAH_INTERNAL_URL": where.api_url,
        "HOWDAH_BIND_HOST": HOST,
        "HOWDAH_BIND_PORT": str(where.api_port),
        "HOWDAH_CLUSTER": "local",
        "HOWDAH_CLUSTER_SOCKET": str(socket_path(where.directory)),
    }


def api_half(where: Surroundings, known: StackSecrets) -> tuple[ChildSpec, ...]:
    """Return the API server and the orchestrator."""
    environment = api_environment(where, known)
    orchestrator_port = where.ports.get("orchestrator")
    return (
        ChildSpec(
            name="api-server",
            command=(sys.executable, "-m", "api_server"),
            env=environment,
            ready=readyz(where.api_port),
            alive=livez(where.api_port),
            health_port=where.api_port,
            member=Member("api-server", FIRST),
        ),
        ChildSpec(
            name="orchestrator",
            command=(sys.executable, "-m", "api_server.orchestrator"),
            env={**environment, "HOWDAH_HEALTH_PORT": str(orchestrator_port)},
            ready=readyz(orchestrator_port),
            alive=livez(orchestrator_port),
            health_port=orchestrator_port,
            member=Member("orchestrator", FIRST),
        ),
    )


def service_fleet(where: Surroundings, secret_file: SecretFile) -> Fleet:
    """Return the services of the stack, as they were last wanted."""

    def describe(name: str, deployment: ServiceDeployment | None, number: int, revision: str) -> ChildSpec:
        return task_service(name, where, secret_file.load(), deployment=deployment, number=number, revision=revision)

    names = (module.replace("_", "-") for module in SERVICES)
    return Fleet(where.directory / "services.json", names, PLATFORM, describe)


def task_services(where: Surroundings, known: StackSecrets) -> tuple[ChildSpec, ...]:
    """Return a child for every built-in task service."""
    return tuple(task_service(module.replace("_", "-"), where, known) for module in SERVICES)


def task_service(  # noqa: PLR0913 - what tells one instance from another, by keyword
    name: str,
    where: Surroundings,
    known: StackSecrets,
    *,
    deployment: ServiceDeployment | None = None,
    number: int = 1,
    revision: str = FIRST,
) -> ChildSpec:
    """Return one instance of a task service, a built-in one or a custom one that was deployed."""
    instance = name if number == 1 else f"{name}--{number}"  # no service's name has two hyphens in a row
    port = where.ports.get(instance)
    token = known.service_token.get_secret_value() if known.service_token else ""
    module = deployment.module if deployment else f"services.{name.replace('-', '_')}"
    folder = deployment.directory if deployment else None
    return ChildSpec(
        name=instance,
        command=(sys.executable, "-m", module),
        env={
            **(deployment.environment if deployment else {}),
            **shared_environment(where),
            **({"PYTHONPATH": os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))} if folder else {}),
            "HOWDAH_SERVICE_NAME": name,
            "HOWDAH_API_URL": where.api_url,
            "HOWDAH_SERVICE_TOKEN": token,
            "HOWDAH_HEALTH_PORT": str(port),
            "HOWDAH_DRAIN_GRACE_SECONDS": str(DRAIN_SECONDS),
        },
        without=API_HALF_ONLY,
        cwd=Path(folder) if folder else None,
        ready=readyz(port),
        alive=livez(port),
        health_port=port,
        grace_seconds=DRAIN_SECONDS + 5,
        member=Member(name, revision),
    )
