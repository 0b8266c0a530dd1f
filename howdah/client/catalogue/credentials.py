"""Secrets from local files into requests, and whether a stored key is that of a file. No secret gets into an error."""

import base64
import binascii
import struct
from typing import Final

from howdah.client.catalogue.documents import CredentialDocument
from howdah.client.catalogue.errors import DocumentsError
from howdah.client.catalogue.reading import Document
from howdah.client.models import Credential

MAX_SECRET_BYTES: Final = 64 << 10
_OPENSSH_MAGIC: Final = b"openssh-key-v1\x00"
_OPENSSH_BEGIN: Final = "-----BEGIN OPENSSH PRIVATE KEY-----"
_OPENSSH_END: Final = "-----END OPENSSH PRIVATE KEY-----"


def credential_body(document: Document, body: CredentialDocument) -> dict[str, object]:
    """Return the request that makes the credential."""
    request: dict[str, object] = {"name": body.name, "kind": body.type}
    if body.answer_files:
        request["answers"] = [
            {"prompt": prompt, "answer": _secret(document, f"answer_files.{prompt}", name).rstrip("\r\n")}
            for prompt, name in body.answer_files.items()
        ]
    if body.generate:
        return {**request, "generate": True}
    if body.type == "password":
        if body.password_file is None:
            raise _needed(document, body, "password_file")
        return {**request, "password": _secret(document, "password_file", body.password_file).rstrip("\r\n")}
    if body.private_key_file is None:
        raise _needed(document, body, "private_key_file")
    request["private_key"] = _secret(document, "private_key_file", body.private_key_file)
    if body.certificate_file is not None:
        request["certificate"] = _secret(document, "certificate_file", body.certificate_file)
    if body.passphrase_file is not None:
        request["passphrase"] = _secret(document, "passphrase_file", body.passphrase_file).rstrip("\r\n")
    return request


def is_same_key(document: Document, body: CredentialDocument, known: Credential) -> bool:
    """Tell whether the stored key is that of the document's file; True where it can't be told."""
    if body.private_key_file is None or known.public_key is None:
        return True
    public = public_key_of(_secret(document, "private_key_file", body.private_key_file))
    return public is None or known.public_key.split()[:2] == public.split()


def public_key_of(private_key: str) -> str | None:
    """Return ``<type> <base64>`` of a key in OpenSSH's format, whose public half is not encrypted; else None.

    The format is described in OpenSSH's PROTOCOL.key.
    """
    text = private_key.strip()
    if not text.startswith(_OPENSSH_BEGIN) or not text.endswith(_OPENSSH_END):
        return None
    try:
        data = base64.b64decode("".join(text[len(_OPENSSH_BEGIN) : -len(_OPENSSH_END)].split()), validate=True)
        if not data.startswith(_OPENSSH_MAGIC):
            return None
        rest = data[len(_OPENSSH_MAGIC) :]
        for _ in range(3):  # cipher, key derivation and its options
            _, rest = _string(rest)
        public, _ = _string(rest[4:])  # behind the number of keys
        kind, _ = _string(public)
        return f"{kind.decode('ascii')} {base64.b64encode(public).decode()}"
    except (struct.error, binascii.Error, ValueError):
        return None


def _string(data: bytes) -> tuple[bytes, bytes]:
    """Return the length-prefixed string at the start, and what follows it."""
    (length,) = struct.unpack_from(">I", data)
    if 4 + length > len(data):
        raise ValueError("the key ends too early")
    return data[4 : 4 + length], data[4 + length :]


def _secret(document: Document, field: str, name: str) -> str:
    path = document.beside(name)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise DocumentsError([document.error(field, f"{path} can't be read: {error.strerror or error}")]) from None
    if len(data) > MAX_SECRET_BYTES:
        raise DocumentsError([document.error(field, f"{path} is larger than any key or password")])
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DocumentsError([document.error(field, f"{path} is no text")]) from None


def _needed(document: Document, body: CredentialDocument, field: str) -> DocumentsError:
    message = f"needed, since there is no credential named {body.name!r} yet"
    return DocumentsError([document.error(field, message)])
