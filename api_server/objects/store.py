"""Where the bytes of files live: a local folder or S3, behind one interface and fsspec.

Keys are paths below the store's root. A URI ``howdah://objects/<key>`` names an object on the wire.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from howdah.contracts.exchange import Access


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    size_bytes: int
    sha256: str


class ObjectWriter(Protocol):
    """An object in the making: nobody sees it before ``commit``. Blocking; one thread at a time."""

    def write(self, chunk: bytes) -> None:
        """Append; TooLargeError when the object would have more bytes than it may."""
        ...

    def commit(self) -> Written:
        """Make it visible under its key, in one step, replacing what was there."""
        ...

    def abort(self) -> None:
        """Throw it away. Harmless after ``commit``."""
        ...


class ObjectStore(Protocol):
    """Objects by key. Every method raises NotFoundError for a key that is no key, or where there is no object."""

    def write(self, key: str, limit_bytes: int) -> ObjectWriter:
        """Begin to write an object of at most ``limit_bytes``."""
        ...

    def size(self, key: str) -> int:
        """Return the number of bytes."""
        ...

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` up to, not including, ``end``."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens where there is none."""
        ...

    def sign(self, key: str, access: Access, seconds: int) -> tuple[str, datetime]:
        """Return a URL that reads or writes the object without further credentials, and when it ends."""
        ...
