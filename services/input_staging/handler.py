"""Bring one input file into the work directory."""

import hashlib
from collections.abc import Iterator
from typing import Final

from howdah.compute.abstract import Connection
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import INPUT_STAGING, InputStagingParams, StagedFile
from howdah.tasks import Needs, TaskContext, TaskError, task
from services.input_staging.arrival import Arrival

RESUMED_BYTES: Final = 8 << 20
"""From this size on a transfer that breaks is gone on with; smaller files cross in one round trip, again if need be."""


@task(INPUT_STAGING, params=InputStagingParams, needs=Needs.RESOURCE, threads=32)
def stage_input(context: TaskContext[InputStagingParams]) -> StagedFile:
    """Bring the file under a name beside the target and rename it; skip what is there already."""
    params = context.params
    small = params.origin is None and params.size_bytes is not None and params.size_bytes < RESUMED_BYTES
    with context.connect() as connection:
        found = _already_there(params, connection)
        if found is None and small:
            return _in_one_go(context, connection)
    if found is not None:
        return found
    context.log(f"bringing {params.source} to {_path(params)}")
    moved = Arrival(context, _path(params)).run()
    return StagedFile(uri=params.source, size_bytes=moved.size_bytes, sha256=moved.sha256)


def _path(params: InputStagingParams) -> str:
    return f"{params.work_dir}/{params.target}"


def _already_there(params: InputStagingParams, connection: Connection) -> StagedFile | None:
    """Return the file when an earlier delivery brought it; only its digest proves that."""
    if params.sha256 is None:
        return None
    found = connection.stat(_path(params))
    if found is None or found.is_directory or params.size_bytes not in {None, found.size_bytes}:
        return None
    if connection.sha256(_path(params)) != params.sha256:
        return None
    return StagedFile(uri=params.source, size_bytes=found.size_bytes, sha256=params.sha256)


def _in_one_go(context: TaskContext[InputStagingParams], connection: Connection) -> StagedFile:
    params = context.params
    context.log(f"bringing {params.source} to {_path(params)}")
    with context.open_input(params.source) as chunks:
        moved = connection.upload(
            chunks if params.sha256 is None else verified(chunks, params.source, params.sha256),
            _path(params),
            mode=0o755 if params.executable else 0o644,
            size=params.size_bytes,
        )
    return StagedFile(uri=params.source, size_bytes=moved.size_bytes, sha256=moved.sha256)


def verified(chunks: Iterator[bytes], source: str, sha256: str) -> Iterator[bytes]:
    """Pass the chunks on; TaskError(internal) at their end, before anything is renamed, when the digest is another."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha256:
        raise TaskError.of(
            FailureKind.INTERNAL,
            f"The content of {source} is not what was registered: its SHA-256 is {digest.hexdigest()}, not {sha256}.",
            operation="verify the input",
        )
