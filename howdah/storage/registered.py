"""Registered folders of this machine: files are read and written nowhere outside of them, whatever links say.

Each folder on the way is opened by its descriptor, without following a symbolic link: what is checked is what is used,
also when somebody exchanges a folder meanwhile.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.storage.opened import CHUNK_BYTES, Opened

_READ: Final = "read the input"
_WRITE: Final = "deliver the output"
_NO_LINKS: Final = "symbolic links are not followed"


@contextmanager
def open_registered(roots: Mapping[str, Path], root: str, path: str) -> Iterator[Opened]:
    """Yield the file ``path`` below the root of this name."""
    with _folder_of(roots, root, path, _READ) as (folder, name), _opened(folder, name, root, path) as (file, size):
        yield Opened(iter(lambda: file.read(CHUNK_BYTES), b""), size)


def store_registered(roots: Mapping[str, Path], root: str, path: str, chunks: Iterable[bytes]) -> None:
    """Write the file ``path`` below the root of this name, with the folders on the way; never seen half-written."""
    with _folder_of(roots, root, path, _WRITE) as (folder, name):
        temporary = f".{name[:180]}.howdah-{uuid4().hex}"
        try:
            _write(folder, temporary, chunks)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        except OSError as error:
            raise _failure(root, path, f"can't be written: {error.strerror}", _WRITE) from None
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)


def _write(folder: int, name: str, chunks: Iterable[bytes]) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _folder_of(roots: Mapping[str, Path], root: str, path: str, operation: str) -> Iterator[tuple[int, str]]:
    """Yield the open folder in which the file stands, made where something is to be written, and the file's name."""
    base = roots.get(root)
    if base is None:
        known = ", ".join(sorted(roots)) or "none"
        what = f"names the folder {root!r}, which the operator has not registered for that (registered: {known})"
        raise _failure(root, path, what, operation)
    *folders, name = path.split("/")
    if {"", ".", ".."} & {*folders, name}:
        raise _failure(root, path, "is no path below a folder", operation)
    try:
        descriptor = _walked(base, folders, make=operation == _WRITE)
    except OSError as error:
        raise _failure(root, path, f"can't be reached: {error.strerror} ({_NO_LINKS})", operation) from None
    try:
        yield descriptor, name
    finally:
        os.close(descriptor)


def _walked(base: Path, folders: Sequence[str], *, make: bool) -> int:
    descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    for segment in folders:
        try:
            inner = _entered(descriptor, segment, make=make)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def _entered(folder: int, segment: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(segment, 0o755, dir_fd=folder)
    return os.open(segment, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)


@contextmanager
def _opened(folder: int, name: str, root: str, path: str) -> Iterator[tuple[BinaryIO, int]]:
    try:
        # Non-blocking, so that a pipe of that name holds nobody up.
        file = os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb")
    except OSError as error:
        raise _failure(root, path, f"can't be opened: {error.strerror} ({_NO_LINKS})", _READ) from None
    with file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _failure(root, path, "is no regular file", _READ)
        yield file, found.st_size


def _failure(root: str, path: str, what: str, operation: str) -> TaskError:
    return TaskError.of(FailureKind.PERMANENT, f"The file {root}:{path} {what}.", operation=operation)
