"""docs/tutorial-own-task.md, literally: every block of commands in its order, in one shell, against a local stack."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from howdah.cli.access import DIRECTORY_VARIABLE
from howdah.contracts.states import ExperimentState, TaskState
from tests.fixtures.up import Up

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[3]
TUTORIAL = ROOT / "docs" / "tutorial-own-task.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_does_what_it_says(stack: Up, tmp_path: Path) -> None:
    blocks = _BLOCK.findall(TUTORIAL.read_text())
    before, after = blocks[:-1], blocks[-1]  # the last takes everything away again
    folder = tmp_path / "word-count"
    said = _run(stack, tmp_path, "\n".join(before))
    assert said.count("refused, as it should be") == 1, said
    assert said.count("the description is out of date") == 1, said
    assert said.count("is COMPLETED") == 3, said
    with stack.client() as client:
        first, last = sorted(client.experiments.list(name="try word-count"), key=lambda one: one.created_at)
        assert {first.state, last.state} == {ExperimentState.COMPLETED}
        tasks = {task.name: task for task in client.experiments.tasks(last.id)}
        assert {task.state for task in tasks.values()} == {TaskState.COMPLETED}
        [flow] = client.experiments.list(name="word-count-flow")
        ended = {task.name: task.outputs for task in client.experiments.tasks(flow.id)}
        assert ended["@outputs"] == {"words": [1, 2, 3], "longest": "counted"}
        # Either release may have done it: the old one ends what it has in hand while the new one starts.
        assert {"words": 9, "longest": "that"}.items() <= (tasks["count"].outputs or {}).items()
        assert {"words": 1, "longest": "that"}.items() <= (tasks["the longest alone"].outputs or {}).items()
        assert [port.name for port in client.task_types.get("word-count").description.outputs] == [
            "words",
            "longest",
            "characters",
        ]
        _run(stack, folder, after)
        assert [one.name for one in client.task_types.list()] == []
        assert "word-count" not in {one.name for one in client.services.list().items}


def _run(stack: Up, folder: Path, script: str) -> str:
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        DIRECTORY_VARIABLE: str(stack.directory),
    }
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
