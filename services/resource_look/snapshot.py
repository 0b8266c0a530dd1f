"""A whole file that a job is still writing, as it stands at one moment, streamed into the object store."""

import hashlib
from collections.abc import Generator

from howdah.compute.abstract import Connection
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.looks import OutputSnapshot, SnapshotRequest
from howdah.tasks.looks import Look
from howdah.tasks.relay import Relay


def look_at_output(look: Look) -> OutputSnapshot:
    """Bring the file with the size that it has now; one that is not there yet is an answer, no failure of the look."""
    wanted = SnapshotRequest.model_validate(look.params)
    with look.reach().connect(look.target, look.secret, look.bounds) as connection:
        path = connection.expand(f"{wanted.work_dir}/{wanted.path}")
        found = connection.stat(path)
        if found is None:
            return OutputSnapshot(present=False)
        if found.is_directory or found.size_bytes > wanted.max_bytes:
            what = "is a directory" if found.is_directory else f"has {found.size_bytes} bytes, more than can be fetched"
            sentence = f"{wanted.path} on {look.target.host} {what} while the run goes on."
            raise TaskError.of(FailureKind.PERMANENT, sentence, host=look.target.host, operation="fetch an output")
        digest = _streamed(look, connection, path, wanted.target, found.size_bytes)
    return OutputSnapshot(present=True, size_bytes=found.size_bytes, sha256=digest)


def _streamed(look: Look, connection: Connection, path: str, uri: str, size: int) -> str:
    digest = hashlib.sha256()

    def chunks() -> Generator[bytes, None, None]:
        nonlocal digest
        digest, left = hashlib.sha256(), size
        with Relay() as relay:
            relay.begin(lambda sink: connection.download(path, sink, max_bytes=1 << 62).sha256)
            for chunk in relay.chunks():
                part = chunk[:left]  # it may have grown since
                digest.update(part)
                left -= len(part)
                yield part
                if left == 0:
                    return

    look.store(uri, chunks, size)
    return digest.hexdigest()
