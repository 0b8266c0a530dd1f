"""Which keys a host may show: pinned ones, certificates of pinned authorities, never revoked ones."""

import base64
import binascii
import hashlib
import time
from dataclasses import dataclass
from typing import Final

import paramiko
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind

_SIGNATURES: Final = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""A key type that is signed with under other names."""
_CERTIFICATE: Final = "-cert-v01@openssh.com"
_AUTHORITY: Final = "@cert-authority"
_REVOKED: Final = "@revoked"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as it stands in known_hosts."""

    type: str
    blob: bytes

    @classmethod
    def of(cls, key: paramiko.PKey) -> "PublicKey":
        """Return the key that paramiko holds."""
        return cls(key.get_name(), key.asbytes())

    @property
    def fingerprint(self) -> str:
        """The fingerprint as ``ssh-keygen -l`` prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def line(self) -> str:
        """The key as it is pinned."""
        return f"{self.type} {base64.b64encode(self.blob).decode()}"

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Pins:
    """What one host may show."""

    host: str
    port: int
    keys: frozenset[PublicKey]
    authorities: frozenset[PublicKey]
    revoked: frozenset[PublicKey]

    @classmethod
    def read(cls, host: str, port: int, lines: tuple[str, ...]) -> "Pins":
        """Read pinned lines; PERMANENT says which one is wrong and what would be right."""
        sorted_out: dict[str, set[PublicKey]] = {"": set(), _AUTHORITY: set(), _REVOKED: set()}
        for line in lines:
            words = line.split()
            marker = words.pop(0) if words and words[0] in sorted_out else ""
            key = _parsed(words)
            if key is None:
                raise _unreadable(host, line)
            sorted_out[marker].add(key)
        return cls(host, port, *(frozenset(sorted_out[marker]) for marker in ("", _AUTHORITY, _REVOKED)))

    def restrict(self, transport: paramiko.Transport) -> None:
        """Ask the host for what could be trusted, so that a key of another type is not mistaken for a foreign one."""
        options = transport.get_security_options()
        signed = tuple(f"{name}{_CERTIFICATE}" for name in options.key_types) if self.authorities else ()
        wanted = {name for key in self.keys for name in _SIGNATURES.get(key.type, (key.type,))}
        chosen = signed + tuple(name for name in options.key_types if name in wanted)
        if chosen:
            options.key_types = chosen

    def check(self, shown: paramiko.PKey) -> None:
        """Let pass a key that is trusted.

        Raises:
            TaskError: HOST_KEY, with both fingerprints. ``detail`` is the key's line where none was pinned yet.
        """
        key = PublicKey.of(shown)
        certificate = getattr(shown, "public_blob", None)
        if certificate is not None:
            if trouble := self._trouble_with(certificate.key_type, certificate.key_blob):
                raise self.mismatch(f"a certificate that {trouble}")
            return
        if key in self.revoked:
            raise self.mismatch(f"the {key}, which is revoked")
        if key in self.keys:
            return
        if not self.keys and not self.authorities:
            raise self._unconfirmed(key)
        raise self.mismatch(f"the {key}")

    def mismatch(self, shown: str) -> TaskError:
        """Return the loud, terminal error for a host that showed something else."""
        pinned = ", ".join(sorted(map(str, self.keys)) + [f"certificates of {one}" for one in self.authorities])
        return TaskError.of(
            FailureKind.HOST_KEY,
            f"{self.host}:{self.port} is not the host that was pinned: it showed {shown}, where {pinned} is trusted. "
            "Either the host was reinstalled (then pin its new key after checking it) or somebody stands in between; "
            "nothing was sent to it",
            host=self.host,
            operation="connect",
        )

    def _unconfirmed(self, key: PublicKey) -> TaskError:
        return TaskError.of(
            FailureKind.HOST_KEY,
            f"the host key of {self.host}:{self.port} has not been confirmed yet: it showed the {key}. Compare this "
            "fingerprint with the one that its operators publish, then confirm it; nothing was sent to the host",
            detail=key.line,
            host=self.host,
            operation="connect",
        )

    def _trouble_with(self, kind: str, blob: bytes) -> str | None:
        """Return why a host certificate is not trusted; None when it is (see OpenSSH's PROTOCOL.certkeys)."""
        try:
            certificate = load_ssh_public_identity(f"{kind} {base64.b64encode(blob).decode()}".encode())
            if not isinstance(certificate, SSHCertificate):
                return "is none"
            certificate.verify_cert_signature()
        except (ValueError, UnsupportedAlgorithm, InvalidSignature):
            return "is not signed as it should be"
        authority, own = _public(certificate.signature_key()), _public(certificate.public_key())
        names = {name.decode(errors="replace").lower() for name in certificate.valid_principals}
        reasons = {
            f"was signed by {authority}, not by an authority for this host": authority not in self.authorities,
            "is revoked": bool({authority, own} & self.revoked),
            "is not meant for a host": certificate.type is not SSHCertificateType.HOST,
            "has conditions that are not known here": bool(certificate.critical_options),
            "is not valid now": not certificate.valid_after <= time.time() < certificate.valid_before,
            f"is for {', '.join(sorted(names)) or 'no host'}, not for {self.host}": self.host.lower() not in names,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


def _public(key: object) -> PublicKey:
    line: bytes = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)  # type: ignore[attr-defined]  # every kind has
    kind, encoded = line.split()[:2]
    return PublicKey(kind.decode(), base64.b64decode(encoded))


def _parsed(words: list[str]) -> PublicKey | None:
    try:
        kind, encoded = words[:2]
        blob = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        return None
    length = int.from_bytes(blob[:4], "big")
    return PublicKey(kind, blob) if blob[4 : 4 + length] == kind.encode() else None


def _unreadable(host: str, line: str) -> TaskError:
    return TaskError.of(
        FailureKind.PERMANENT,
        f"the pinned host key {line[:60]!r} of {host} can't be read: "
        "write it as in known_hosts without the host names, '<type> <base64>'",
        host=host,
        operation="connect",
    )
