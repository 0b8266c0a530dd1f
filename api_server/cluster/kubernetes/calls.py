"""The calls to Kubernetes' API that the backend makes. The only module that imports ``kubernetes``.

Everything is bound to one namespace and, where lists are read, to the platform's label. Failures become problems.
"""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from api_server.cluster.kubernetes.words import KIND_LABEL, PLATFORM, PLATFORM_LABEL, SERVICE_LABEL, Object
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError, ProblemError, UnavailableError
from howdah.contracts.errors import ConfigurationError

_TIMEOUT_SECONDS: Final = (3.0, 10.0)
"""(until connected, until answered)"""
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_OURS: Final = f"{PLATFORM_LABEL}={PLATFORM}"


class KubernetesCalls:
    """One namespace of one cluster. Safe to share among threads."""

    def __init__(self, namespace: str, api: client.ApiClient) -> None:
        self.namespace = namespace
        self._api = api
        self._apps = client.AppsV1Api(api)
        self._core = client.CoreV1Api(api)

    def deployments(self) -> list[Object]:
        """Return the platform's Deployments that are services."""
        return _items(self._apps.list_namespaced_deployment, self.namespace, label_selector=f"{_OURS},{KIND_LABEL}")

    def deployment(self, name: str) -> Object | None:
        """Return the Deployment of this name, whoever's it is; None when there is none."""
        try:
            return _one(self._apps.read_namespaced_deployment, name, self.namespace)
        except NotFoundError:
            return None

    def replica_sets(self, service: str | None = None) -> list[Object]:
        """Return the ReplicaSets of one service, or of all."""
        return _items(self._apps.list_namespaced_replica_set, self.namespace, label_selector=_selector(service))

    def pods(self, service: str) -> list[Object]:
        """Return the pods of one service."""
        return _items(self._core.list_namespaced_pod, self.namespace, label_selector=_selector(service))

    def events(self) -> list[Object]:
        """Return what Kubernetes noted in the namespace lately."""
        return _items(self._core.list_namespaced_event, self.namespace, limit=1_000)

    def create(self, body: Object) -> None:
        """Create a Deployment; ConflictError when the name is taken."""
        _one(self._apps.create_namespaced_deployment, self.namespace, body)

    def patch(self, name: str, body: Object | Sequence[Object]) -> None:
        """Change a Deployment: by a list of JSON Patch's operations, or by a part that is merged."""
        _one(self._apps.patch_namespaced_deployment, name, self.namespace, body)

    def scale(self, name: str, replicas: int) -> None:
        """Set the number of replicas of a Deployment."""
        _one(self._apps.patch_namespaced_deployment_scale, name, self.namespace, {"spec": {"replicas": replicas}})

    def delete(self, name: str) -> None:
        """Delete a Deployment with what it made."""
        _one(self._apps.delete_namespaced_deployment, name, self.namespace, propagation_policy="Background")

    def secret(self, name: str) -> dict[str, str]:
        """Return a Secret's entries, in base64."""
        return dict(_one(self._core.read_namespaced_secret, name, self.namespace).get("data") or {})

    def add_to_secret(self, name: str, entries: dict[str, str]) -> None:
        """Put entries into a Secret that is there, in clear; others stay."""
        _one(self._core.patch_namespaced_secret, name, self.namespace, {"stringData": entries})

    def close(self) -> None:
        """Close the connections."""
        self._api.close()  # type: ignore[no-untyped-call]


def open_calls(namespace: str | None) -> KubernetesCalls:
    """Return the calls to the cluster that the pod runs in or, outside of one, that KUBECONFIG names."""
    settings = client.Configuration()
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ:
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        else:
            config.load_kube_config(client_configuration=settings)  # type: ignore[no-untyped-call]
    except config.ConfigException as error:
        raise ConfigurationError(f"no Kubernetes cluster is known: {error}") from None
    return KubernetesCalls(namespace or _own_namespace(), client.ApiClient(settings))


def _own_namespace() -> str:
    try:
        return _NAMESPACE_FILE.read_text().strip()
    except OSError:
        raise ConfigurationError(
            "HOWDAH_CLUSTER_NAMESPACE: is needed outside of a pod: the platform's namespace"
        ) from None


def _selector(service: str | None) -> str:
    return f"{_OURS},{SERVICE_LABEL}={service}" if service else _OURS


def _items(call: Callable[..., Any], *arguments: Any, **options: Any) -> list[Object]:  # noqa: ANN401 - the client's
    return list(_one(call, *arguments, **options).get("items") or ())


def _one(call: Callable[..., Any], *arguments: Any, **options: Any) -> Object:  # noqa: ANN401 - the client's
    try:
        answer = call(*arguments, **options, _preload_content=False, _request_timeout=_TIMEOUT_SECONDS)
    except ApiException as error:
        raise _problem(error) from error
    except HTTPError as error:  # urllib3's root: refused, timed out, broken
        raise UnavailableError(
            f"Kubernetes does not answer ({type(error).__name__}).", headers={"Retry-After": "2"}
        ) from error
    return dict(json.loads(answer.data))


def _problem(error: ApiException) -> ProblemError:
    try:
        said = str(json.loads(error.body or "{}").get("message", ""))[:2_000]
    except ValueError:
        said = ""
    match error.status:
        case 404:
            return NotFoundError(said or "There is no such object.")
        case 409:
            return ConflictError(said or "Somebody else was faster.")
        case 400 | 422:
            return InvalidRequestError(f"Kubernetes refused it: {said}")
        case 403:
            return UnavailableError(f"Kubernetes does not let the API server do this: {said}")
        case _:
            return UnavailableError(f"Kubernetes answered {error.status}: {said}")
