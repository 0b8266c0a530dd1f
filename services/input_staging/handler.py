"""Bring one input file from the object store into the work directory."""

import hashlib
from collections.abc import Iterator

from howdah.compute.abstract import Connection
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import INPUT_STAGING, InputStagingParams, StagedFile
from howdah.tasks import Needs, TaskContext, TaskError, task
from howdah.tasks.transfers import telling_progress


@task(INPUT_STAGING, params=InputStagingParams, needs=Needs.RESOURCE, threads=32)
def stage_input(context: TaskContext[InputStagingParams]) -> StagedFile:
    """Stream the object to an attempt-unique name beside the target and rename it; skip what is there already."""
    with context.connect() as connection:
        return _already_there(context.params, connection) or _transferred(context, connection)


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


def _transferred(context: TaskContext[InputStagingParams], connection: Connection) -> StagedFile:
    params = context.params
    context.log(f"bringing {params.source} to {_path(params)}")
    with context.open_input(params.source) as chunks:
        moved = connection.upload(
            chunks if params.sha256 is None else verified(chunks, params.source, params.sha256),
            _path(params),
            mode=0o755 if params.executable else 0o644,
            size=params.size_bytes,
            progress=telling_progress(context, f"bringing {params.target}", params.size_bytes),
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
