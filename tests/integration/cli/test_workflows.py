"""Workflows by the command line, on the whole local stack: deployed, run, answered, called back over HTTP."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from howdah.cli.access import DIRECTORY_VARIABLE
from howdah.client import Client
from howdah.contracts.states import ExperimentState, TaskState
from tests.fixtures.up import Up
from tests.fixtures.waiting import holds_within

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "workflow.yaml"
CALLS_BACK = """
name: calls-back
nodes:
  build:
    kind: task
    type: command
    resource: sandbox
    inputs: {argv: [python3, -c, CODE]}
    callback: {deadline_seconds: 120, outputs: [{name: image, type: string}]}
  use: {kind: task, type: command, resource: sandbox, inputs: {argv: [echo, "${nodes.build.outputs.image}"]}}
outputs: {used: "${nodes.use.outputs.stdout}"}
"""
FILES = {"program": "gray_scott.py", "seeds": "seeds.csv"}
CODE = """
import json, os, urllib.request
body = json.dumps({"port": "success", "outputs": {"image": "x:1"}}).encode()
told = {"Authorization": "Bearer " + os.environ["HOWDAH_CALLBACK_TOKEN"], "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(os.environ["HOWDAH_CALLBACK_URL"], body, told))
"""


@pytest.fixture
def client(stack: Up) -> Iterator[Client]:
    with stack.client() as client:
        yield client


def howdah(stack: Up, *words: str, status: int = 0) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "howdah"), *words],
        env={"PATH": "/usr/bin:/bin", DIRECTORY_VARIABLE: str(stack.directory)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def outputs(client: Client, experiment_id: str, task: str = "@outputs") -> dict[str, object]:
    found = next(one for one in client.experiments.tasks(experiment_id) if one.name == task)
    return dict(found.outputs or {})


def ended(client: Client, experiment_id: str) -> ExperimentState:
    def over() -> bool:
        return client.experiments.get(experiment_id).state in {
            ExperimentState.COMPLETED,
            ExperimentState.FAILED,
            ExperimentState.CANCELED,
        }

    assert holds_within(over, 60), [(one.name, one.state) for one in client.experiments.tasks(experiment_id)]
    return client.experiments.get(experiment_id).state


def test_the_example_workflow_is_deployed_run_and_answered(stack: Up, client: Client, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(EXAMPLE.read_text().replace("${item}", "${itme}"))
    assert "nodes.count.inputs.argv.4" in howdah(stack, "workflows", "check", "-f", str(wrong), status=1)
    assert "version 1" in howdah(stack, "workflows", "deploy", "-f", str(EXAMPLE))
    assert "nothing has changed" in howdah(stack, "workflows", "deploy", "-f", str(EXAMPLE))
    texts = json.dumps(["one", "two words", "these are three"])
    launched = json.loads(howdah(stack, "workflows", "run", "count-words", "-p", f"texts={texts}", "--json"))

    def asked() -> bool:
        tasks = {one.name: one.state for one in client.experiments.tasks(launched["id"])}
        return tasks["review"] == TaskState.EXECUTING

    assert holds_within(asked, 60), [(one.name, one.state) for one in client.experiments.tasks(launched["id"])]
    howdah(stack, "workflows", "answer", launched["id"], "review", "approved", "--comment", "fine")
    assert ended(client, launched["id"]) is ExperimentState.COMPLETED
    assert str(outputs(client, launched["id"])["told"]).strip() == "at most 3"


def test_a_command_that_only_starts_something_is_ended_by_its_callback(
    stack: Up, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "calls-back.yaml"
    file.write_text(CALLS_BACK.replace("CODE", json.dumps(CODE)))
    howdah(stack, "workflows", "deploy", "-f", str(file))
    launched = json.loads(howdah(stack, "workflows", "run", "calls-back", "--json"))
    assert ended(client, launched["id"]) is ExperimentState.COMPLETED
    assert outputs(client, launched["id"])["used"] == "x:1\n"
    shown = json.dumps([dict(one) for one in client.experiments.tasks(launched["id"])], default=str)
    assert "eyJ" not in shown, "no token is shown with the tasks"


APPLICATION = """
name: patterns
parameters: {program: {type: file}, seeds: {type: file}, feeds: {type: array}}
nodes:
  pattern:
    kind: application
    application: gray-scott
    resource: sandbox
    inputs:
      program: "${parameters.program}"
      seeds: "${parameters.seeds}"
      steps: 20
      size: 32
      feed: "${item}"
      title: "of ${item}"
    for_each: {over: "${parameters.feeds}"}
outputs: {histories: "${nodes.pattern.outputs.history}"}
"""


def test_an_application_runs_for_each_item_and_its_outputs_are_kept(stack: Up, client: Client, tmp_path: Path) -> None:
    howdah(stack, "apply", "-f", str(ROOT / "examples" / "gray-scott" / "catalogue.yaml"))
    file = tmp_path / "patterns.yaml"
    file.write_text(APPLICATION)
    howdah(stack, "workflows", "deploy", "-f", str(file))
    folder = ROOT / "examples" / "gray-scott"
    given = [f"{name}={client.files.upload(folder / path).uri}" for name, path in FILES.items()]
    words = [word for one in (*given, "feeds=[0.0545, 0.04]") for word in ("-p", one)]
    launched = json.loads(howdah(stack, "workflows", "run", "patterns", *words, "--json"))
    assert ended(client, launched["id"]) is ExperimentState.COMPLETED
    found = outputs(client, launched["id"])["histories"]
    assert [str(uri).rsplit("/", 2)[-2] for uri in found] == ["pattern.0", "pattern.1"]  # type: ignore[attr-defined]
