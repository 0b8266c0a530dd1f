"""The attempts that this replica works on: none twice, each reachable by a cancellation and by its deadline."""

import threading
from datetime import datetime

from howdah.contracts.ids import ProcessId, TaskId
from howdah.contracts.messages import RunTask
from howdah.tasks.cancel import CancelToken, StopReason

_Attempt = tuple[TaskId, int]


class InFlight:
    """The book of running attempts; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[_Attempt, tuple[RunTask, CancelToken, frozenset[StopReason]]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def enter(self, command: RunTask, token: CancelToken, stops: frozenset[StopReason]) -> bool:
        """Hold the attempt in the book until ``leave``; False, holding nothing, when it is there already.

        ``stops`` are the reasons that the task listens to.
        """
        attempt = (command.task_id, command.attempt)
        with self._lock:
            if attempt in self._running:
                return False
            self._running[attempt] = (command, token, stops)
            return True

    def leave(self, command: RunTask) -> None:
        """Strike the attempt that ``enter`` took in."""
        with self._lock:
            del self._running[command.task_id, command.attempt]

    def cancel_process(self, process_id: ProcessId) -> None:
        """Stop every attempt of the process."""
        for command, token, stops in self._snapshot():
            if command.process_id == process_id and StopReason.PROCESS_CANCELED in stops:
                token.stop(StopReason.PROCESS_CANCELED)

    def expire(self, now: datetime) -> None:
        """Stop every attempt whose deadline has passed."""
        for command, token, stops in self._snapshot():
            if StopReason.DEADLINE in stops and command.deadline_at <= now:
                token.stop(StopReason.DEADLINE)

    def _snapshot(self) -> list[tuple[RunTask, CancelToken, frozenset[StopReason]]]:
        with self._lock:
            return list(self._running.values())
