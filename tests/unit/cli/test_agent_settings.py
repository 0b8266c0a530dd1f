"""The settings of an agent, as `howdah agent` takes them: private, whole, and for the resource that was meant."""

import json
from pathlib import Path

import pytest

from howdah.cli.commands.agents import read_settings, settings_file
from howdah.cli.errors import CliError

KNOWN = {"HOWDAH_AGENT_RESOURCE": "far cluster", "HOWDAH_AGENT_RESOURCE_ID": "0199e0d4", "HOWDAH_KAFKA_PASSWORD": "x"}


def written(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "agent.json"
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("name", ["far cluster", "0199e0d4"])
def test_the_resource_is_meant_by_its_name_or_id(tmp_path: Path, name: str) -> None:
    assert read_settings(written(tmp_path, json.dumps(KNOWN)), name) == KNOWN


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_secrets_that_others_may_read_are_not_used(tmp_path: Path, mode: int) -> None:
    with pytest.raises(CliError, match="chmod 600"):
        read_settings(written(tmp_path, json.dumps(KNOWN), mode), "far cluster")


@pytest.mark.parametrize("content", ["", "[]", '{"HOWDAH_AGENT_RESOURCE": 7}', "KEY=value"])
def test_what_no_enrolment_wrote_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    with pytest.raises(CliError, match="not what an enrolment wrote"):
        read_settings(written(tmp_path, content), "far cluster")


def test_settings_of_another_resource_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="is for the resource 'far cluster', not for 'near'"):
        read_settings(written(tmp_path, json.dumps(KNOWN)), "near")


def test_a_missing_file_says_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="howdah agents enrol 'far cluster' writes it"):
        read_settings(tmp_path / "missing.json", "far cluster")


def test_the_files_name_is_made_of_plain_characters() -> None:
    assert settings_file("far/../cluster é").name == "howdah-agent-far-..-cluster-.json"
    assert settings_file("far/../cluster é").parent == Path()
