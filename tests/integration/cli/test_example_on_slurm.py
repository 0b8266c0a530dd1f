"""The example on a real Slurm behind a real sshd, as the README tells it: apply, one command, outputs."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fixtures.platform import Platform
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

EXAMPLE = Path(__file__).parents[3] / "examples" / "gray-scott"
STEPS = 300


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with Platform(tmp_path / "stack") as platform:
        yield platform


def _filled_in(path: Path, sshd: SshServer, slurm: SlurmCluster) -> None:
    """Do what the file asks its reader to do."""
    credential, resource, *others = yaml.safe_load_all(path.read_text())
    credential["private_key_file"] = str(sshd.directory / "user_key")
    resource |= {
        "host": "127.0.0.1",
        "port": sshd.port,
        "username": sshd.user,
        "host_keys": [sshd.host_key_line],
        "scratch": str(sshd.work_root),
        "environment": slurm.environment,
    }
    path.write_text(yaml.safe_dump_all([credential, resource, *others]))


def test_the_example_runs_on_slurm_with_one_command(
    platform: Platform, sshd: SshServer, slurm: SlurmCluster, tmp_path: Path
) -> None:
    folder = tmp_path / "gray-scott"
    shutil.copytree(EXAMPLE, folder)
    _filled_in(folder / "catalogue-slurm.yaml", sshd, slurm)
    experiment = folder / "experiment-slurm.yaml"
    experiment.write_text(experiment.read_text().replace("steps: 1200", f"steps: {STEPS}"))
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

    before = len(slurm.completed_jobs())
    howdah("apply", "-f", "catalogue.yaml", "-f", "catalogue-slurm.yaml")
    watched = howdah("experiments", "create", "-f", "experiment-slurm.yaml", "--watch")
    assert watched.rstrip().endswith("is COMPLETED")
    assert "job-monitoring" in watched
    howdah("experiments", "outputs", "corals on Slurm", "--download", "results")

    (job,) = slurm.completed_jobs()[before:]
    assert job.state == "COMPLETED"
    with (folder / "results" / "history.csv").open(newline="") as table:
        assert int(list(csv.DictReader(table))[-1]["step"]) == STEPS
    assert (folder / "results" / "pattern.png").read_bytes().startswith(b"\x89PNG")
    assert "Corals on Slurm" in (folder / "results" / "stdout.txt").read_text()
