"""A file arrives on the resource, going on where it broke off: in this attempt, or in one before.

What has arrived stands in a partial file whose name all attempts of the task share. Before it is gone on with, its
digest (computed there) is compared with that of the source's beginning, which is read again: no byte of it crosses the
link to the resource twice. Only a file whose whole digest is right gets its name.
"""

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from howdah.compute.abstract import Connection, Transferred
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.storage.opened import Opened
from howdah.tasks.transfers import telling_progress
from services.input_staging.sources import Context, limit_of, open_source

_MAX_BEGINNINGS: Final = 3
"""How often a partial file that turns out wrong is begun anew, before the attempt is given up."""


class _BeginAnewError(Exception):
    """What stands in the partial file is not the beginning of the source."""


class Arrival:
    """Brings the input of one attempt to its path."""

    def __init__(self, context: Context, path: str) -> None:
        self._context = context
        self._params = context.params
        self._path = path
        pure = PurePosixPath(path)
        self._part = str(pure.with_name(f".{pure.name[:180]}.howdah-{context.command.task_id}.part"))
        self._reached = 0

    def run(self) -> Transferred:
        """Return what arrived. A link that breaks is taken up again for as long as each try gets further."""
        beginnings = 0
        while True:
            before = self._reached
            try:
                return self._try()
            except _BeginAnewError:
                beginnings += 1
                self._reached = 0
                if beginnings == _MAX_BEGINNINGS:
                    raise self._failure(FailureKind.TRANSIENT, "was damaged again and again on its way") from None
            except TaskError as error:
                if error.failure.kind is not FailureKind.TRANSIENT or self._reached <= before:
                    raise
                self._context.log(f"the transfer broke off at {self._reached} bytes; it goes on from there")

    def _try(self) -> Transferred:
        with open_source(self._context) as source:
            self._check_size(source.size_bytes or 0)
            with self._context.connect() as connection:
                return self._carry_on(connection, source)

    def _carry_on(self, connection: Connection, source: Opened) -> Transferred:
        digest, chunks = hashlib.sha256(), iter(source.chunks)
        start, left_over = self._agreed(connection, digest, chunks)
        if start:
            self._context.log(f"{start} bytes of {self._params.target} are there already")
        total = start

        def rest() -> Iterator[bytes]:
            nonlocal total
            for chunk in _with_first(left_over, chunks):
                total += len(chunk)
                self._check_size(total)
                digest.update(chunk)
                yield chunk

        told = telling_progress(self._context, f"bringing {self._params.target}", source.size_bytes)

        def progress(so_far: int) -> None:
            self._reached = max(self._reached, so_far)
            told(so_far)

        connection.append(rest(), self._part, start=start, progress=progress)
        self._check(connection, total, digest.hexdigest(), resumed=start > 0)
        connection.place(self._part, self._path, size=total, mode=0o755 if self._params.executable else 0o644)
        return Transferred(total, digest.hexdigest())

    def _agreed(self, connection: Connection, digest: "hashlib._Hash", chunks: Iterator[bytes]) -> tuple[int, bytes]:
        """Return how much of the source stands in the partial file, and what of it was read beyond that."""
        found = connection.stat(self._part)
        if found is None or found.size_bytes == 0:
            return 0, b""
        there, chunk, missing = connection.sha256(self._part), b"", found.size_bytes
        while missing > 0:
            chunk = next(chunks, b"")
            if not chunk:
                break
            digest.update(chunk[:missing])
            chunk, missing = chunk[missing:], missing - len(chunk[:missing])
        if missing > 0 or there != digest.hexdigest():
            connection.remove_file(self._part)
            raise _BeginAnewError
        return found.size_bytes, chunk

    def _check(self, connection: Connection, size: int, sha256: str, *, resumed: bool) -> None:
        if resumed and connection.sha256(self._part) != sha256:
            connection.remove_file(self._part)
            raise _BeginAnewError
        if self._params.size_bytes not in {None, size}:
            what = f"has {size} bytes where {self._params.size_bytes} are registered"
        elif self._params.sha256 not in {None, sha256}:
            what = f"is not what was registered: its SHA-256 is {sha256}, not {self._params.sha256}"
        else:
            return
        connection.remove_file(self._part)
        raise self._failure(FailureKind.PERMANENT if self._params.origin else FailureKind.INTERNAL, what)

    def _check_size(self, size: int) -> None:
        if size > (limit := limit_of(self._params)):
            raise self._failure(FailureKind.PERMANENT, f"has more than the {limit:,} bytes that an input may have here")

    def _failure(self, kind: FailureKind, what: str) -> TaskError:
        return TaskError.of(kind, f"The content of {self._params.source} {what}.", operation="bring the input")


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
