"""The POSIX-sh texts that run on resources. Values come in as quoted variables, never by formatting."""

from functools import cache
from importlib.resources import files


@cache
def text(*names: str) -> str:
    """Return the templates' texts, one after the other, without the comments: they need not travel with each task."""
    return "\n".join(_without_comments(files(__package__).joinpath(name).read_text(encoding="utf-8")) for name in names)


def _without_comments(shell: str) -> str:
    lines = (line for line in shell.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return "\n".join(lines) + "\n"
