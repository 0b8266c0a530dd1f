"""How far a transfer is, told now and then."""

from collections.abc import Callable
from typing import Any, Final

from howdah.runtime.clock import Clock, SystemClock
from howdah.tasks.context import TaskContext

EVERY_SECONDS: Final = 3.0


def telling_progress(
    context: TaskContext[Any], what: str, total_bytes: int | None, clock: Clock | None = None
) -> Callable[[int], None]:
    """Return a function of the bytes moved so far that reports progress every three seconds, so short ones never."""
    clock = clock or SystemClock()
    last = clock.monotonic()

    def moved(so_far: int) -> None:
        nonlocal last
        if clock.monotonic() - last >= EVERY_SECONDS:
            last = clock.monotonic()
            context.progress(what, min(so_far / total_bytes, 1.0) if total_bytes else None)

    return moved
