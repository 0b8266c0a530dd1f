"""What ``kubectl kustomize`` makes of a folder below deploy/k8s, as objects."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy" / "k8s"
Object = dict[str, Any]


@cache
def rendered(folder: str) -> tuple[Object, ...]:
    """Return the objects of a kustomization; the standard output of a failing one is shown."""
    command = ["kubectl", "kustomize", str(DEPLOY / folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(one for one in yaml.safe_load_all(done.stdout) if one)


def of_kind(objects: tuple[Object, ...], *kinds: str) -> list[Object]:
    return [one for one in objects if one["kind"] in kinds]


def pods(objects: tuple[Object, ...]) -> dict[str, Object]:
    """Return every pod's template by kind and name of what makes it."""
    makers = of_kind(objects, "Deployment", "StatefulSet", "Job", "DaemonSet", "CronJob")
    return {f"{one['kind']}/{one['metadata']['name']}": one["spec"]["template"] for one in makers}


def containers(template: Object) -> list[Object]:
    return [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]
