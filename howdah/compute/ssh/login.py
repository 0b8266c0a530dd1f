"""Logging in: a key, with a certificate perhaps, a password, and the answers to whatever else the host asks."""

import base64
import binascii
import io
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import paramiko
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity
from paramiko.pkey import PublicBlob

from howdah.compute.operation import Operation
from howdah.compute.ssh.dialing import wait_step
from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import PasswordSecret, SshKeySecret
from howdah.contracts.failures import FailureKind

_KEY_TYPES: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_INTERACTIVE = "keyboard-interactive"


def words_of(error: BaseException) -> str:
    """Return the error's text, or its name when it has none."""
    return str(error) or type(error).__name__


def await_step(transport: paramiko.Transport, operation: Operation, begin: Callable[[threading.Event], object]) -> None:
    """Wait for one of paramiko's steps, looking at cancel and time limit; raise what it ended with."""
    done = threading.Event()
    begin(done)
    while not done.wait(wait_step(operation)) and transport.is_active():
        operation.check()
    error = transport.get_exception()
    if error is not None:
        raise error
    if not transport.is_active():
        raise EOFError("the connection was closed")


class Login:
    """One account with its secret. Nothing of the secret gets into an error."""

    def __init__(self, username: str, host: str, secret: SshKeySecret | PasswordSecret) -> None:
        self._username = username
        self._host = host
        self._secret = secret
        self._unanswered: list[str] = []
        self._key = self._load_key(secret) if isinstance(secret, SshKeySecret) else None

    def log_in(self, transport: paramiko.Transport, operation: Operation) -> None:
        """Log in; AUTHENTICATION with what the host wants, TRANSIENT when the connection broke off."""
        transport.auth_timeout = max(0.1, operation.remaining_seconds())
        try:
            missing = self._first(transport, operation)
            if missing and _INTERACTIVE in missing and self._secret.answers:
                missing = self._interactive(transport)
        except paramiko.BadAuthenticationType as error:
            what = f"failed: {self._username} can't log in this way; the host allows {', '.join(error.allowed_types)}"
            raise operation.failure(FailureKind.AUTHENTICATION, what) from None
        except paramiko.AuthenticationException as error:
            operation.check()
            raise self._refused(transport, operation, error) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            operation.check()
            raise operation.failure(FailureKind.TRANSIENT, f"broke off while logging in: {words_of(error)}") from None
        if missing or not transport.is_authenticated():
            what = f"failed: {self._username} needs more than one credential ({', '.join(missing)})"
            raise operation.failure(FailureKind.AUTHENTICATION, what)

    def _first(self, transport: paramiko.Transport, operation: Operation) -> list[str]:
        """Offer the secret; return what the host wants besides."""
        key = self._key
        if key is not None:
            try:
                await_step(transport, operation, lambda done: transport.auth_publickey(self._username, key, done))
            except paramiko.ssh_exception.PartialAuthentication as more:
                return list(more.allowed_types)
            if not transport.is_authenticated():
                raise paramiko.AuthenticationException("the host refused the key")
            return []
        assert isinstance(self._secret, PasswordSecret)  # noqa: S101 - for the type checker: there are but two kinds
        try:
            return transport.auth_password(self._username, self._secret.password, fallback=False)
        except paramiko.BadAuthenticationType as error:
            if _INTERACTIVE not in error.allowed_types:
                raise
        return self._interactive(transport)

    def _interactive(self, transport: paramiko.Transport) -> list[str]:
        def answer(_title: str, _instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
            return [self._answer(prompt, echoed=echoed) for prompt, echoed in prompts]

        return transport.auth_interactive(self._username, answer)

    def _answer(self, prompt: str, *, echoed: bool) -> str:
        for known in self._secret.answers:
            if known.prompt.lower() in prompt.lower():
                return known.answer
        if isinstance(self._secret, PasswordSecret) and not echoed:
            return self._secret.password
        self._unanswered.append("".join(char for char in prompt if char.isprintable()).strip()[:100])
        return ""

    def _refused(self, transport: paramiko.Transport, operation: Operation, error: Exception) -> TaskError:
        if not transport.is_active() and "EOF" in str(error):
            return operation.failure(FailureKind.TRANSIENT, "broke off while logging in")
        what = f"failed: the host refused the credential of {self._username}"
        if self._unanswered:
            asked = ", ".join(map(repr, self._unanswered))
            what += f"; it asked {asked}, to which the credential has no answer"
        return operation.failure(FailureKind.AUTHENTICATION, what, detail=str(error))

    def _load_key(self, secret: SshKeySecret) -> paramiko.PKey:
        for key_type in _KEY_TYPES:
            try:
                key = key_type.from_private_key(io.StringIO(secret.private_key), password=secret.passphrase)
            except paramiko.PasswordRequiredException:
                raise self._unusable("private key", "it is encrypted and the credential has no passphrase") from None
            except (paramiko.SSHException, ValueError, IndexError, TypeError):
                continue  # another type of key, or none at all: the exceptions do not tell
            if secret.certificate is not None:
                self._certify(key, secret.certificate)
            return key
        why = "it is no Ed25519, ECDSA or RSA key in OpenSSH or PEM text, or the passphrase is wrong"
        raise self._unusable("private key", why)

    def _certify(self, key: paramiko.PKey, text: str) -> None:
        try:
            certificate = load_ssh_public_identity(text.encode())
            blob = PublicBlob.from_string(text)
            if not isinstance(certificate, SSHCertificate) or base64.b64decode(text.split()[1]) != blob.key_blob:
                raise self._unusable("certificate", "it is none")
            key.load_certificate(text)
        except (ValueError, IndexError, binascii.Error, paramiko.SSHException) as error:
            raise self._unusable("certificate", f"it is damaged or of another key ({words_of(error)})") from None
        if not certificate.valid_after <= time.time() < certificate.valid_before:
            until = f"{datetime.fromtimestamp(min(certificate.valid_before, 253_402_300_799), UTC):%Y-%m-%d %H:%M} UTC"
            raise self._unusable("certificate", f"it is not valid now, but until {until}; have a new one issued")

    def _unusable(self, what: str, why: str) -> TaskError:
        return TaskError.of(
            FailureKind.AUTHENTICATION,
            f"the {what} for {self._username} on {self._host} can't be used: {why}",
            host=self._host,
            operation="connect",
        )
