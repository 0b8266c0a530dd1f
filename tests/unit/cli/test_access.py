from pathlib import Path

import pytest

from howdah.cli.access import Access, resolve
from howdah.cli.errors import CliError


def _local(folder: Path, text: str = '{"api_url": "http://127.0.0.1:9", "token": "local"}') -> Path:
    directory = folder / ".howdah"
    directory.mkdir(parents=True)
    (directory / "client.json").write_text(text)
    return directory


def test_options_win_over_the_environment_and_the_local_stack(tmp_path: Path) -> None:
    _local(tmp_path)
    environment = {"HOWDAH_API_URL": "http://b", "HOWDAH_TOKEN": "env"}
    assert resolve("http://a", "opt", start=tmp_path, environment=environment) == Access("http://a", "opt")
    assert resolve(None, None, start=tmp_path, environment=environment) == Access("http://b", "env")


def test_the_local_stack_is_found_from_below(tmp_path: Path) -> None:
    _local(tmp_path)
    assert resolve(None, None, start=tmp_path / "a" / "b", environment={}).token == "local"


def test_the_directory_can_be_named(tmp_path: Path) -> None:
    directory = _local(tmp_path / "elsewhere")
    assert resolve(None, None, start=Path("/"), environment={"HOWDAH_DIR": str(directory)}).token == "local"


def test_the_local_token_is_never_sent_elsewhere(tmp_path: Path) -> None:
    _local(tmp_path)
    with pytest.raises(CliError, match="no token for http://evil"):
        resolve("http://evil", None, start=tmp_path, environment={})


def test_without_any_the_next_step_is_told(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="start one with 'howdah up'"):
        resolve(None, None, start=tmp_path, environment={})


def test_a_damaged_file_is_told_and_its_content_is_not(tmp_path: Path) -> None:
    _local(tmp_path, '{"token": "geheim"')
    with pytest.raises(CliError, match="is damaged") as caught:
        resolve(None, None, start=tmp_path, environment={})
    assert "geheim" not in str(caught.value)


def test_the_token_is_not_in_its_repr() -> None:
    assert "geheim" not in repr(Access("http://a", "geheim"))
