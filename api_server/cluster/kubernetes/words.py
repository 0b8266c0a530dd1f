"""Labels, annotations and names that the manifests in ``deploy/k8s`` and the backend share."""

from typing import Any, Final

Object = dict[str, Any]
"""An object of Kubernetes, as its API answers it in JSON."""

PLATFORM_LABEL: Final = "app.kubernetes.io/part-of"
PLATFORM: Final = "howdah"
SERVICE_LABEL: Final = "app.kubernetes.io/name"
KIND_LABEL: Final = "howdah.dev/kind"
USES_KAFKA_LABEL: Final = "howdah.dev/uses-kafka"
"""A network policy lets pods with this label reach Kafka."""
DEPLOYMENT_ANNOTATION: Final = "howdah.dev/deployment"
"""On a custom service's pods: what it was deployed as, in JSON. It tells revisions apart."""
RESTARTED_ANNOTATION: Final = "howdah.dev/restarted-at"
REVISION_ANNOTATION: Final = "deployment.kubernetes.io/revision"
HASH_LABEL: Final = "pod-template-hash"

ENVIRONMENT: Final = "howdah-environment"
"""The ConfigMap that every process reads."""
KAFKA_SECRET: Final = "howdah-kafka"  # noqa: S105 - a name
"""The Secret with options for Kafka (TLS, SASL); there may be none."""
KAFKA_CA_SECRET: Final = "kafka-cluster-ca-cert"  # noqa: S105 - a name
KAFKA_TLS_SECRET: Final = "howdah-kafka-tls"  # noqa: S105 - a name
"""The certificate that a client shows to Kafka; there may be none."""
SERVICES_SECRET: Final = "howdah-services"  # noqa: S105 - a name
SERVICE_TOKEN: Final = "service-token"  # noqa: S105 - a name
TASK_SERVICE_ACCOUNT: Final = "howdah-task-service"

HEALTH_PORT: Final = 8701
GRACE_SECONDS: Final = 60
"""From SIGTERM to SIGKILL: more than preStop and drain together."""
PRE_STOP_SECONDS: Final = 3


def named(one: Object) -> str:
    """Return the object's name."""
    return str(one["metadata"]["name"])


def label(one: Object, name: str) -> str:
    """Return a label of the object; empty when it has none of that name."""
    return str((one["metadata"].get("labels") or {}).get(name, ""))


def annotation(one: Object, name: str) -> str:
    """Return an annotation of the object; empty when it has none of that name."""
    return str((one["metadata"].get("annotations") or {}).get(name, ""))


def owner(one: Object) -> str:
    """Return the name of the object that made it; empty when nobody did."""
    return next((str(each["name"]) for each in one["metadata"].get("ownerReferences") or ()), "")
