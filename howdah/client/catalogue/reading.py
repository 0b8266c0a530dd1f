"""YAML files to documents: bounded, no surprises (duplicate keys, dates, alias bombs), every error with its place."""

import difflib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from howdah.client.catalogue.documents import KINDS, AnyDocument
from howdah.client.catalogue.errors import DocumentError, DocumentsError
from howdah.contracts.wrong_fields import wrong_field

MAX_FILE_BYTES: Final = 1 << 20
MAX_DOCUMENTS: Final = 500
MAX_VALUES: Final = 100_000
MAX_DEPTH: Final = 50


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
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise refused(f"can't be read: {error.strerror or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise refused(f"is larger than the {MAX_FILE_BYTES} bytes that are taken")
    documents: list[Any] = []
    try:
        for document in yaml.load_all(data, Loader=_Loader):
            documents.append(document)
            if len(documents) > MAX_DOCUMENTS:
                raise refused(f"holds more than the {MAX_DOCUMENTS} documents that are taken")
    except yaml.YAMLError as error:
        raise refused(f"is no valid YAML: {_words(error)}") from None
    except UnicodeDecodeError as error:
        raise refused(f"is no UTF-8 text: byte {error.start} is not") from None
    except RecursionError:
        raise refused(f"is nested deeper than the {MAX_DEPTH} levels that are taken") from None
    return documents


def _validated(path: Path, index: int, raw: object) -> AnyDocument:
    def refused(field: str, message: str) -> DocumentsError:
        return DocumentsError([DocumentError(path, index, field, message)])

    if not isinstance(raw, dict):
        raise refused("", "a mapping was expected, beginning with kind")
    _bounded(raw, refused)
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
    match item["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(field, model.model_fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(sorted(model.model_fields))}"
            message = f"a {model.__name__.removesuffix('Document')} has no such field; {hint}"
        case "string_type":
            message = f"a text was expected; put {str(item['input'])[:80]} in quotes"
        case "value_error" if not field and ": " in message:
            field, _, message = message.partition(": ")
    return DocumentError(path, index, field, message)


def _bounded(document: object, refused: Any) -> None:  # noqa: ANN401 - makes the error of the caller
    """Refuse what aliases blow up to more values, or nest deeper, than anybody writes by hand."""
    waiting: list[tuple[object, int]] = [(document, 1)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES:
            raise refused("", f"holds more than the {MAX_VALUES} values that are taken")
        if depth > MAX_DEPTH:
            raise refused("", f"is nested deeper than the {MAX_DEPTH} levels that are taken")
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                odd = next(key for key in value if not isinstance(key, str))
                raise refused(str(odd), "the names of fields are texts; put it in quotes")
            waiting.extend((inner, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in value)


class _Loader(yaml.SafeLoader):
    """YAML as people expect it: JSON's types only, and a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the base class's signature
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


_NOT_JSON: Final = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:binary", "tag:yaml.org,2002:set"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_JSON]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_constructors = {
    tag: constructor for tag, constructor in yaml.SafeLoader.yaml_constructors.items() if tag not in _NOT_JSON
}


def _words(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        what = " ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        return f"{what} (line {mark.line + 1}, column {mark.column + 1})" if mark else what
    return " ".join(str(error).split())
