"""How the local stack says what it is doing: one interface, silent by default. Terminal output lives in ``console``."""

from typing import Protocol


class Progress(Protocol):
    """Hears what happens while the stack starts and runs. Called from one thread at a time."""

    def say(self, text: str) -> None:
        """Something happened that a person wants to read: one line."""
        ...

    def fetched(self, name: str, count: int, total: int) -> None:
        """File ``name`` was downloaded and verified; it is number ``count`` of ``total``."""
        ...


class Silent:
    """Says nothing: tests and library use."""

    def say(self, text: str) -> None:
        """Drop the text."""

    def fetched(self, name: str, count: int, total: int) -> None:
        """Drop the news."""
