"""Pinned host keys: read as they stand in known_hosts or come from ssh-keyscan, kept as ``<type> <base64>``."""

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


def read_host_key(line: str) -> str:
    """Return ``<type> <base64>``; ValueError says what is wrong. A host name before and a comment after are dropped."""
    words = line.split()
    if words and words[0] == "@cert-authority":
        raise ValueError("certificate authorities are not supported; pin the host's own key (ssh-keyscan shows it)")
    if words and words[0].startswith("@"):
        raise ValueError(f"{words[0]} marks no key to be trusted; leave the line out")
    if len(words) > 1 and words[0] not in _TYPES and words[1] in _TYPES:
        words = words[1:]
    if len(words) < 2 or words[0] not in _TYPES:  # noqa: PLR2004 - the type and the key
        raise ValueError(_FORM)
    text = f"{words[0]} {words[1]}"
    try:
        load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"the base64 is no {words[0]} key: it is damaged, cut off or of another type") from None
    return text


HostKey = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(read_host_key)]
