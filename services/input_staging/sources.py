"""Opening what an input is read from: the platform's store, or one of the origins."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import assert_never

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import InputStagingParams
from howdah.contracts.storage import FileOrigin, HttpOrigin, S3Origin, SftpOrigin
from howdah.storage.buckets import open_object
from howdah.storage.opened import Opened
from howdah.storage.registered import open_registered
from howdah.storage.settings import staging_settings
from howdah.storage.web import Web
from howdah.tasks import TaskContext
from howdah.tasks.relay import Relay

Context = TaskContext[InputStagingParams]


def open_source(context: Context) -> AbstractContextManager[Opened]:
    """Return the input's source, for a ``with`` block; each call reads from the beginning."""
    origin, settings = context.params.origin, staging_settings()
    match origin:
        case None:
            return _stored(context)
        case FileOrigin():
            return open_registered(settings.staging_file_roots, origin.root, origin.path)
        case HttpOrigin():
            return Web(settings.staging_allowed_networks, settings.staging_web_seconds).open(origin.url)
        case S3Origin():
            secret = context.password(origin.credential_id) if origin.credential_id else None
            return open_object(origin, secret, settings.staging_allowed_networks)
        case SftpOrigin():
            return _from_another_resource(context, origin)
        case _:
            assert_never(origin)


def limit_of(params: InputStagingParams) -> int:
    """Return how many bytes the input may have."""
    return params.max_bytes if params.origin is None else min(params.max_bytes, staging_settings().staging_max_bytes)


@contextmanager
def _stored(context: Context) -> Iterator[Opened]:
    with context.open_input(context.params.source) as chunks:
        yield Opened(chunks, context.params.size_bytes)


@contextmanager
def _from_another_resource(context: Context, origin: SftpOrigin) -> Iterator[Opened]:
    root, limit = origin.root.rstrip("/"), limit_of(context.params)
    with context.connect(origin.target) as connection, Relay() as relay:
        path = connection.confined(root, origin.path)
        found = connection.stat(path)
        if found is None or found.is_directory:
            what = "is a directory" if found else "does not exist"
            sentence = f"The input {origin.path} on {origin.target.name} {what}."
            raise TaskError.of(FailureKind.PERMANENT, sentence, host=origin.target.host, operation="read the input")
        relay.begin(lambda sink: connection.download(path, sink, max_bytes=limit).sha256)
        yield Opened(relay.chunks(), found.size_bytes)
