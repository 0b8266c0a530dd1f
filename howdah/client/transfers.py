"""Bytes up and down: streamed, never whole in memory, checked against the SHA-256 that the platform recorded."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from howdah.client.collections import Collection
from howdah.client.connection import Connection, idempotency_key
from howdah.client.errors import ChecksumError, ClientError, UnexpectedAnswerError
from howdah.client.models import StoredFile

CHUNK_BYTES = 1 << 18


class Files(Collection[StoredFile]):
    """Uploaded files."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "/files", StoredFile)

    def upload(self, path: Path, name: str | None = None) -> StoredFile:
        """Send a file, streamed; ``uri`` of the answer is the value of a file input.

        When the connection breaks it is sent again from its beginning.

        Raises:
            ClientError: the file can't be read.
            ChecksumError: what the server stored is not what was read here.
        """
        try:
            with path.open("rb") as file:
                return self._upload(_HashedFile(file), name or path.name)
        except OSError as error:
            raise ClientError(f"{path} can't be read: {error.strerror or error}") from error

    def download(self, file_id: str, target: Path) -> Path:
        """Save a file's content under ``target`` and return it; ChecksumError leaves nothing behind."""
        stored = self.get(file_id)
        return save(self._connection, f"/files/{file_id}/content", target, stored.sha256)

    def _upload(self, file: "_HashedFile", name: str) -> StoredFile:
        form = {"file": (name, file, "application/octet-stream")}
        response = self._connection.send("POST", "/files", files=form, headers=idempotency_key())
        try:
            stored = StoredFile.model_validate_json(response.content)
        except ValueError as error:
            raise UnexpectedAnswerError("the answer to the upload is not understood") from error
        if stored.sha256 != file.sha256:
            raise ChecksumError(f"{name} arrived damaged: sent {file.sha256}, stored {stored.sha256}; upload it again")
        return stored


class _HashedFile:
    """A file whose reader hashes what it reads; going back to the start begins anew."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if (offset, whence) == (0, 0):
            self._digest = hashlib.sha256()
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(CHUNK_BYTES):
            yield data


def save(connection: Connection, path: str, target: Path, sha256: str | None) -> Path:
    """Stream the body of GET ``path`` into ``target``: written beside it, checked, then renamed.

    Raises:
        ChecksumError: the bytes have another SHA-256; ``target`` is as it was before.
        ClientError: ``target`` can't be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _beside(target) as (file, fresh):
            digest = hashlib.sha256()
            with connection.streaming(path) as response:
                for data in response.iter_bytes(CHUNK_BYTES):
                    digest.update(data)
                    file.write(data)
            file.close()
            if sha256 is not None and digest.hexdigest() != sha256:
                raise ChecksumError(f"{target.name} arrived damaged: {digest.hexdigest()} instead of {sha256}")
            fresh.chmod(0o644)
            fresh.replace(target)
    except OSError as error:
        raise ClientError(f"{target} can't be written: {error.strerror or error}") from error
    return target


@contextmanager
def _beside(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        fresh = Path(file.name)
        try:
            yield file, fresh
        finally:
            fresh.unlink(missing_ok=True)
