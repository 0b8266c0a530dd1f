"""Reads a multipart body (RFC 7578) as it comes in: nothing is spooled, the file goes straight to the store."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from api_server.problems import BadRequestError, FieldError, InvalidRequestError

MAX_HEADER_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class PartBegins:
    """A part of the form begins."""

    field: str
    file_name: str | None
    content_type: str


@dataclass(frozen=True, slots=True)
class PartData:
    """Some bytes of the part that began last."""

    data: bytes


Piece = PartBegins | PartData


@dataclass
class _Headers:
    """The headers of the part whose head is being read."""

    values: dict[str, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""

    def check(self) -> None:
        if len(self.name) + len(self.value) + sum(map(len, self.values.values())) > MAX_HEADER_BYTES:
            raise BadRequestError("A part of the form has more headers than are taken here.")


class MultipartReader:
    """Feed it chunks, get the pieces that they complete.

    Args:
        content_type: the request's header; InvalidRequestError when it is no multipart form with a boundary.
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            message = "is required: send multipart/form-data with a part named 'file'"
            raise InvalidRequestError(errors=[FieldError("file", message)])
        self._pieces: list[Piece] = []
        self._headers = _Headers()
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_end": self._on_end,
            },
        )
        self.complete = False

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Yield the pieces in ``chunk``; BadRequestError when it is no multipart."""
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise BadRequestError("The body is not the multipart form that its Content-Type says.") from None
        pieces, self._pieces = self._pieces, []
        yield from pieces

    def _on_part_begin(self) -> None:
        self._headers = _Headers()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._headers.name += data[start:end]
        self._headers.check()

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers.value += data[start:end]
        self._headers.check()

    def _on_header_end(self) -> None:
        headers = self._headers
        headers.values[headers.name.decode("latin-1").lower()] = headers.value
        headers.name = headers.value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.values.get("content-disposition", b""))
        file_name = options.get(b"filename")
        self._pieces.append(
            PartBegins(
                field=options.get(b"name", b"").decode(errors="replace"),
                file_name=None if file_name is None else file_name.decode(errors="replace"),
                content_type=self._headers.values.get("content-type", b"").decode("latin-1"),
            )
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(PartData(data[start:end]))

    def _on_end(self) -> None:
        self.complete = True
