"""Bring one output from the work directory into the object store: a file, several, or a directory as tar."""

import hashlib
from typing import Final, assert_never

from howdah.compute.abstract import FileStat
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import OUTPUT_STAGING, OutputForm, OutputStagingParams, StagedFile, StagedPart
from howdah.tasks import Needs, TaskContext, TaskError, task
from services.output_staging.delivery import deliver
from services.output_staging.departure import Departure

EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()
Context = TaskContext[OutputStagingParams]


@task(OUTPUT_STAGING, params=OutputStagingParams, needs=Needs.RESOURCE, threads=32)
def stage_output(context: TaskContext[OutputStagingParams]) -> StagedFile:
    """Stream what there is to the object store, and on; a missing optional output is reported as absent."""
    return deliver(context, _staged(context))


def _staged(context: Context) -> StagedFile:
    match context.params.form:
        case OutputForm.FILE:
            return _file(context)
        case OutputForm.FILES:
            return _files(context)
        case OutputForm.DIRECTORY | OutputForm.WORK_DIRECTORY:
            return _directory(context)
        case form:
            assert_never(form)


def _file(context: Context) -> StagedFile:
    params = context.params
    path = f"{params.work_dir}/{params.source}"
    with context.connect() as connection:
        found = connection.stat(path)
    if found is None and not params.required:
        return _absent(context)
    found = _checked(context, found)
    digest = _brought(context, path, params.target, found)
    return StagedFile(uri=params.target, size_bytes=found.size_bytes, sha256=digest)


def _files(context: Context) -> StagedFile:
    params = context.params
    with context.connect() as connection:
        found = connection.find_files(params.work_dir, params.source, limit=params.max_files)
        stats = [(one.path, connection.stat(f"{params.work_dir}/{one.path}")) for one in found[: params.max_files]]
    if len(found) > params.max_files:
        raise _failure(context, f"has more than the {params.max_files} files allowed")
    if not stats and not params.required:
        return _absent(context)
    if not stats:
        raise _failure(context, "was not produced: no file fits")
    if (total := sum(one.size_bytes for one in found)) > params.max_bytes:
        raise _failure(context, f"has {total} bytes in all, more than the {params.max_bytes} allowed")
    parts = tuple(_part(context, number, path, stat) for number, (path, stat) in enumerate(stats, 1))
    digest = hashlib.sha256("".join(f"{part.sha256}\n" for part in parts).encode()).hexdigest()
    total = sum(part.size_bytes for part in parts)
    return StagedFile(uri=params.target, size_bytes=total, sha256=digest, form=OutputForm.FILES, files=parts)


def _part(context: Context, number: int, path: str, found: FileStat | None) -> StagedPart:
    if not path.isprintable():
        raise _failure(context, f"has a file whose name can't be told: {path!r}")
    checked, uri = _checked(context, found), f"{context.params.target}/{number}"
    digest = _brought(context, f"{context.params.work_dir}/{path}", uri, checked)
    return StagedPart(path=path, uri=uri, size_bytes=checked.size_bytes, sha256=digest)


def _directory(context: Context) -> StagedFile:
    params, name = context.params, f".howdah-pack-{context.command.task_id}.tar"
    archive = f"{params.work_dir}/{name}"
    whole = params.form is OutputForm.WORK_DIRECTORY
    source = params.work_dir if whole else f"{params.work_dir}/{params.source}"
    with context.connect() as connection:
        found = connection.stat(source)
        if (found is None or not found.is_directory) and not params.required:
            return _absent(context)
        if found is None or not found.is_directory:
            raise _failure(
                context, "was not produced" if found is None else "is a file, where a directory was expected"
            )
        connection.pack(source, archive, exclude=".howdah" if whole else None)
        packed = _checked(context, connection.stat(archive))
    digest = _brought(context, archive, params.target, packed)
    with context.connect() as connection:
        connection.remove_file(archive)
    return StagedFile(uri=params.target, size_bytes=packed.size_bytes, sha256=digest, form=params.form)


def _absent(context: Context) -> StagedFile:
    params = context.params
    context.log(f"the optional output {params.name} was not produced ({params.source})")
    return StagedFile(uri=params.target, size_bytes=0, sha256=EMPTY_SHA256, present=False)


def _brought(context: Context, path: str, uri: str, found: FileStat) -> str:
    context.log(f"bringing {path} to {uri}, {found.size_bytes} bytes")
    return Departure(context, path, uri, found).run()


def _checked(context: Context, found: FileStat | None) -> FileStat:
    if found is None:
        trouble = "was not produced"
    elif found.is_directory:
        trouble = "is a directory, where a file was expected"
    elif found.size_bytes > context.params.max_bytes:
        trouble = f"has {found.size_bytes} bytes, more than the {context.params.max_bytes} allowed"
    else:
        return found
    raise _failure(context, trouble)


def _failure(context: Context, trouble: str) -> TaskError:
    params, host = context.params, context.target.host
    sentence = f"The output {params.name} ({params.source}) {trouble}."
    return TaskError.of(FailureKind.PERMANENT, sentence, host=host, operation="stage")
