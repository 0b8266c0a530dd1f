"""The look at a part of a file, on this machine."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from howdah.compute.abstract import UNBOUNDED
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.looks import FilePart
from howdah.tasks.api import Grant
from howdah.tasks.context import SecretOf
from howdah.tasks.files import Chunks
from howdah.tasks.looks import Look
from howdah.tasks.testing import NoExchange, local_target
from services.resource_look.file_part import look_at_file

TARGET = "howdah://objects/gateway/live/file/look"
CONTENT = bytes(range(256)) * 8


def look_at(folder: Path, start: int, limit: int = 1_000, **more: Any) -> tuple[FilePart, bytes]:  # noqa: ANN401
    kept: dict[str, bytes] = {}
    target, reach = local_target(folder), PooledReach()
    params = {"work_dir": str(folder), "path": "out.bin", "start": start, "limit": limit, "target": TARGET, **more}
    secret = SecretOf(NoExchange(), None, Grant("x"))

    def store(uri: str, chunks: Chunks, size: int) -> None:
        kept[uri] = b"".join(chunks())
        assert len(kept[uri]) == size

    try:
        part = look_at_file(Look(target, secret, UNBOUNDED, params, lambda: reach, store))
    finally:
        reach.close()
    return part, kept.get(TARGET, b"")


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        (0, 10, CONTENT[:10]),
        (5, 100, CONTENT[5:105]),
        (2_000, 1_000, CONTENT[2_000:]),
        (len(CONTENT), 10, b""),
        (-7, 1_000, CONTENT[-7:]),
        (-9_999, 20, CONTENT[:20]),
    ],
)
def test_the_wanted_bytes_are_brought_and_no_others(tmp_path: Path, start: int, limit: int, expected: bytes) -> None:
    (tmp_path / "out.bin").write_bytes(CONTENT)
    part, kept = look_at(tmp_path, start, limit)
    assert (part.present, part.continued, part.size_bytes, kept) == (True, True, len(CONTENT), expected)
    assert part.length == len(expected)


def test_a_part_goes_on_only_where_the_bytes_before_it_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "out.bin").write_bytes(CONTENT)
    first, _ = look_at(tmp_path, 0, 100)
    check = {"checked_bytes": first.checked_bytes, "checked_sha256": first.checked_sha256}
    assert first.checked_sha256 == hashlib.sha256(CONTENT[36:100]).hexdigest()
    following, kept = look_at(tmp_path, 100, 50, **check)
    assert (following.continued, kept) == (True, CONTENT[100:150])
    (tmp_path / "out.bin").write_bytes(b"y" * 5_000)
    other, kept = look_at(tmp_path, 100, 50, **check)
    assert (other.continued, other.length, kept) == (False, 0, b"")


def test_a_file_that_shrank_began_anew(tmp_path: Path) -> None:
    (tmp_path / "out.bin").write_bytes(b"short")
    assert not look_at(tmp_path, 100)[0].continued


def test_no_file_is_an_answer_and_no_regular_file_a_failure(tmp_path: Path) -> None:
    assert not look_at(tmp_path, 0)[0].present
    (tmp_path / "out.bin").mkdir()
    with pytest.raises(TaskError, match="not a regular file"):
        look_at(tmp_path, 0)
