"""Keeps the children's logs bounded: a file that grew too large is copied aside and emptied.

Children append (O_APPEND), so they go on writing at the new end; lines written between copy and emptying are lost,
which a log on a developer's machine can bear.
"""

import os
import shutil
from pathlib import Path

MAX_BYTES = 20_000_000


def bound(log: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Rotate ``log`` to ``<log>.1`` when it has more than ``max_bytes``; return whether that was so."""
    try:
        if log.stat().st_size <= max_bytes:
            return False
    except FileNotFoundError:
        return False
    shutil.copyfile(log, log.with_name(log.name + ".1"))
    os.truncate(log, 0)
    return True
