"""The object store over fsspec: a local folder by ``file://``, S3 by ``s3://``. They differ in signing and committing.

An object in the making is invisible: on S3 a multipart upload ends with the commit; in a folder it is written beside
and renamed, after fsync, so that a crash leaves either the whole object or none.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import fsspec  # type: ignore[import-untyped]  # it has neither annotations nor stubs

from api_server.objects.keys import check_key
from api_server.objects.signatures import UrlSigner
from api_server.objects.store import ObjectStore, ObjectWriter, Written
from api_server.problems import NotFoundError, TooLargeError
from howdah.contracts.exchange import Access

CHUNK = 1 << 20
_INCOMING = ".incoming"


def open_store(url: str, options: Mapping[str, str], signer: UrlSigner) -> ObjectStore:
    """Return the store at ``url`` (``file:///folder`` or ``s3://bucket/prefix``)."""
    if url.startswith("file://"):
        return LocalStore(Path(url.removeprefix("file://")), signer)
    return S3Store(url.removeprefix("s3://").rstrip("/"), options)


class _Target(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Counted(ObjectWriter):
    """Counts and hashes on the way, and stops at the limit."""

    def __init__(self, target: _Target, limit_bytes: int) -> None:
        self._target = target
        self._limit = limit_bytes
        self._size = 0
        self._sha256 = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLargeError(f"The file has more than the {self._limit:,} bytes that one may have here.")
        self._sha256.update(chunk)
        self._target.write(chunk)

    @property
    def written(self) -> Written:
        return Written(self._size, self._sha256.hexdigest())


class _FsspecStore:
    """What both have in common: keys below a root, reading in chunks."""

    def __init__(self, filesystem: Any, root: str) -> None:  # noqa: ANN401 - fsspec is untyped
        self._fs = filesystem
        self._root = root

    def _path(self, key: str) -> str:
        return f"{self._root}/{check_key(key)}"

    def size(self, key: str) -> int:
        try:
            info = self._fs.info(self._path(key))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError("There is no such object.") from None
        if info["type"] != "file":
            raise NotFoundError("There is no such object.")
        return int(info["size"])

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        with self._fs.open(self._path(key), "rb") as source:
            source.seek(start)
            while start < end and (chunk := source.read(min(CHUNK, end - start))):
                start += len(chunk)
                yield chunk

    def delete(self, key: str) -> None:
        try:
            self._fs.rm_file(self._path(key))
        except FileNotFoundError:
            return


class LocalStore(_FsspecStore):
    """A folder of this machine; its URLs are signed by us and served by the API."""

    def __init__(self, folder: Path, signer: UrlSigner) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _INCOMING).mkdir(mode=0o700, exist_ok=True)
        super().__init__(fsspec.filesystem("file", use_listings_cache=False), str(folder.resolve()))
        self._signer = signer

    def write(self, key: str, limit_bytes: int) -> ObjectWriter:
        """Write beside, under a name of its own."""
        final = Path(self._path(key))
        return _LocalWriter(Path(self._root) / _INCOMING / uuid4().hex, final, limit_bytes)

    def sign(self, key: str, access: Access, seconds: int) -> tuple[str, datetime]:
        """Sign a URL of the API server."""
        return self._signer.sign(check_key(key), access, seconds)


class _LocalWriter(_Counted):
    def __init__(self, temporary: Path, final: Path, limit_bytes: int) -> None:
        self._temporary, self._final = temporary, final
        self._file = temporary.open("xb")
        super().__init__(self._file, limit_bytes)

    def commit(self) -> Written:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._temporary.rename(self._final)
        _sync_folder(self._final.parent)
        return self.written

    def abort(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class S3Store(_FsspecStore):
    """A bucket; its URLs are presigned, so that files never pass through the API."""

    def __init__(self, root: str, options: Mapping[str, str]) -> None:
        endpoint = {"client_kwargs": {"endpoint_url": options["endpoint_url"]}} if "endpoint_url" in options else {}
        rest = {name: value for name, value in options.items() if name != "endpoint_url"}
        super().__init__(fsspec.filesystem("s3", use_listings_cache=False, **rest, **endpoint), root)

    def write(self, key: str, limit_bytes: int) -> ObjectWriter:
        """Begin a multipart upload."""
        return _S3Writer(self._fs.open(self._path(key), "wb", block_size=16 * CHUNK), limit_bytes)

    def sign(self, key: str, access: Access, seconds: int) -> tuple[str, datetime]:
        """Presign a URL of the bucket."""
        method = "get_object" if access is Access.READ else "put_object"
        url = self._fs.sign(self._path(key), expiration=seconds, client_method=method)
        return str(url), datetime.now(UTC) + timedelta(seconds=seconds)


class _S3Writer(_Counted):
    def __init__(self, file: Any, limit_bytes: int) -> None:  # noqa: ANN401 - fsspec is untyped
        self._file = file
        self._done = False
        super().__init__(file, limit_bytes)

    def commit(self) -> Written:
        self._file.close()
        self._done = True
        return self.written

    def abort(self) -> None:
        if not self._done:
            self._file.discard()
            self._file.closed = True  # else its finaliser would upload what was thrown away
