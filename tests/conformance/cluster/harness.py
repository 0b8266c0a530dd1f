"""What the suite needs of each home of services: the control plane, a deployment that fits, and how things settle."""

import contextlib
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kubernetes import client, config

from api_server.cluster.abstract import ControlPlane
from api_server.cluster.kubernetes.backend import Kubernetes
from api_server.cluster.kubernetes.calls import KubernetesCalls
from api_server.cluster.kubernetes.manifest import deployment_object
from api_server.cluster.kubernetes.words import KIND_LABEL
from api_server.cluster.local_stack import LocalStack
from howdah.contracts.ids import new_id
from howdah.contracts.services import ServiceDeployment, ServiceReport
from howdah.local.control import socket_path
from howdah.runtime.clock import SystemClock
from tests.fixtures.kubernetes import BUILT_IN, PLATFORM

ROOT = Path(__file__).parents[3]
_SECONDS = 60.0


class PlaneHarness(ABC):
    """A control plane with one platform service and one built-in service, both up."""

    plane: ControlPlane

    @abstractmethod
    def deployment(self, release: str = "1", replicas: int = 1, **environment: str) -> ServiceDeployment:
        """Return a deployment that this home can run."""

    @abstractmethod
    def nudge(self) -> None:
        """Do what a node would do, where there is none."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    def until(self, name: str, holds: Callable[[ServiceReport], bool]) -> ServiceReport:
        """Return the first report of the service for which ``holds`` is true."""
        deadline = time.monotonic() + _SECONDS
        while not holds(report := self.plane.report(name)):
            assert time.monotonic() < deadline, f"did not come true within {_SECONDS:.0f} s: {report}"
            self.nudge()
            time.sleep(0.05)
        return report

    def settled(self, name: str, replicas: int) -> ServiceReport:
        """Return the report once so many instances of the present revision are ready, and no others are there."""
        return self.until(
            name,
            lambda one: (
                one.ready == one.replicas == one.up_to_date == len(one.instances) == replicas and one.trouble is None
            ),
        )


class LocalHarness(PlaneHarness):
    """A supervisor of its own, in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.plane = LocalStack(socket_path(directory))

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        program = Path(__file__).with_name("local_services.py")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, str(program), str(self._directory)], cwd=ROOT, env=environment
        )
        deadline = time.monotonic() + _SECONDS
        while not socket_path(self._directory).exists():
            assert self._process.poll() is None, "the supervisor ended"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.settled(BUILT_IN, self.plane.report(BUILT_IN).replicas)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def deployment(self, release: str = "1", replicas: int = 1, **environment: str) -> ServiceDeployment:
        return ServiceDeployment(
            task_type="word-count",
            module="word_count",
            directory=str(self._directory),
            release=release,
            replicas=replicas,
            environment=environment,
        )

    def nudge(self) -> None:
        """The supervisor does it."""


class KubernetesHarness(PlaneHarness):
    """A namespace of its own on a real API server with its controllers; this class plays the node."""

    def __init__(self, kubeconfig: Path) -> None:
        settings = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
        self._api = client.ApiClient(settings)
        self._core: Any = client.CoreV1Api(self._api)
        self._namespace = f"test-{new_id()[-12:]}"
        self._calls = KubernetesCalls(self._namespace, self._api)
        self.plane = Kubernetes(self._calls, SystemClock())

    def __enter__(self) -> Self:
        self._core.create_namespace({"metadata": {"name": self._namespace}})
        self._core.create_namespaced_service_account(self._namespace, {"metadata": {"name": "howdah-task-service"}})
        for name, kind in ((PLATFORM, "platform"), (BUILT_IN, "built-in")):
            made = deployment_object(name, self.deployment())
            made["metadata"]["labels"][KIND_LABEL] = kind
            made["spec"]["template"]["metadata"]["annotations"] = {}
            self._calls.create(made)
        for name in (PLATFORM, BUILT_IN):
            self.settled(name, 1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._core.delete_namespace(self._namespace)
        self.plane.close()

    def deployment(self, release: str = "1", replicas: int = 1, **environment: str) -> ServiceDeployment:
        return ServiceDeployment(
            task_type="word-count",
            module="word_count",
            image=f"registry.example.org/word-count:{release}",
            release=release,
            replicas=replicas,
            environment=environment,
        )

    def nudge(self) -> None:
        """Pods that want to run are ready, or break down when they are to; those that are to end are gone."""
        for pod in self._core.list_namespaced_pod(self._namespace).items:
            with contextlib.suppress(client.exceptions.ApiException):  # it went away meanwhile
                if pod.metadata.deletion_timestamp is not None:
                    self._core.delete_namespaced_pod(pod.metadata.name, self._namespace, grace_period_seconds=0)
                elif not (pod.status.container_statuses or ()):
                    broken = any(one.name == "BROKEN" for one in pod.spec.containers[0].env)
                    body = {"status": _broken() if broken else _ready()}
                    self._core.patch_namespaced_pod_status(pod.metadata.name, self._namespace, body)


def _container(ready: bool, state: dict[str, Any], restarts: int) -> dict[str, Any]:
    return {
        "name": "service",
        "ready": ready,
        "restartCount": restarts,
        "image": "x",
        "imageID": "",
        "started": ready,
        "state": state,
    }


def _ready() -> dict[str, Any]:
    now = "2026-11-27T10:00:00Z"
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
        "containerStatuses": [_container(True, {"running": {"startedAt": now}}, 0)],
    }


def _broken() -> dict[str, Any]:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "message": "containers with unready status: [service]"}],
        "containerStatuses": [_container(False, {"waiting": waiting}, 2)],
    }
