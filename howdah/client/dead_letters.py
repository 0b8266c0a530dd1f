"""Dead letters: messages that could not be handled. Look at them, send them again, or put them away."""

from collections.abc import Iterator

from howdah.client.connection import Connection
from howdah.client.run_models import DeadLetter

_PATH = "/dead-letters"


class DeadLetterCalls:
    """What an operator does with dead letters; needs the scopes operations:read and operations:write."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, state: str | None = None) -> Iterator[DeadLetter]:
        """Yield them, newest first; ``state`` is NEW, REDRIVEN or DISCARDED."""
        return self._connection.pages(_PATH, DeadLetter, {"state": state})

    def get(self, letter_id: str) -> DeadLetter:
        """Return one, with the original message."""
        return self._connection.get(f"{_PATH}/{letter_id}", DeadLetter)

    def redrive(self, letter_id: str) -> DeadLetter:
        """Send the original message again; ConflictError when its task has ended or has a newer attempt."""
        return self._connection.post(f"{_PATH}/{letter_id}/redrive", {}, DeadLetter)

    def discard(self, letter_id: str) -> DeadLetter:
        """Put it away for good; it stays readable."""
        return self._connection.post(f"{_PATH}/{letter_id}/discard", {}, DeadLetter)
