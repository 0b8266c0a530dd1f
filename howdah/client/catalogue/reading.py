"""YAML files to documents: bounded, no surprises (duplicate keys, dates, alias bombs), every error with its place."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from howdah.client.catalogue.documents import KINDS, AnyDocument, WorkflowDocument
from howdah.client.catalogue.errors import DocumentError, DocumentsError
from howdah.contracts.plain_yaml import MAX_BYTES, PlainYamlError, bounded, read_all
from howdah.contracts.workflows import place_as_written
from howdah.contracts.wrong_fields import wrong_field


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document and where it stands; relative paths in it start from the file's folder."""

    path: Path
    index: int
    body: AnyDocument

    def error(self, field: str, message: str) -> DocumentError:
        """Return the error that something of this document is wrong."""
        return DocumentError(self.path, self.index, field, message)

    def beside(self, name: str) -> Path:
        """Return the path that ``name`` means in this document."""
        return self.path.parent / Path(name).expanduser()


def read_documents(path: Path) -> list[Document]:
    """Return all documents of a file, empty ones left out; DocumentsError lists all that is wrong."""
    documents: list[Document] = []
    errors: list[DocumentError] = []
    for index, raw in enumerate(_raw_documents(path), start=1):
        if raw is None:
            continue
        try:
            documents.append(Document(path, index, _validated(path, index, raw)))
        except DocumentsError as error:
            errors += error.errors
    if errors:
        raise DocumentsError(errors)
    if not documents:
        raise DocumentsError([DocumentError(path, None, "", "holds no document")])
    return documents


def _raw_documents(path: Path) -> list[Any]:
    def refused(message: str) -> DocumentsError:
        return DocumentsError([DocumentError(path, None, "", message)])

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise refused(f"can't be read: {error.strerror or error}") from error
    try:
        return read_all(data)
    except PlainYamlError as error:
        raise refused(str(error)) from None


def _validated(path: Path, index: int, raw: object) -> AnyDocument:
    def refused(field: str, message: str) -> DocumentsError:
        return DocumentsError([DocumentError(path, index, field, message)])

    if not isinstance(raw, dict):
        raise refused("", "a mapping was expected, beginning with kind")
    try:
        bounded(raw)
    except PlainYamlError as error:
        raise refused(error.field, str(error)) from None
    kind = raw.get("kind")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        given = "is missing" if kind is None else f"{str(kind)[:80]!r} is unknown"
        raise refused("kind", f"{given}; the kinds are {', '.join(KINDS)}")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        items = error.errors(include_url=False)
        raise DocumentsError(_explained(path, index, model, dict(item)) for item in items) from None


def _explained(path: Path, index: int, model: type[AnyDocument], item: dict[str, Any]) -> DocumentError:
    field, message = wrong_field(item)
    if model is WorkflowDocument:
        field = place_as_written(field)
    match item["type"]:
        case "extra_forbidden" if "." not in field:
            near = difflib.get_close_matches(field, model.model_fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(sorted(model.model_fields))}"
            message = f"a {model.__name__.removesuffix('Document')} has no such field; {hint}"
        case "string_type":
            message = f"a text was expected; put {str(item['input'])[:80]} in quotes"
        case "value_error" if not field and ": " in message:
            field, _, message = message.partition(": ")
    return DocumentError(path, index, field, message)
