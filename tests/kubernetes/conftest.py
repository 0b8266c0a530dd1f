"""One installation of the dev overlay for all tests of this folder, on the cluster that the run was given."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.docker import images
from tests.fixtures.kubernetes import archives, is_to_be_had, made_cluster
from tests.kubernetes.installation import Installation

collect_ignore_glob = [] if is_to_be_had() else ["test_*.py"]
if os.environ.get("KUBECONFIG") and not os.environ.get("HOWDAH_TEST_RELEASES"):
    collect_ignore_glob = ["test_upgrade.py"]  # it needs the images of two releases


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    if theirs := os.environ.get("KUBECONFIG"):
        yield Path(theirs)
        return
    with images(archives()), made_cluster({}) as run:
        yield run / "kubeconfig"


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Say what a proof has measured: one line of JSON, whatever else is captured."""

    def line(proof: str, **measured: object) -> None:
        with capsys.disabled():
            print(f"\n{json.dumps({'proof': proof, **measured})}", flush=True)  # noqa: T201 - the proof's line

    return line


@pytest.fixture(scope="session")
def platform(kubeconfig: Path) -> Iterator[Installation]:
    """The platform, brought up by one apply; with a pod from which the API is reached through its Service."""
    installation = Installation(kubeconfig)
    installation.apply()
    installation.await_up()
    with installation.client_pod():
        yield installation
