"""Envelope encryption of credentials: AES-256-GCM, a data key for each secret, wrapped by the master key.

The row's id and its gateway are bound in as associated data, so that a ciphertext that was moved to another row or
another gateway does not open. Clear text lives only in return values.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from howdah.contracts.errors import HowdahError

_NONCE_BYTES: Final = 12
_KEY_BITS: Final = 256


class UnreadableSecretError(HowdahError):
    """A credential can't be opened: its master key is gone, or the row was tampered with."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is stored."""

    wrapped_key: bytes
    ciphertext: bytes
    master_key_id: str


def key_id(master_key: bytes) -> str:
    """Return the name of a master key: tells which one a row needs, and nothing about the key."""
    return hashlib.sha256(b"howdah master key id\x00" + master_key).hexdigest()[:16]


class Vault:
    """Seals and opens. The first master key seals; the others still open what they sealed (rotation)."""

    def __init__(self, master_keys: Sequence[bytes]) -> None:
        self._masters = {key_id(key): AESGCM(key) for key in master_keys}
        self._current = key_id(master_keys[0])

    def seal(self, secret: bytes, *, credential_id: str, gateway_id: str) -> Sealed:
        """Encrypt ``secret`` for the row."""
        data_key = AESGCM.generate_key(_KEY_BITS)
        bound = _bound(credential_id, gateway_id)
        return Sealed(
            wrapped_key=_encrypt(self._masters[self._current], data_key, b"key" + bound),
            ciphertext=_encrypt(AESGCM(data_key), secret, b"secret" + bound),
            master_key_id=self._current,
        )

    def open(self, sealed: Sealed, *, credential_id: str, gateway_id: str) -> bytes:
        """Decrypt the secret of the row; UnreadableSecretError when that is impossible."""
        master = self._masters.get(sealed.master_key_id)
        if master is None:
            raise UnreadableSecretError(
                f"credential {credential_id} is sealed with the master key {sealed.master_key_id}, which this process "
                "does not have: put it into HOWDAH_MASTER_KEYS_OLD"
            )
        bound = _bound(credential_id, gateway_id)
        try:
            data_key = _decrypt(master, sealed.wrapped_key, b"key" + bound)
            return _decrypt(AESGCM(data_key), sealed.ciphertext, b"secret" + bound)
        except InvalidTag:
            raise UnreadableSecretError(f"credential {credential_id} does not open: its row was altered") from None

    def rewrap(self, sealed: Sealed, *, credential_id: str, gateway_id: str) -> Sealed:
        """Return the same secret under the current master key (with a fresh data key)."""
        secret = self.open(sealed, credential_id=credential_id, gateway_id=gateway_id)
        return self.seal(secret, credential_id=credential_id, gateway_id=gateway_id)


def _bound(credential_id: str, gateway_id: str) -> bytes:
    return f"\x00{gateway_id}\x00{credential_id}".encode()


def _encrypt(cipher: AESGCM, clear: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, clear, bound)


def _decrypt(cipher: AESGCM, stored: bytes, bound: bytes) -> bytes:
    return cipher.decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], bound)
