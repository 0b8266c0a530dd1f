"""A source that is open: its bytes, and how many they will be where that is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

CHUNK_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Opened:
    """What is read, once, from its beginning."""

    chunks: Iterator[bytes]
    size_bytes: int | None
