"""The two control planes under one suite: the local stack's real supervisor, and Kubernetes' real API server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.cluster.harness import KubernetesHarness, LocalHarness, PlaneHarness
from tests.fixtures.kubernetes import ControlPlaneDaemon, is_to_be_had


@pytest.fixture(params=["local", "kubernetes"] if is_to_be_had() else ["local"])
def plane(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PlaneHarness]:
    if request.param == "local":
        harness: PlaneHarness = LocalHarness(tmp_path)
    else:
        daemon: ControlPlaneDaemon = request.getfixturevalue("kubernetes_control_plane")
        harness = KubernetesHarness(daemon.kubeconfig)
    with harness:
        yield harness
