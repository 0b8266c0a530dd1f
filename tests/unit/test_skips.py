"""The account of skips must fail what it is there to fail."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MODULE = """
import pytest

def test_that_runs():
    pass

@pytest.mark.xfail(reason="known")
def test_that_is_expected_to_fail():
    assert False

@pytest.mark.parametrize("harness", ["mock", "kafka"])
def {name}(harness):
    if harness == "mock":
        pytest.skip("not here")
"""


@pytest.mark.parametrize(("name", "status"), [("test_a_task_topic_grows", 0), ("test_something_else", 1)])
def test_only_a_listed_skip_lets_the_run_pass(tmp_path: Path, name: str, status: int) -> None:
    module = tmp_path / "test_inner.py"
    module.write_text(MODULE.format(name=name))
    command = [sys.executable, "-m", "pytest", "-p", "tests.fixtures.plugins_skips", "--rootdir", str(tmp_path)]
    answer = subprocess.run(
        [*command, "-c", "/dev/null", str(module)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == status, answer.stdout + answer.stderr
    assert ("SKIPPED WITHOUT PERMISSION" in answer.stdout) is bool(status), answer.stdout
