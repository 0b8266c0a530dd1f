"""The Deployment of a custom task service: the same shape as that of a built-in one in ``deploy/k8s/base``."""

from typing import Any

from api_server.cluster.kubernetes import words
from howdah.contracts.services import ServiceDeployment, ServiceKind


def deployment_object(name: str, wanted: ServiceDeployment) -> words.Object:
    """Return what to create; ``wanted.image`` is there."""
    labels = {words.PLATFORM_LABEL: words.PLATFORM, words.SERVICE_LABEL: name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {**labels, words.KIND_LABEL: ServiceKind.CUSTOM.value}},
        "spec": {
            "replicas": wanted.replicas,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": _template(name, wanted, labels),
        },
    }


def identity(wanted: ServiceDeployment) -> str:
    """Return the text that tells one revision from another: all but the number of instances."""
    return wanted.model_copy(update={"replicas": 1}).model_dump_json()


def _template(name: str, wanted: ServiceDeployment, labels: dict[str, str]) -> words.Object:
    return {
        "metadata": {
            "labels": {
                **labels,
                words.KIND_LABEL: ServiceKind.CUSTOM.value,
                "app.kubernetes.io/component": "task-service",
                words.USES_KAFKA_LABEL: "true",
                "app.kubernetes.io/version": wanted.release,
            },
            "annotations": {words.DEPLOYMENT_ANNOTATION: identity(wanted)},
        },
        "spec": {
            "serviceAccountName": words.TASK_SERVICE_ACCOUNT,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": words.GRACE_SECONDS,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "fsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(name, wanted)],
            "topologySpreadConstraints": [
                _spread(by) for by in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
            ],
            "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}, _kafka_certificates()],
        },
    }


def _container(name: str, wanted: ServiceDeployment) -> dict[str, Any]:
    token = {"name": words.SERVICES_SECRET, "key": words.SERVICE_TOKEN}
    return {
        "name": "service",
        "image": wanted.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", wanted.module],
        "envFrom": [
            {"configMapRef": {"name": words.ENVIRONMENT}},
            {"secretRef": {"name": words.KAFKA_SECRET, "optional": True}},
        ],
        "env": [
            *({"name": variable, "value": value} for variable, value in sorted(wanted.environment.items())),
            {"name": "HOWDAH_SERVICE_NAME", "value": name},
            {"name": "HOWDAH_SERVICE_TOKEN", "valueFrom": {"secretKeyRef": token}},
        ],
        "ports": [{"name": "health", "containerPort": words.HEALTH_PORT}],
        "resources": {
            "requests": {"cpu": "50m", "memory": "96Mi"},
            "limits": {"cpu": f"{wanted.cpu_millicores}m", "memory": f"{wanted.memory_mb}Mi"},
        },
        # Five minutes: on a node that is full, a restart makes it fuller.
        "startupProbe": _probe("/livez", period=2, failures=150),
        "readinessProbe": _probe("/readyz", period=5, failures=2),
        "livenessProbe": _probe("/livez", period=10, failures=6),
        "lifecycle": {"preStop": {"sleep": {"seconds": words.PRE_STOP_SECONDS}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - the pod's own, and its only writable folder
            {"name": "kafka-tls", "mountPath": "/etc/howdah/kafka", "readOnly": True},
        ],
    }


def _spread(topology: str) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": topology,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {words.PLATFORM_LABEL: words.PLATFORM}},
        "matchLabelKeys": [words.SERVICE_LABEL, words.HASH_LABEL],
    }


def _kafka_certificates() -> dict[str, Any]:
    """Return the volume of the certificates for Kafka, empty where there are none."""
    broker = {"name": words.KAFKA_CA_SECRET, "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    ours = {"name": words.KAFKA_TLS_SECRET, "items": [{"key": name, "path": name} for name in ("user.crt", "user.key")]}
    return {
        "name": "kafka-tls",
        "projected": {"sources": [{"secret": {**secret, "optional": True}} for secret in (broker, ours)]},
    }


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "health"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }
