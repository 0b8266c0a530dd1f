"""Inputs from registered folders: nothing outside of them."""

import os
from pathlib import Path

import pytest

from howdah.contracts.errors import TaskError
from howdah.storage.registered import open_registered


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "a.txt").write_bytes(b"content")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.txt").write_bytes(b"secret")
    (tmp_path / "root" / "folder").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "secret" / "a.txt")
    os.mkfifo(tmp_path / "root" / "pipe")
    return {"data": tmp_path / "root"}


def test_a_file_below_the_root_is_read(roots: dict[str, Path]) -> None:
    with open_registered(roots, "data", "sub/a.txt") as opened:
        assert (opened.size_bytes, b"".join(opened.chunks)) == (7, b"content")


@pytest.mark.parametrize("path", ["link", "folder/a.txt", "../secret/a.txt", "pipe", "sub", "missing"])
def test_links_and_what_is_no_file_are_refused(roots: dict[str, Path], path: str) -> None:
    with pytest.raises(TaskError), open_registered(roots, "data", path):
        pass


def test_a_folder_that_is_not_registered_is_told_with_those_that_are(roots: dict[str, Path]) -> None:
    with pytest.raises(TaskError, match="registered: data"), open_registered(roots, "etc", "passwd"):
        pass
