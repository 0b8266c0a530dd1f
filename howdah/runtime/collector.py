"""Python's garbage collector, set for a process that serves: it must not stop everything to look at its own modules.

A full collection goes through all that lives, and of a hundred thousand objects nearly all are classes and functions
that were there from the start: 60 to 280 ms in which nothing else runs, several times a minute under load.
"""

import gc
from typing import Final

_YOUNG: Final = 5_000
"""So many new containers make a collection of the youngest generation due; Python's 700 are a millisecond of work."""


def leave_alone_what_is_here() -> None:
    """Take all that lives now out of every later collection. Call it once, when the process is ready to serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
