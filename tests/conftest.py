"""Registers every fixture plugin of ``tests/fixtures``: each of its files named ``plugins_<what>.py``."""

from pathlib import Path

pytest_plugins = [
    f"tests.fixtures.{path.stem}" for path in sorted((Path(__file__).parent / "fixtures").glob("plugins_*.py"))
]
