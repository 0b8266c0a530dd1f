"""Registers every fixture plugin of ``tests/fixtures``: each of its files named ``plugins_<what>.py``."""

from pathlib import Path

from hypothesis import settings

settings.register_profile("howdah", deadline=None)  # no test is timed: a busy machine would fail it
settings.load_profile("howdah")

pytest_plugins = [
    f"tests.fixtures.{path.stem}" for path in sorted((Path(__file__).parent / "fixtures").glob("plugins_*.py"))
]
