"""Pinned host keys: read as they stand in known_hosts or come from ssh-keyscan, kept as ``HostKeyLine``."""

import base64
import binascii
import fnmatch
import hashlib
import hmac
from typing import Annotated, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import AfterValidator, StringConstraints

_TYPES: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
_FORM: Final = f"must be '<type> <base64>' with a type of {', '.join(_TYPES)}"
_MARKERS: Final = ("@cert-authority", "@revoked")
_SSH_PORT: Final = 22


def read_host_key(line: str) -> str:
    """Return the line as it is kept; ValueError says what is wrong. Host names before and a comment after are dropped.

    ``@cert-authority`` and ``@revoked`` before it are kept.
    """
    words = line.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    if marker and marker not in _MARKERS:
        raise ValueError(f"{marker} is no marker of known_hosts; there are {' and '.join(_MARKERS)}")
    if len(words) > 1 and words[0] not in _TYPES and words[1] in _TYPES:
        words = words[1:]
    if len(words) < 2 or words[0] not in _TYPES:  # noqa: PLR2004 - the type and the key
        raise ValueError(_FORM)
    text = f"{words[0]} {words[1]}"
    try:
        load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"the base64 is no {words[0]} key: it is damaged, cut off or of another type") from None
    return f"{marker} {text}".lstrip()


def fingerprint(line: str) -> str:
    """Return the fingerprint of a kept line, as ``ssh-keygen -l`` prints it."""
    blob = base64.b64decode(line.rsplit(maxsplit=1)[-1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def keys_in_known_hosts(text: str, host: str, port: int) -> tuple[str, ...]:
    """Return the lines of a known_hosts file that are about the host, as they are kept (see sshd(8)).

    Names may be patterns, negated, hashed, or bracketed with a port. ValueError names the line that can't be read, and
    says when no line is about the host.
    """
    name = host.lower() if port == _SSH_PORT else f"[{host.lower()}]:{port}"
    found: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        names = words[1] if words[0].startswith("@") and len(words) > 1 else words[0]
        if not _is_about(names, name):
            continue
        try:
            found[read_host_key(line)] = None
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
    if not found:
        raise ValueError(f"no line of it is about {name}; ssh-keyscan -p {port} {host} shows the host's keys")
    return tuple(found)


def _is_about(names: str, host: str) -> bool:
    if names.startswith("|1|"):
        return _is_hash_of(names, host)
    patterns = names.lower().split(",")
    if any(pattern.startswith("!") and _matches(host, pattern[1:]) for pattern in patterns):
        return False
    return any(_matches(host, pattern) for pattern in patterns)


def _matches(host: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(host, pattern.replace("[", "[[]"))


def _is_hash_of(names: str, host: str) -> bool:
    """Tell whether a hashed name (HMAC-SHA1 with a salt of its own, OpenSSH's HashKnownHosts) is the host's."""
    try:
        _, _, salt, digest = names.split("|")
        made = hmac.digest(base64.b64decode(salt, validate=True), host.encode(), "sha1")
        return hmac.compare_digest(made, base64.b64decode(digest, validate=True))
    except (ValueError, binascii.Error):
        return False


HostKey = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(read_host_key)]
