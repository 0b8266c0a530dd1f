"""Folders for Unix sockets: private, and short enough for the 107 bytes that a socket's path may have."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from howdah.local.errors import LocalStackError

_LONGEST_FOLDER = 85
"""Leaves room for a socket's own name, PostgreSQL's ``.s.PGSQL.5432.lock`` included."""


def short_folder(beside: Path) -> Path:
    """Return a private folder, made when missing, that belongs to the path ``beside``: always the same one.

    It is ``<beside>.sock`` where that is short enough, else a folder in the system's temporary directory.
    """
    folder = beside.with_name(beside.name + ".sock")
    if len(os.fsencode(folder)) > _LONGEST_FOLDER:
        digest = hashlib.sha256(os.fsencode(beside.absolute())).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"howdah-{os.geteuid()}-{digest}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_strangers(folder)
    return folder


def _refuse_strangers(folder: Path) -> None:
    """Refuse a folder that somebody else prepared: whoever owns it could listen in our place."""
    found = folder.lstat()
    private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
    if not private or (os.geteuid() not in {0, found.st_uid}):
        raise LocalStackError(f"{folder} is not a private folder of this user; remove it")
