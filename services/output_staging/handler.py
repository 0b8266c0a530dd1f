"""Bring one output file from the work directory into the object store."""

import hashlib
from collections.abc import Generator
from typing import Final

from howdah.compute.abstract import Connection, FileStat
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import OUTPUT_STAGING, OutputStagingParams, StagedFile
from howdah.tasks import Needs, TaskContext, TaskError, task
from howdah.tasks.transfers import telling_progress
from services.output_staging.relay import Relay

EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()


@task(OUTPUT_STAGING, params=OutputStagingParams, needs=Needs.RESOURCE, threads=32)
def stage_output(context: TaskContext[OutputStagingParams]) -> StagedFile:
    """Stream the file to the object store; a missing optional output is reported as absent."""
    params = context.params
    path = f"{params.work_dir}/{params.source}"
    with context.connect() as connection:
        found = connection.stat(path)
        if found is None and not params.required:
            context.log(f"the optional output {params.name} was not produced ({params.source})")
            return StagedFile(uri=params.target, size_bytes=0, sha256=EMPTY_SHA256, present=False)
        size_bytes = _checked(params, found, context.target.host)
        digest = _stored(context, connection, path, size_bytes)
    return StagedFile(uri=params.target, size_bytes=size_bytes, sha256=digest)


def _checked(params: OutputStagingParams, found: FileStat | None, host: str) -> int:
    if found is None:
        trouble = "was not produced"
    elif found.is_directory:
        trouble = "is a directory, where a file was expected"
    elif found.size_bytes > params.max_bytes:
        trouble = f"has {found.size_bytes} bytes, more than the {params.max_bytes} allowed"
    else:
        return found.size_bytes
    raise TaskError.of(
        FailureKind.PERMANENT, f"The output {params.name} ({params.source}) {trouble}.", host=host, operation="stage"
    )


def _stored(context: TaskContext[OutputStagingParams], connection: Connection, path: str, size_bytes: int) -> str:
    params = context.params
    context.log(f"bringing {path} to {params.target}, {size_bytes} bytes")
    tell = telling_progress(context, f"bringing {params.source}", size_bytes)
    digest = ""

    def chunks() -> Generator[bytes, None, None]:
        nonlocal digest
        with Relay() as relay:
            relay.begin(lambda sink: connection.download(path, sink, max_bytes=params.max_bytes).sha256)
            moved = 0
            for chunk in relay.chunks():
                yield chunk
                moved += len(chunk)
                tell(moved)
            digest = relay.result()

    context.store_output(params.target, chunks, size_bytes)
    return digest
