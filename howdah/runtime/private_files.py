"""Files that only their owner can read, replaced in one step: there is never half of one."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write ``path`` with mode 0600, replacing what is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
