"""Objects of S3 buckets, by fsspec's s3fs where that is installed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

import fsspec  # type: ignore[import-untyped]  # it has neither annotations nor stubs

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.storage import S3Origin
from howdah.storage.addresses import Network, resolve
from howdah.storage.opened import CHUNK_BYTES, Opened

_PART_BYTES: Final = 16 << 20


@contextmanager
def open_object(origin: S3Origin, secret_key: str | None, allowed: Sequence[Network]) -> Iterator[Opened]:
    """Yield the object; TaskError when it can't be read."""
    filesystem = _filesystem(origin, secret_key, allowed)
    with (
        _telling(origin, "read"),
        filesystem.open(f"{origin.bucket}/{origin.key}", "rb", block_size=_PART_BYTES) as file,
    ):
        yield Opened(iter(lambda: file.read(CHUNK_BYTES), b""), int(file.size))


def store_object(origin: S3Origin, secret_key: str | None, allowed: Sequence[Network], chunks: Iterable[bytes]) -> None:
    """Write the object, in parts that become visible together; TaskError when that can't be done."""
    filesystem = _filesystem(origin, secret_key, allowed)
    with _telling(origin, "written"):
        file = filesystem.open(f"{origin.bucket}/{origin.key}", "wb", block_size=_PART_BYTES)
        try:
            for chunk in chunks:
                file.write(chunk)
        except BaseException:
            file.discard()
            file.closed = True  # else its finaliser would upload what was thrown away
            raise
        file.close()


def _filesystem(origin: S3Origin, secret_key: str | None, allowed: Sequence[Network]) -> Any:  # noqa: ANN401 - untyped
    if find_spec("s3fs") is None:
        what = "can't be reached: this installation has no s3fs; its operator installs it beside the services"
        raise _failure(FailureKind.PERMANENT, origin, what)
    if origin.endpoint_url is not None:
        parts = urlsplit(origin.endpoint_url)
        resolve(parts.hostname or "", parts.port or 443, allowed)
    return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True, **_options(origin, secret_key))


@contextmanager
def _telling(origin: S3Origin, done: str) -> Iterator[None]:
    """Put the library's errors into our words."""
    try:
        yield
    except FileNotFoundError:
        raise _failure(FailureKind.PERMANENT, origin, "does not exist") from None
    except PermissionError as error:
        raise _failure(FailureKind.PERMANENT, origin, f"may not be {done}: {error}") from None
    except OSError as error:
        raise _failure(FailureKind.INTERNAL, origin, f"could not be {done}: {error}") from None


def _options(origin: S3Origin, secret_key: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {"anon": origin.access_key_id is None}
    if origin.access_key_id is not None:
        options |= {"key": origin.access_key_id, "secret": secret_key}
    if origin.endpoint_url is not None:
        options["endpoint_url"] = origin.endpoint_url
    if origin.region is not None:
        options["client_kwargs"] = {"region_name": origin.region}
    return options


def _failure(kind: FailureKind, origin: S3Origin, what: str) -> TaskError:
    return TaskError.of(kind, f"s3://{origin.bucket}/{origin.key} {what}.", operation="reach the bucket")
