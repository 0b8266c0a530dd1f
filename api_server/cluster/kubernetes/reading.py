"""What Kubernetes says, in the platform's words. Pure: objects in, words out."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from api_server.cluster.kubernetes import words
from api_server.cluster.kubernetes.words import Object
from howdah.contracts.services import (
    MAX_EVENTS,
    InstanceState,
    ServiceDeployment,
    ServiceEvent,
    ServiceInstance,
    ServiceKind,
    ServiceStatus,
)

_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
_ENDED: Final = frozenset({"Failed", "Succeeded"})


def status(deployment: Object, replica_sets: Sequence[Object]) -> ServiceStatus:
    """Describe a service by its Deployment and the ReplicaSets of all services."""
    name, spec, now = words.named(deployment), deployment["spec"], deployment.get("status") or {}
    wanted = int(spec.get("replicas", 1))
    # What the controller has not seen yet, it has not counted either.
    seen = int(now.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation") or 0)
    ready = int(now.get("readyReplicas") or 0)
    return ServiceStatus(
        name=name,
        kind=ServiceKind(words.label(deployment, words.KIND_LABEL)),
        replicas=wanted,
        ready=ready,
        up_to_date=int(now.get("updatedReplicas") or 0) if seen else 0,
        release=_release(deployment),
        revision=words.annotation(deployment, words.REVISION_ANNOTATION),
        can_roll_back=earlier(deployment, replica_sets) is not None,
        deployment=deployed_as(deployment),
        trouble=None if ready >= wanted and seen else _trouble(deployment, ready, wanted),
    )


def earlier(deployment: Object, replica_sets: Sequence[Object]) -> Object | None:
    """Return the ReplicaSet of the latest revision that runs another program than the present one."""
    present = program(deployment["spec"]["template"])
    others = [
        one
        for one in replica_sets
        if words.owner(one) == words.named(deployment) and program(one["spec"]["template"]) != present
    ]
    return max(others, key=revision_number, default=None)


def program(template: Object) -> Object:
    """Return what of a pod's template makes it another revision: not when it was restarted, not its hash."""
    metadata = template.get("metadata") or {}
    labels, annotations = dict(metadata.get("labels") or {}), dict(metadata.get("annotations") or {})
    labels.pop(words.HASH_LABEL, None)
    annotations.pop(words.RESTARTED_ANNOTATION, None)
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": template["spec"]}


def revision_number(one: Object) -> int:
    """Return which revision a ReplicaSet or Deployment is of."""
    return int(words.annotation(one, words.REVISION_ANNOTATION) or 0)


def deployed_as(deployment: Object) -> ServiceDeployment | None:
    """Return what a custom service was deployed as, with the present number of instances."""
    text = words.annotation(deployment["spec"]["template"], words.DEPLOYMENT_ANNOTATION)
    try:
        wanted = ServiceDeployment.model_validate_json(text) if text else None
    except ValidationError:  # written by another version, or by hand: it runs all the same
        return None
    return wanted.model_copy(update={"replicas": int(deployment["spec"].get("replicas", 1))}) if wanted else None


def instance(pod: Object, revisions: dict[str, str]) -> ServiceInstance:
    """Describe a pod; ``revisions`` says which ReplicaSet is of which revision."""
    now = pod.get("status") or {}
    containers = now.get("containerStatuses") or []
    state = _state(pod)
    return ServiceInstance(
        name=words.named(pod),
        state=state,
        since=_since(pod),
        restarts=sum(int(one.get("restartCount") or 0) for one in containers),
        trouble=None if state is InstanceState.READY else _pod_trouble(now, containers),
        revision=revisions.get(words.owner(pod), ""),
        where=str(pod["spec"].get("nodeName") or ""),
    )


def events(
    said: Sequence[Object], deployment: Object, replica_sets: Sequence[Object], pods: Sequence[Object]
) -> tuple[ServiceEvent, ...]:
    """Return the events about one service, the latest first; those about pods that are gone too."""
    sets = {words.named(one) for one in replica_sets if words.owner(one) == words.named(deployment)}
    known = {words.named(one) for one in pods}
    found = []
    for one in said:
        about = one.get("involvedObject") or {}
        kind, name = about.get("kind"), str(about.get("name") or "")
        ours = (
            (kind == "Deployment" and name == words.named(deployment))
            or (kind == "ReplicaSet" and name in sets)
            or (kind == "Pod" and (name in known or name.rpartition("-")[0] in sets))
        )
        if ours:
            found.append(_event(one, name))
    return tuple(sorted(found, key=lambda one: one.at, reverse=True)[:MAX_EVENTS])


def _event(one: Object, about: str) -> ServiceEvent:
    series = one.get("series") or {}
    stamps = (
        series.get("lastObservedTime"),
        one.get("lastTimestamp"),
        one.get("eventTime"),
        one["metadata"].get("creationTimestamp"),
    )
    return ServiceEvent(
        at=next((_instant(stamp) for stamp in stamps if stamp), _LONG_AGO),
        about=about,
        reason=str(one.get("reason") or ""),
        message=str(one.get("message") or ""),
        warning=one.get("type") == "Warning",
        count=max(1, int(series.get("count") or one.get("count") or 1)),
    )


def _state(pod: Object) -> InstanceState:
    now = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp") or now.get("phase") in _ENDED:
        return InstanceState.STOPPING
    if _condition(now, "Ready").get("status") == "True":
        return InstanceState.READY
    running = any("running" in (one.get("state") or {}) for one in now.get("containerStatuses") or [])
    starting = running or _condition(now, "PodScheduled").get("status") == "True"
    backing_off = any(_waiting(one).get("reason") == "CrashLoopBackOff" for one in now.get("containerStatuses") or [])
    return InstanceState.STARTING if starting and not backing_off else InstanceState.WAITING


def _pod_trouble(now: Object, containers: Sequence[Object]) -> str | None:
    every = [*(now.get("initContainerStatuses") or []), *containers]
    for waiting in map(_waiting, every):
        if waiting.get("reason") not in {None, "PodInitializing", "ContainerCreating"}:
            return f"{waiting['reason']}: {waiting.get('message') or 'no more is said'}"
    for which in ("PodScheduled", "Ready"):
        condition = _condition(now, which)
        if condition.get("status") == "False" and condition.get("message"):
            return str(condition["message"])
    return str(now["message"]) if now.get("message") else None


def _waiting(container: Object) -> Object:
    return dict((container.get("state") or {}).get("waiting") or {})


def _condition(now: Object, which: str) -> Object:
    return next((dict(one) for one in now.get("conditions") or () if one.get("type") == which), {})


def _since(pod: Object) -> datetime | None:
    now = pod.get("status") or {}
    stamp = (
        pod["metadata"].get("deletionTimestamp")
        or _condition(now, "Ready").get("lastTransitionTime")
        or pod["metadata"].get("creationTimestamp")
    )
    return _instant(stamp) if stamp else None


def _trouble(deployment: Object, ready: int, wanted: int) -> str:
    conditions = (deployment.get("status") or {}).get("conditions") or ()
    bad: list[Any] = [
        one.get("message")
        for one in conditions
        if one.get("message") and (one.get("type") == "ReplicaFailure" or one.get("status") == "False")
    ]
    return "; ".join([f"{ready} of {wanted} instances are ready", *map(str, bad)])


def _release(deployment: Object) -> str:
    version = words.label(deployment["spec"]["template"], "app.kubernetes.io/version")
    image = str(deployment["spec"]["template"]["spec"]["containers"][0].get("image") or "")
    name, _, tag = image.rpartition(":")
    return version or (tag if name and "/" not in tag else image)


def _instant(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def replaced(template: Object) -> list[Object]:
    """Return the JSON Patch that puts ``template`` in the place of a Deployment's."""
    return [{"op": "replace", "path": "/spec/template", "value": json.loads(json.dumps(program(template)))}]
