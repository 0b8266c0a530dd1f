"""What an input file may be: the words of a source, and what is wrong with those that are none. Pure.

``howdah://objects/…`` an uploaded file · ``howdah://products/<id>`` a data product · ``howdah://storage/<name>/<path>``
a file of a registered storage resource · ``https://…`` and ``http://…`` what a web server answers.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import JsonValue, TypeAdapter, ValidationError

from howdah.contracts.paths import RelativePath
from howdah.contracts.storage import WebUrl

OBJECTS: Final = "howdah://objects/"
PRODUCTS: Final = "howdah://products/"
STORAGE: Final = "howdah://storage/"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH: Final[TypeAdapter[str]] = TypeAdapter(RelativePath)
_URL: Final[TypeAdapter[str]] = TypeAdapter(WebUrl)


class SourceKind(StrEnum):
    """What a source names."""

    OBJECT = "object"
    PRODUCT = "product"
    STORAGE = "storage"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Source:
    """A source in its parts."""

    kind: SourceKind
    text: str
    """As it was given."""
    name: str
    """The key, the product's id, the storage resource's name, or the URL."""
    path: str = ""
    """Below the storage resource's folder."""


def read_source(text: str) -> Source | None:
    """Return the source in its parts; None for what is none."""
    if text.startswith(OBJECTS):
        return Source(SourceKind.OBJECT, text, text.removeprefix(OBJECTS))
    if text.startswith(PRODUCTS):
        product_id = text.removeprefix(PRODUCTS)
        return Source(SourceKind.PRODUCT, text, product_id) if _UUID.fullmatch(product_id) else None
    try:
        if text.startswith(STORAGE):
            name, _, path = text.removeprefix(STORAGE).partition("/")
            return Source(SourceKind.STORAGE, text, name, _PATH.validate_python(path)) if name else None
        return Source(SourceKind.WEB, text, _URL.validate_python(text))
    except ValidationError:
        return None


def file_name_of(source: Source) -> str:
    """Return what the file is called, as far as the source tells."""
    whole = source.path or (urlsplit(source.text).path if source.kind is SourceKind.WEB else source.name)
    name = unquote(whole.rstrip("/").rsplit("/", 1)[-1])
    return name if "/" not in name else ""


def why_no_source(value: JsonValue) -> str:
    """Return what is wrong with a value that names no file that there is."""
    if not isinstance(value, str):
        return f"must be the source of a file: a URI that begins with {OBJECTS}, {PRODUCTS}, {STORAGE} or https://"
    source = read_source(value)
    match source.kind if source else None:
        case SourceKind.OBJECT:
            return "no file of this gateway has this URI; upload it first, then use the URI of the answer"
        case SourceKind.PRODUCT:
            return "no data product of this gateway has this id and a replica that can be read"
        case SourceKind.STORAGE:
            return "no enabled storage resource of this gateway has this name"
        case _:
            return (
                f"is no source of a file: it must be {OBJECTS}… (what an upload answers), {PRODUCTS}<id>, "
                f"{STORAGE}<name>/<path>, or a web address without a user name"
            )
