"""Outputs into registered folders: whole or not at all, and nowhere outside of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from howdah.contracts.errors import TaskError
from howdah.storage.registered import store_registered


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "root" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "kept").write_bytes(b"kept")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside" / "kept")
    (tmp_path / "root" / "taken").mkdir()
    return {"archive": tmp_path / "root"}


def test_a_file_is_written_with_its_folders_and_over_an_older_one(roots: dict[str, Path]) -> None:
    for content in (b"old", b"new"):
        store_registered(roots, "archive", "runs/42/table.csv", [content, b"!"])
        assert (roots["archive"] / "runs" / "42" / "table.csv").read_bytes() == content + b"!"
    assert [one.name for one in (roots["archive"] / "runs" / "42").iterdir()] == ["table.csv"]


def test_what_breaks_off_leaves_the_older_file_and_nothing_beside_it(roots: dict[str, Path]) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise TimeoutError

    store_registered(roots, "archive", "a", [b"whole"])
    with pytest.raises((TaskError, TimeoutError)):
        store_registered(roots, "archive", "a", broken())
    assert (roots["archive"] / "a").read_bytes() == b"whole"
    assert not [one for one in roots["archive"].iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize("path", ["folder/new", "../outside/new", "taken", "a//b", "/etc/new"])
def test_links_and_ways_out_are_refused(roots: dict[str, Path], path: str) -> None:
    with pytest.raises(TaskError):
        store_registered(roots, "archive", path, [b"x"])
    assert [one.name for one in (roots["archive"].parent / "outside").iterdir()] == ["kept"]


def test_a_link_in_the_files_place_is_replaced_not_followed(roots: dict[str, Path]) -> None:
    store_registered(roots, "archive", "link", [b"mine"])
    assert (roots["archive"].parent / "outside" / "kept").read_bytes() == b"kept"
    assert (roots["archive"] / "link").read_bytes() == b"mine"


def test_a_folder_that_is_not_registered_is_told_with_those_that_are(roots: dict[str, Path]) -> None:
    with pytest.raises(TaskError, match=r"not registered for that \(registered: archive\)"):
        store_registered(roots, "etc", "passwd", [b""])
