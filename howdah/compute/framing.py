"""Telling a script's answer from the noise of login shells: it begins after a line with a random marker."""

import hashlib
import secrets
from collections.abc import Callable, Iterable

_SEARCHED_BYTES = 1 << 20
"""How much noise is borne before the marker."""


def new_marker() -> str:
    """Return a marker that no output contains by chance."""
    return f"howdah-answer-{secrets.token_hex(12)}"


def after_marker(marker: str, script: str) -> str:
    """Return the script with the marker's line before all that it prints."""
    return f"printf '\\n%s\\n' {marker}\n{script}"


class AfterMarker:
    """Hands on what follows the marker's line; ``seen`` says whether it came."""

    def __init__(self, marker: str, on_bytes: Callable[[bytes], None]) -> None:
        self._needle = f"\n{marker}\n".encode()
        self._on_bytes = on_bytes
        self._held = b""
        self.seen = False

    def __call__(self, data: bytes) -> None:
        """Take in output."""
        if self.seen:
            self._on_bytes(data)
            return
        self._held += data
        noise, found, rest = self._held.partition(self._needle)
        if found:
            self.seen, self._held = True, b""
            if rest:
                self._on_bytes(rest)
        elif len(noise) > _SEARCHED_BYTES:
            self._held = noise[-len(self._needle) :]

    @property
    def noise(self) -> str:
        """What stood before the marker, as far as it is still held."""
        return self._held.decode(errors="replace").strip()


class Capped:
    """Keeps output up to a limit and counts the rest away."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self.truncated = False

    def __call__(self, data: bytes) -> None:
        """Take in output."""
        room = self._limit - len(self._kept)
        self._kept += data[:room]
        self.truncated = self.truncated or len(data) > room

    @property
    def value(self) -> bytes:
        """What was kept."""
        return bytes(self._kept)


class Digested:
    """Counts and digests the bytes that pass."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        """Take bytes in."""
        self._digest.update(data)
        self.size_bytes += len(data)

    def through(self, chunks: Iterable[bytes], on_total: Callable[[int], None]) -> Iterable[bytes]:
        """Yield the chunks, counted."""
        for chunk in chunks:
            self.add(chunk)
            on_total(self.size_bytes)
            yield chunk

    @property
    def sha256(self) -> str:
        """The digest in hex."""
        return self._digest.hexdigest()
