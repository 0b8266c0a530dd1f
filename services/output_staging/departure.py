"""A file leaves the resource for the object store, going on over a link that breaks."""

import hashlib
from collections.abc import Generator
from typing import BinaryIO, cast

from howdah.compute.abstract import Connection, FileStat
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import OutputStagingParams
from howdah.tasks import TaskContext
from howdah.tasks.relay import Relay
from howdah.tasks.transfers import telling_progress

Context = TaskContext[OutputStagingParams]


class Departure:
    """Streams one file into one object, never whole in memory.

    When the link to the resource breaks, the object stays open and the file is read on from where it broke, for as long
    as each try gets further and the file is still the same. When the store breaks off, all begins anew.
    """

    def __init__(self, context: Context, path: str, uri: str, found: FileStat) -> None:
        self._context = context
        self._path = path
        self._uri = uri
        self._found = found
        self._tell = telling_progress(context, f"bringing {path.rpartition('/')[2]}", found.size_bytes)

    def run(self) -> str:
        """Bring it, and return the SHA-256 of what was brought."""
        digest = ""

        def chunks() -> Generator[bytes, None, None]:
            nonlocal digest
            with Relay() as relay:
                relay.begin(lambda sink: _Reading(self._context, self._path, self._found, sink).to_the_end())
                moved = 0
                for chunk in relay.chunks():
                    yield chunk
                    moved += len(chunk)
                    self._tell(moved)
                digest = relay.result()

        self._context.store_output(self._uri, chunks, self._found.size_bytes)
        return digest


class _Reading:
    """Reads a file to its end over as many connections as it takes; a sink that counts and digests."""

    def __init__(self, context: Context, path: str, found: FileStat, sink: BinaryIO) -> None:
        self._context = context
        self._path = path
        self._found = found
        self._sink = sink
        self._digest = hashlib.sha256()
        self._moved = 0

    def to_the_end(self) -> str:
        while True:
            before = self._moved
            try:
                with self._context.connect() as connection:
                    self._read_on(connection)
            except TaskError as error:
                if error.failure.kind is not FailureKind.TRANSIENT or self._moved <= before:
                    raise
                self._context.log(f"the transfer broke off at {self._moved} bytes; it goes on from there")
            else:
                return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self._moved += len(data)
        return self._sink.write(data)

    def _read_on(self, connection: Connection) -> None:
        if self._moved:
            now = connection.stat(self._path)
            if now != self._found:
                what = "was changed while it was brought back: something still writes to it"
                raise self._failure(what)
        connection.download(self._path, cast("BinaryIO", self), max_bytes=self._found.size_bytes, start=self._moved)
        if self._moved != self._found.size_bytes:
            raise self._failure(f"has {self._moved} bytes, where it had {self._found.size_bytes} a moment ago")

    def _failure(self, what: str) -> TaskError:
        name, host = self._path.rpartition("/")[2], self._context.target.host
        return TaskError.of(FailureKind.PERMANENT, f"{name} {what}.", host=host, operation="stage")
