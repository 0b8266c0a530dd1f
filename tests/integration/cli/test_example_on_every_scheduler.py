"""The example on every scheduler behind a real sshd, as the README tells it: apply, one command, outputs.

Slurm and plain processes are real, PBS, LSF, Grid Engine and HTCondor emulated (``tests/fixtures/emulators``).
"""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from howdah.contracts.resources import SchedulerKind
from tests.fixtures.batch import BatchSystem
from tests.fixtures.platform import Platform
from tests.fixtures.sshd import SshServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

EXAMPLE = Path(__file__).parents[3] / "examples" / "gray-scott"
STEPS = 300
WITHOUT_QUEUES = {SchedulerKind.FORK, SchedulerKind.HTCONDOR}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("platform") / "stack") as platform:
        yield platform


def _rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    documents = list(yaml.safe_load_all(path.read_text()))
    for document in documents:
        change(document)
    path.write_text(yaml.safe_dump_all(documents))


def _filled_in(folder: Path, sshd: SshServer, system: BatchSystem) -> None:
    """Do what the README asks for: the marked lines. And give the resource a name of its own."""
    name, queueless = f"cluster-{system.kind.value}", system.kind in WITHOUT_QUEUES

    def change(document: dict[str, Any]) -> None:
        match document["kind"]:
            case "Credential":
                document["private_key_file"] = str(sshd.directory / "user_key")
            case "ComputeResource":
                document |= {
                    "name": name,
                    "scheduler": system.kind.value,
                    "host": "127.0.0.1",
                    "port": sshd.port,
                    "username": sshd.user,
                    "host_keys": [sshd.host_key_line],
                    "scratch": str(sshd.work_root),
                    "environment": dict(system.environment),
                    "queues": [] if queueless else document["queues"],
                }
            case "ApplicationDeployment":
                document["resource"] = name
                _without_queue(document["defaults"], queueless=queueless)
            case "Experiment":
                document |= {"resource": name, "name": f"corals on {system.kind.value}"}
                document["inputs"]["steps"] = STEPS
                _without_queue(document["requirements"], queueless=queueless)

    _rewritten(folder / "catalogue-slurm.yaml", change)
    _rewritten(folder / "experiment-slurm.yaml", change)


def _without_queue(requirements: dict[str, Any], *, queueless: bool) -> None:
    if queueless:
        requirements.pop("queue", None)


def test_the_example_runs_with_one_command(
    platform: Platform, sshd: SshServer, batch_system: BatchSystem, tmp_path: Path
) -> None:
    folder = tmp_path / "gray-scott"
    shutil.copytree(EXAMPLE, folder)
    _filled_in(folder, sshd, batch_system)
    catalogue = folder / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text().rpartition("---")[0])  # its last document is the sandbox's deployment

    def howdah(*arguments: str) -> str:
        environment = {**os.environ, "HOWDAH_API_URL": platform.api_url, "HOWDAH_TOKEN": platform.token}
        done = subprocess.run(
            [sys.executable, "-m", "howdah.cli", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    before = batch_system.succeeded()
    howdah("apply", "-f", "catalogue.yaml", "-f", "catalogue-slurm.yaml")
    assert "unchanged" in howdah("apply", "-f", "catalogue-slurm.yaml")
    watched = howdah("experiments", "create", "-f", "experiment-slurm.yaml", "--watch")
    assert watched.rstrip().endswith("is COMPLETED")
    assert "job-monitoring" in watched
    howdah("experiments", "outputs", f"corals on {batch_system.kind.value}", "--download", "results")

    if batch_system.kind is not SchedulerKind.FORK:  # which keeps no record
        assert batch_system.succeeded() == before + 1
    with (folder / "results" / "history.csv").open(newline="") as table:
        assert int(list(csv.DictReader(table))[-1]["step"]) == STEPS
    assert (folder / "results" / "pattern.png").read_bytes().startswith(b"\x89PNG")
    assert "Corals on Slurm" in (folder / "results" / "stdout.txt").read_text()
