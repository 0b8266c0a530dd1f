"""What is brought to and from a resource for one run: which files under which names, and when. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api_server.dag.application import (
    PRINTED,
    ApplicationInput,
    ApplicationOutput,
    OutputType,
    StoredFile,
    WorkDirectory,
)
from api_server.dag.inputs import InputValue
from api_server.dag.problems import FieldProblem
from howdah.contracts.params import InputStagingParams, OutputForm, OutputStagingParams
from howdah.contracts.storage import Delivery
from howdah.contracts.tasks import Trigger

ARCHIVE: Final = "@work-directory"
"""The name of the output that is the whole work directory; no interface has one of that name."""
_FORMS: Final[Mapping[OutputType, OutputForm]] = {
    OutputType.FILES: OutputForm.FILES,
    OutputType.DIRECTORY: OutputForm.DIRECTORY,
}


@dataclass(frozen=True, slots=True)
class StagedInput:
    """One file on its way to the resource."""

    item: ApplicationInput
    file: StoredFile
    number: int | None
    """Where it is one of several."""

    @property
    def name(self) -> str:
        """What it is called in the work directory."""
        base = self.file.name.rsplit("/", 1)[-1]
        plain = base if base.isprintable() and base not in {"", ".", ".."} else self.task_name.replace(":", "-")
        if self.number is None:
            return self.item.file_name or plain
        return f"{self.item.file_name}/{plain}" if self.item.file_name else plain

    @property
    def task_name(self) -> str:
        """What tells its task from those of other inputs."""
        return self.item.name if self.number is None else f"{self.item.name}:{self.number}"


def staged_files(inputs: Sequence[ApplicationInput], values: Mapping[str, InputValue]) -> Iterator[StagedInput]:
    """Yield the files of all inputs, in the inputs' order."""
    for item in inputs:
        yield from _files_of(item, values.get(item.name))


def _files_of(item: ApplicationInput, value: InputValue | None) -> Iterator[StagedInput]:
    if isinstance(value, StoredFile):
        yield StagedInput(item, value, None)
    elif isinstance(value, tuple):
        yield from (StagedInput(item, one, number) for number, one in enumerate(value, 1))


def same_names(inputs: Sequence[ApplicationInput], values: Mapping[str, InputValue]) -> list[FieldProblem]:
    """Return a problem for each file that would be written over another."""
    taken: dict[str, str] = {}
    problems = []
    for staged in staged_files(inputs, values):
        if (other := taken.setdefault(staged.name, staged.task_name)) != staged.task_name:
            text = (
                f"it is called {staged.name} in the work directory, as is the file of {other}; "
                "upload one of them under another name"
            )
            problems.append(FieldProblem(f"inputs.{staged.item.name}", text, staged.file.uri))
    return problems


def words(item: ApplicationInput, value: InputValue) -> list[str]:
    """Return the value as it stands on the command line: of files, their names."""
    if isinstance(value, StoredFile | tuple):
        return [staged.name for staged in _files_of(item, value)]
    return [("true" if value else "false") if isinstance(value, bool) else str(value)]


def input_params(work_dir: str, staged: StagedInput) -> InputStagingParams:
    """Return what the task that brings the file is told."""
    file = staged.file
    return InputStagingParams(
        work_dir=work_dir,
        source=file.at or file.uri,
        origin=file.origin,
        target=staged.name,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )


def output_params(
    work_dir: str, item: ApplicationOutput, path: str, target: str, deliveries: tuple[Delivery, ...] = ()
) -> OutputStagingParams:
    """Return what the task that brings the output back is told."""
    return OutputStagingParams(
        work_dir=work_dir,
        source=path,
        target=target,
        name=item.name,
        required=item.required,
        form=_FORMS.get(item.type, OutputForm.FILE),
        max_files=item.max_files,
        max_bytes=item.max_bytes,
        deliveries=deliveries,
    )


def archive_params(work_dir: str, target: str, deliveries: tuple[Delivery, ...] = ()) -> OutputStagingParams:
    """Return what the task that keeps the whole work directory is told."""
    form = OutputForm.WORK_DIRECTORY
    return OutputStagingParams(
        work_dir=work_dir,
        source="work-directory",
        target=target,
        name=ARCHIVE,
        required=False,
        form=form,
        deliveries=deliveries,
    )


def output_trigger(item: ApplicationOutput) -> Trigger:
    """Return when the output is brought: what a failed application printed is what its user wants to read first."""
    return Trigger.ALL_RAN if item.after_failure or item.type in PRINTED else Trigger.ALL_SUCCEEDED


def cleanup_trigger(choice: WorkDirectory) -> Trigger:
    """Return when the work directory is cleaned up."""
    match choice:
        case WorkDirectory.REMOVE:
            return Trigger.ALL_DONE
        case WorkDirectory.REMOVE_ON_FAILURE:
            return Trigger.ANY_FAILED
        case WorkDirectory.REMOVE_ON_SUCCESS | WorkDirectory.KEEP:
            return Trigger.ALL_SUCCEEDED
