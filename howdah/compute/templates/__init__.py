"""The POSIX-sh texts that run on resources. Values come in as quoted variables, never by formatting."""

from functools import cache
from importlib.resources import files


@cache
def text(*names: str) -> str:
    """Return the templates' texts, one after the other."""
    return "\n".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in names)
