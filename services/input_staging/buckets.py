"""Inputs from S3, by fsspec's s3fs where that is installed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import fsspec  # type: ignore[import-untyped]  # it has neither annotations nor stubs

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.storage import S3Origin
from services.input_staging.addresses import Network, resolve
from services.input_staging.opened import CHUNK_BYTES, Opened


@contextmanager
def open_object(origin: S3Origin, secret_key: str | None, allowed: Sequence[Network]) -> Iterator[Opened]:
    """Yield the object; TaskError when it can't be read."""
    name = f"s3://{origin.bucket}/{origin.key}"
    if find_spec("s3fs") is None:
        what = "can't be read: this installation has no s3fs; its operator installs it beside the services"
        raise _failure(FailureKind.PERMANENT, name, what)
    if origin.endpoint_url is not None:
        parts = urlsplit(origin.endpoint_url)
        resolve(parts.hostname or "", parts.port or 443, allowed)
    filesystem = fsspec.filesystem(
        "s3", use_listings_cache=False, skip_instance_cache=True, **_options(origin, secret_key)
    )
    try:
        with filesystem.open(f"{origin.bucket}/{origin.key}", "rb", block_size=16 * CHUNK_BYTES) as file:
            yield Opened(iter(lambda: file.read(CHUNK_BYTES), b""), int(file.size))
    except FileNotFoundError:
        raise _failure(FailureKind.PERMANENT, name, "does not exist") from None
    except PermissionError as error:
        raise _failure(FailureKind.PERMANENT, name, f"may not be read: {error}") from None
    except OSError as error:
        raise _failure(FailureKind.INTERNAL, name, f"could not be read: {error}") from None


def _options(origin: S3Origin, secret_key: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {"anon": origin.access_key_id is None}
    if origin.access_key_id is not None:
        options |= {"key": origin.access_key_id, "secret": secret_key}
    if origin.endpoint_url is not None:
        options["endpoint_url"] = origin.endpoint_url
    if origin.region is not None:
        options["client_kwargs"] = {"region_name": origin.region}
    return options


def _failure(kind: FailureKind, name: str, what: str) -> TaskError:
    return TaskError.of(kind, f"{name} {what}.", operation="read the input")
