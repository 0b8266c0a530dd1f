"""Pinned host keys: the only keys that a host may show."""

import base64
import binascii
import hmac
from dataclasses import dataclass

import paramiko

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.resources import ResourceTarget

_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""A key type that is signed with under other names."""


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A public key as it was pinned."""

    type: str
    blob: bytes


def pinned_keys(target: ResourceTarget) -> tuple[PinnedKey, ...]:
    """Read the target's pinned keys; PERMANENT says which line is wrong and what would be right."""
    return tuple(_parsed(target, line) for line in target.host_keys)


def _parsed(target: ResourceTarget, line: str) -> PinnedKey:
    fields = line.split()
    try:
        blob = base64.b64decode(fields[1], validate=True)
        length = int.from_bytes(blob[:4], "big")
    except (IndexError, binascii.Error, ValueError):
        raise _unreadable(target, line) from None
    if blob[4 : 4 + length] != fields[0].encode():
        raise _unreadable(target, line)
    return PinnedKey(fields[0], blob)


def _unreadable(target: ResourceTarget, line: str) -> TaskError:
    return TaskError.of(
        FailureKind.PERMANENT,
        f"the pinned host key {line[:60]!r} of {target.host} can't be read: "
        "write it as in known_hosts without the host names, '<type> <base64>'",
        host=target.host,
        operation="connect",
    )


def restrict(transport: paramiko.Transport, pins: tuple[PinnedKey, ...]) -> None:
    """Ask the host for a key of a pinned type, so that one of another type is not mistaken for a foreign one."""
    options = transport.get_security_options()
    wanted = {name for pin in pins for name in _SIGNATURES.get(pin.type, (pin.type,))}
    chosen = tuple(name for name in options.key_types if name in wanted)
    if chosen:
        options.key_types = chosen


def is_pinned(key: paramiko.PKey, pins: tuple[PinnedKey, ...]) -> bool:
    """Tell whether the host's key is one of the pinned."""
    return any(hmac.compare_digest(key.asbytes(), pin.blob) for pin in pins)


def mismatch(target: ResourceTarget, shown: str) -> TaskError:
    """Return the loud, terminal error for a host that showed another key."""
    return TaskError.of(
        FailureKind.HOST_KEY,
        f"{target.host}:{target.port} is not the host that was pinned: it showed {shown}. Either the host was "
        "reinstalled (then pin its new key after checking it) or somebody stands in between; nothing was sent to it",
        host=target.host,
        operation="connect",
    )
