"""``howdah new-task`` makes a package that is whole, for every name that it takes, and touches nothing else."""

import ast
from pathlib import Path

import pytest
import yaml

from howdah.cli.commands.new_task import new_task
from howdah.cli.errors import CliError
from howdah.contracts.plain_yaml import read_one
from howdah.contracts.services import ServiceDeployment
from howdah.contracts.task_types import TaskTypeDescription
from howdah.contracts.workflows import WorkflowDefinition


@pytest.mark.parametrize("name", ["word-count", "a", "x1-2-3"])
def test_what_it_makes_is_whole(tmp_path: Path, name: str) -> None:
    folder, package = tmp_path / "made", name.replace("-", "_")
    new_task(name, folder)
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text())
    assert {path.name for path in (folder / package).iterdir()} == {
        "__init__.py",
        "__main__.py",
        "handler.py",
        "settings.py",
    }
    TaskTypeDescription.model_validate(yaml.safe_load((folder / "task-type.yaml").read_text()))
    deployment = ServiceDeployment.model_validate(yaml.safe_load((folder / "service.yaml").read_text()))
    assert (deployment.task_type, deployment.module, deployment.directory) == (name, package, str(folder))
    experiment = yaml.safe_load((folder / "experiment.yaml").read_text())
    assert {task["type"] for task in experiment["tasks"]} == {name}
    workflow = read_one((folder / "workflow.yaml").read_text())
    definition = WorkflowDefinition.model_validate(workflow)
    assert definition.name == f"{name}-flow"
    assert not [path for path in folder.rglob("*") if path.is_file() and "${name}" in path.read_text()]


@pytest.mark.parametrize("name", ["Word", "word_count", "-x", "x" * 51, "../x", ""])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CliError, match="is no name of a task type"):
        new_task(name, tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("name", "words"), [("command", "platform's own"), ("class", "can't be called"), ("howdah", "can't be called")]
)
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(CliError, match=words):
        new_task(name, tmp_path / "made")


def test_nothing_that_is_there_is_touched(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(CliError, match="is there already"):
        new_task("word-count", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
