"""Inputs from registered folders of this machine: nothing outside of them, whatever links say."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from services.input_staging.opened import CHUNK_BYTES, Opened


@contextmanager
def open_registered(roots: dict[str, Path], root: str, path: str) -> Iterator[Opened]:
    """Yield the file ``path`` below the root of this name.

    Each folder on the way is opened by its descriptor, without following a symbolic link: what is checked is what is
    read, also when somebody exchanges a folder meanwhile.
    """
    folder = roots.get(root)
    if folder is None:
        known = ", ".join(sorted(roots)) or "none"
        what = f"names the folder {root!r}, which this machine's operator has not registered (registered: {known})"
        raise _failure(root, path, what)
    with _opened(folder, root, path) as (file, size):
        yield Opened(iter(lambda: file.read(CHUNK_BYTES), b""), size)


@contextmanager
def _opened(folder: Path, root: str, path: str) -> Iterator[tuple[BinaryIO, int]]:
    *folders, name = path.split("/")
    if {"", ".", ".."} & {*folders, name}:
        raise _failure(root, path, "is no path below a folder")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for segment in folders:
            inner = os.open(segment, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        # Non-blocking, so that a pipe of that name holds nobody up.
        file = os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor), "rb")
    except OSError as error:
        raise _failure(root, path, f"can't be opened: {error.strerror} (symbolic links are not followed)") from None
    finally:
        os.close(descriptor)
    with file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _failure(root, path, "is no regular file")
        yield file, found.st_size


def _failure(root: str, path: str, what: str) -> TaskError:
    return TaskError.of(FailureKind.PERMANENT, f"The input {root}:{path} {what}.", operation="read the input")
