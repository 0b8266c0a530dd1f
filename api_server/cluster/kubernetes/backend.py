"""Services as Deployments: read, and steered by patches that Kubernetes itself carries out."""

from collections.abc import Sequence

from api_server.cluster.abstract import ControlName
from api_server.cluster.kubernetes import reading, words
from api_server.cluster.kubernetes.calls import KubernetesCalls, open_calls
from api_server.cluster.kubernetes.manifest import deployment_object, identity
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError
from howdah.contracts.services import ServiceDeployment, ServiceKind, ServiceReport, ServiceStatus
from howdah.runtime.clock import Clock, SystemClock

_ORDER = list(ServiceKind)


class Kubernetes:
    """The platform's services in one namespace. What lacks the platform's labels does not exist for it."""

    name: ControlName = "kubernetes"

    def __init__(self, calls: KubernetesCalls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock

    def services(self) -> Sequence[ServiceStatus]:
        """Return all services."""
        sets = self._calls.replica_sets()
        found = [reading.status(one, sets) for one in self._calls.deployments()]
        return sorted(found, key=lambda one: (_ORDER.index(one.kind), one.name))

    def report(self, name: str) -> ServiceReport:
        """Return one service with its pods and events."""
        deployment, sets, pods = self._ours(name), self._calls.replica_sets(name), self._calls.pods(name)
        revisions = {words.named(one): words.annotation(one, words.REVISION_ANNOTATION) for one in sets}
        return ServiceReport(
            **dict(reading.status(deployment, sets)),
            instances=tuple(reading.instance(pod, revisions) for pod in pods),
            events=reading.events(self._calls.events(), deployment, sets, pods),
        )

    def scale(self, name: str, replicas: int) -> None:
        """Set the number of replicas."""
        if self._kind(self._ours(name)) is ServiceKind.PLATFORM:
            raise ConflictError(f"{name} is the platform's own: its replicas are set in the manifests.")
        self._calls.scale(name, replicas)

    def restart(self, name: str) -> None:
        """Roll all pods, one after the other."""
        self._ours(name)
        stamp = {words.RESTARTED_ANNOTATION: self._clock.now().isoformat()}
        self._calls.patch(name, {"spec": {"template": {"metadata": {"annotations": stamp}}}})

    def deploy(self, name: str, deployment: ServiceDeployment) -> None:
        """Create the Deployment, or give it another template."""
        if deployment.image is None:
            raise InvalidRequestError(errors=[("image", "is needed on Kubernetes: the image that holds the module")])
        there = self._calls.deployment(name)
        if there is None:
            self._calls.create(deployment_object(name, deployment))
            return
        if not self._is_ours(there) or self._kind(there) is not ServiceKind.CUSTOM:
            raise ConflictError(f"The name {name} belongs to a Deployment that was not made from here: choose another.")
        template = deployment_object(name, deployment)["spec"]["template"]
        present = words.annotation(there["spec"]["template"], words.DEPLOYMENT_ANNOTATION)
        changes = [] if present == identity(deployment) else reading.replaced(template)
        self._calls.patch(name, [*changes, {"op": "replace", "path": "/spec/replicas", "value": deployment.replicas}])

    def roll_back(self, name: str) -> None:
        """Give the Deployment the template of the revision before."""
        before = reading.earlier(self._ours(name), self._calls.replica_sets(name))
        if before is None:
            raise ConflictError(f"{name} has no earlier revision.")
        self._calls.patch(name, reading.replaced(before["spec"]["template"]))

    def remove(self, name: str) -> None:
        """Delete the Deployment of a custom service."""
        if self._kind(self._ours(name)) is not ServiceKind.CUSTOM:
            raise ConflictError(f"{name} is a service of the platform: scale it to 0 where it is not wanted.")
        self._calls.delete(name)

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()

    def _ours(self, name: str) -> words.Object:
        found = self._calls.deployment(name)
        if found is None or not self._is_ours(found):
            raise NotFoundError(f"There is no service {name!r} in the namespace {self._calls.namespace}.")
        return found

    @staticmethod
    def _is_ours(deployment: words.Object) -> bool:
        kinds = {kind.value for kind in ServiceKind}
        return (
            words.label(deployment, words.PLATFORM_LABEL) == words.PLATFORM
            and words.label(deployment, words.KIND_LABEL) in kinds
        )

    @staticmethod
    def _kind(deployment: words.Object) -> ServiceKind:
        return ServiceKind(words.label(deployment, words.KIND_LABEL))


def open_kubernetes(namespace: str | None) -> Kubernetes:
    """Return the backend for the cluster that this process runs in, or that KUBECONFIG names."""
    return Kubernetes(open_calls(namespace), SystemClock())
