"""Rules of the house that no linter knows: the same that a reviewer would otherwise repeat."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("howdah", "api_server", "services")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
PLATFORM = [
    path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "migrations/versions" not in str(path)
]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PLATFORM, ids=name_of)
def test_no_room_is_too_large_to_be_understood(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_FILE_LINES, "a room is missing: split the file along what it is for"
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    }
    assert long == {}, "name the steps of the long function"


@pytest.mark.parametrize("path", [*(ROOT / "services").glob("*/__main__.py")], ids=name_of)
def test_a_composition_root_fits_on_a_page(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40


def test_every_package_says_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in PLATFORM
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_nobody_but_the_unit_of_work_commits() -> None:
    allowed = {
        "api_server/registry/unit_of_work.py",
        # The relay deletes what the broker acknowledged, and the sweeper publishes under its own short transaction.
        "api_server/registry/outbox.py",
    }
    commits = {
        name_of(path)
        for path in (ROOT / "api_server").rglob("*.py")
        if "migrations" not in path.parts and ".commit()" in path.read_text(encoding="utf-8")
    }
    readers = {name for name in commits if name.startswith("api_server/orchestrator/")}  # Kafka offsets, not SQL
    assert commits - allowed - readers == set()
