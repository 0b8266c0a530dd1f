"""``howdah up`` as a user runs it: from nothing to a finished experiment, through a crash, a stop, a second start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from howdah.contracts.control import ChildState, StackStatus
from howdah.contracts.states import ExperimentState
from howdah.local import status
from tests.fixtures.up import Up

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "stack"
    lock = tmp_path / "stack" / "run" / "supervisor.lock"
    if lock.exists() and psutil.pid_exists(pid := int(lock.read_text().strip() or 0)) and pid:
        process = psutil.Process(pid)
        if str(tmp_path) in " ".join(process.cmdline()):
            process.terminate()
            process.wait(90)


def states(answer: StackStatus) -> dict[str, ChildState]:
    return {child.name: child.state for child in answer.children}


def test_from_nothing_to_a_finished_experiment_and_again_after_crash_stop_and_start(directory: Path) -> None:
    up = Up(directory, "--example")
    up.await_line("Howdah is up.")
    assert any(line.endswith(" is COMPLETED") for line in up.said), "\n".join(up.said)
    known = status(directory)
    assert set(states(known).values()) == {ChildState.READY}
    with up.client() as client:
        (experiment,) = client.experiments.list()
        assert experiment.state is ExperimentState.COMPLETED
        outputs = {output.name: output for output in client.experiments.outputs(experiment.id)}
        assert {"history", "pattern", "stdout"} <= set(outputs)
        picture = client.experiments.download(experiment.id, "pattern", directory / "again.png")
        assert picture.read_bytes().startswith(b"\x89PNG")

    victim = next(child for child in known.children if child.name == "orchestrator")
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    up.await_line("orchestrator is ready again")

    family = up.children()
    assert len(family) >= len(known.children)
    assert up.stop() == 0, "\n".join(up.said)
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]

    second = Up(directory, "--no-example")
    second.await_line("Howdah is up.")
    with second.client() as client:
        assert [one.id for one in client.experiments.list()] == [experiment.id], "data is kept"
        assert client.experiments.get(experiment.id).state is ExperimentState.COMPLETED
    assert status(directory).api_url == known.api_url, "addresses stay"
    refused = subprocess.run(
        [sys.executable, "-m", "howdah.cli", "up", "--dir", str(directory), "--no-example"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "runs in" in refused.stdout
    assert second.stop() == 0, "\n".join(second.said)
