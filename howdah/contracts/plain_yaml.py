"""YAML as people expect it: JSON's types only, bounded, no key twice. Texts in, values out; no I/O."""

from collections.abc import Hashable
from typing import Any, Final

import yaml

MAX_BYTES: Final = 1 << 20
MAX_DOCUMENTS: Final = 500
MAX_VALUES: Final = 100_000
MAX_DEPTH: Final = 50


class PlainYamlError(ValueError):
    """The text is no YAML of this kind; ``field`` says where, if that is known."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def read_all(data: bytes | str) -> list[Any]:
    """Return the documents of a text, not yet ``bounded``; PlainYamlError."""
    if len(data) > MAX_BYTES:
        raise PlainYamlError(f"is larger than the {MAX_BYTES} bytes that are taken")
    documents: list[Any] = []
    try:
        for document in yaml.load_all(data, Loader=_Loader):
            documents.append(document)
            if len(documents) > MAX_DOCUMENTS:
                raise PlainYamlError(f"holds more than the {MAX_DOCUMENTS} documents that are taken")
    except yaml.YAMLError as error:
        raise PlainYamlError(f"is no valid YAML: {_words(error)}") from None
    except UnicodeDecodeError as error:
        raise PlainYamlError(f"is no UTF-8 text: byte {error.start} is not") from None
    except RecursionError:
        raise PlainYamlError(f"is nested deeper than the {MAX_DEPTH} levels that are taken") from None
    return documents


def read_one(text: str) -> dict[str, Any]:
    """Return the one mapping that a text holds; PlainYamlError."""
    documents = [document for document in read_all(text) if document is not None]
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise PlainYamlError("must be one mapping")
    bounded(documents[0])
    found: dict[str, Any] = documents[0]
    return found


def written(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a value as YAML, in the order of its keys."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return text


def bounded(document: object) -> None:
    """Refuse what aliases blow up to more values, or nest deeper, than anybody writes by hand: PlainYamlError."""
    waiting: list[tuple[object, int]] = [(document, 1)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES:
            raise PlainYamlError(f"holds more than the {MAX_VALUES} values that are taken")
        if depth > MAX_DEPTH:
            raise PlainYamlError(f"is nested deeper than the {MAX_DEPTH} levels that are taken")
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                odd = next(key for key in value if not isinstance(key, str))
                raise PlainYamlError("the names of fields are texts; put it in quotes", str(odd))
            waiting.extend((inner, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in value)


class _Loader(yaml.SafeLoader):
    """Takes JSON's types only, and no key that stands twice."""

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
