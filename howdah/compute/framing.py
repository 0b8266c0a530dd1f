"""Telling a script's answer from the noise of login shells: it begins after a line with a random marker."""

import hashlib
import secrets
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

_SEARCHED_BYTES = 1 << 20
"""How much noise is borne before the marker."""


def new_marker() -> str:
    """Return a marker that no output contains by chance."""
    return f"howdah-answer-{secrets.token_hex(12)}"


def framed(script: str, variables: Mapping[str, str], marker: str) -> bytes:
    """Return the text to feed to ``sh -s``.

    The parentheses make the shell read it whole before it runs any of it, so that a cut transfer runs nothing; and an
    ``exit`` in the script leaves only them, so that the shell ends after the end of its input (see ``command_line``).
    """
    assignments = "\n".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return (f"(\nprintf '\\n%s\\n' {shlex.quote(marker)}\n{assignments}\n{script}\n) </dev/null\n").encode(
        "utf-8", "surrogateescape"
    )


_TO_THE_END_OF_INPUT = '"$@"; status=$?; cat >/dev/null; exit $status'


def command_line(argv: Sequence[str], environment: Mapping[str, str], *, fed: bool) -> str:
    """Return ``argv`` for a login shell, which it replaces, so that nothing is said after it.

    Without input (not ``fed``) the command reads nothing and no end of input is sent to it. One that is fed must not
    end before its input does, which ``sh -s`` and the file transfers see to themselves and ``to_the_end`` for others:
    paramiko sends an end of input outside its locks, and when the channel was closed in between, sshd ends the whole
    connection ("ieof packet referred to nonexistent channel": twice in 3,000 scripts on eight threads here) or takes it
    for the end of another thread's new channel of the same number.
    """
    assignments = [f"{name}={value}" for name, value in environment.items()]
    line = "exec " + shlex.join(["env", *assignments, *argv] if assignments else argv)
    return line if fed else f"{line} </dev/null"


def to_the_end(argv: Sequence[str]) -> Sequence[str]:
    """Return a command that does as ``argv`` does and then reads what is left of its input."""
    return ["sh", "-c", _TO_THE_END_OF_INPUT, "howdah", *argv]


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
