"""SSH private keys: read, checked, made. No error here ever shows a part of a key.

Whatever form a key comes in (OpenSSH, PKCS #1, PKCS #8, SEC 1; with a passphrase or without), it is kept as OpenSSH
text without a passphrase, inside the envelope: the one form that every transport reads.
"""

import time
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_identity,
)

from api_server.problems import FieldError, InvalidRequestError

MIN_RSA_BITS: Final = 2_048
_NEEDS: Final = "must be an SSH private key in OpenSSH or PEM form"
_Key = Ed25519PrivateKey | RSAPrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key in OpenSSH text and its public half as it goes into authorized_keys."""

    private_text: str
    public_text: str


def generate() -> KeyPair:
    """Make a fresh Ed25519 pair."""
    return _pair(Ed25519PrivateKey.generate())


def read(text: str, passphrase: str | None) -> KeyPair:
    """Read a private key; InvalidRequestError says what is wrong with it."""
    lines = text.strip().replace("\r\n", "\n") + "\n"
    if trouble := _obviously_not(lines):
        raise _refused("private_key", trouble)
    key = _parse(lines.encode(), passphrase.encode() if passphrase else None)
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise _refused("private_key", f"has {key.key_size} bits; an RSA key needs at least {MIN_RSA_BITS}")
    if not isinstance(key, _Key):
        raise _refused("private_key", "is of a kind that SSH servers no longer take; use Ed25519, ECDSA or RSA")
    return _pair(key)


def read_certificate(text: str, pair: KeyPair) -> str:
    """Return the line of a user certificate of this key; InvalidRequestError says what is wrong with it."""
    line = " ".join(text.split()[:2])
    try:
        certificate = load_ssh_public_identity(line.encode())
        if isinstance(certificate, SSHCertificate):
            certificate.verify_cert_signature()
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        certificate = None
    if not isinstance(certificate, SSHCertificate):
        raise _refused("certificate", "must be one line as in id_ed25519-cert.pub; this is none, or it is damaged")
    if certificate.type is not SSHCertificateType.USER:
        raise _refused("certificate", "is a host's; a user's is needed (ssh-keygen -s without -h)")
    own = certificate.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    if own != pair.public_text:
        raise _refused("certificate", "belongs to another key than the private_key")
    if certificate.valid_before <= time.time():
        raise _refused("certificate", "has expired; have a new one issued")
    return line


def _obviously_not(text: str) -> str | None:
    if text.startswith(("ssh-", "ecdsa-sha2-", "sk-")):
        return "is a public key; the private one begins with '-----BEGIN'"
    if text.startswith("PuTTY-User-Key-File"):
        return "is in PuTTY's form; convert it with 'puttygen key.ppk -O private-openssh'"
    if not text.startswith("-----BEGIN "):
        return f"{_NEEDS}: its first line begins with '-----BEGIN'"
    if not text.rstrip().endswith("-----"):
        return f"{_NEEDS}: its last line '-----END …-----' is missing"
    return None


def _parse(data: bytes, passphrase: bytes | None) -> object:
    load = load_ssh_private_key if b"BEGIN OPENSSH PRIVATE KEY" in data.split(b"\n", 1)[0] else load_pem_private_key
    try:
        return load(data, passphrase)
    except TypeError:
        # cryptography's way of saying that a passphrase is missing, or was given for a key that has none
        if passphrase is None:
            raise _refused("passphrase", "is needed: the private key is encrypted") from None
        raise _refused("passphrase", "is not needed: the private key is not encrypted; leave it out") from None
    except UnsupportedAlgorithm:
        raise _refused("private_key", f"{_NEEDS}; this kind of key or encryption is not supported") from None
    except ValueError:
        if passphrase is not None:
            raise _refused("passphrase", "does not open the private key, or the key is damaged") from None
        raise _refused("private_key", f"{_NEEDS}, and can't be read: it is damaged or cut off") from None


def _pair(key: _Key) -> KeyPair:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return KeyPair(private.decode(), public.decode())


def _refused(field: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(errors=[FieldError(field, message)])
