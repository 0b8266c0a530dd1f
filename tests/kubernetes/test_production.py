"""The production overlay, strictly validated by a real API server: unknown fields and wrong values are refused.

``HOWDAH_CRDS`` may name a folder with the operators' CustomResourceDefinitions, made by
``scripts/operator_definitions.py``; their objects are validated too then.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from howdah.contracts.ids import new_id
from tests.fixtures.kubernetes import ControlPlaneDaemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PRODUCTION: Final = Path(__file__).parents[2] / "deploy/k8s/overlays/production"
BUILT_IN: Final = frozenset({"v1", "apps/v1", "batch/v1", "policy/v1"})


class Kubectl:
    """kubectl on one API server."""

    def __init__(self, kubeconfig: Path) -> None:
        self._command = ["kubectl", "--kubeconfig", str(kubeconfig)]

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            [*self._command, *arguments], input=stdin, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-3_000:]
        return done.stdout


@pytest.fixture(scope="module")
def kubectl(kubernetes_control_plane: ControlPlaneDaemon) -> Kubectl:
    return Kubectl(kubernetes_control_plane.kubeconfig)


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    name = f"dry-run-{new_id()[-12:]}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/warn=restricted")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def objects(namespace: str) -> list[dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", PRODUCTION], capture_output=True, text=True, check=True, timeout=60)
    text = done.stdout.replace("namespace: howdah\n", f"namespace: {namespace}\n")
    return [one for one in yaml.safe_load_all(text) if one["kind"] != "Namespace"]


def is_built_in(one: dict[str, Any]) -> bool:
    version = str(one["apiVersion"])
    return version in BUILT_IN or version.partition("/")[0].endswith(".k8s.io")


def validate(kubectl: Kubectl, some: list[dict[str, Any]]) -> None:
    said = kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump_all(some))
    assert said.count("(server dry run)") == len(some)


def test_what_kubernetes_itself_defines_is_valid(kubectl: Kubectl, namespace: str) -> None:
    own = [one for one in objects(namespace) if is_built_in(one)]
    assert {"Deployment", "Job", "Ingress", "NetworkPolicy", "PodDisruptionBudget"} <= {one["kind"] for one in own}
    validate(kubectl, own)


def test_what_operators_define_is_valid(kubectl: Kubectl, namespace: str) -> None:
    folder = os.environ.get("HOWDAH_CRDS")
    if not folder:
        pytest.skip("HOWDAH_CRDS names no folder with the operators' definitions")
    for path in sorted(Path(folder).rglob("*.y*ml")):
        kubectl("apply", "--server-side", "--force-conflicts", "-f", str(path))
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    defined = set(kubectl("get", "crd", "-o", "jsonpath={.items[*].spec.names.kind}").split())
    theirs = [one for one in objects(namespace) if not is_built_in(one)]
    assert {one["kind"] for one in theirs} <= defined
    validate(kubectl, theirs)


def test_a_field_that_does_not_exist_is_refused(kubectl: Kubectl, namespace: str) -> None:
    deployment = next(one for one in objects(namespace) if one["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(AssertionError, match="readinesProbe"):
        validate(kubectl, [deployment])
