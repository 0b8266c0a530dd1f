"""One SSH connection: TCP, banner, key exchange, host key, authentication; a limit on each, a kind for each failure."""

import io
import logging
import socket
from collections.abc import Callable

import paramiko

from howdah.compute.abstract import Bounds, SecretSource
from howdah.compute.operation import Operation
from howdah.compute.ssh import hostkeys
from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import PasswordSecret, SshKeySecret
from howdah.contracts.failures import FailureKind
from howdah.contracts.resources import ResourceTarget

_PARAMIKO_LOG = "howdah.compute.ssh.paramiko"
_TICK_SECONDS = 0.1
_PEER_SILENCE_MS = 10_000
_KEY_TYPES: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)

# paramiko logs whole tracebacks for what is told in one sentence here.
logging.getLogger(_PARAMIKO_LOG).setLevel(logging.CRITICAL + 1)


def open_transport(target: ResourceTarget, secret: SecretSource, bounds: Bounds) -> paramiko.Transport:
    """Connect and log in. A refused credential is fetched once more, past its cache, before AUTHENTICATION.

    Nothing has any effect on the resource until this has returned, so a caller may repeat it.
    """
    try:
        return _attempt(target, secret(), bounds)
    except TaskError as error:
        if error.failure.kind is not FailureKind.AUTHENTICATION:
            raise
    return _attempt(target, secret(fresh=True), bounds)


def _attempt(target: ResourceTarget, secret: SshKeySecret | PasswordSecret, bounds: Bounds) -> paramiko.Transport:
    pins = hostkeys.pinned_keys(target)
    key = _load_key(target, secret) if isinstance(secret, SshKeySecret) else None
    limit = target.connect_timeout_seconds
    with Operation("connect", target.host, bounds, limit, expired=FailureKind.TRANSIENT) as operation:
        transport = paramiko.Transport(_dial(target, operation))
        try:
            _shake_hands(transport, target, pins, operation)
            _log_in(transport, target, key, secret, operation)
        except BaseException:
            transport.close()
            raise
        return transport


def _dial(target: ResourceTarget, operation: Operation) -> socket.socket:
    operation.check()
    try:
        dialed = socket.create_connection((target.host, target.port), timeout=max(0.1, operation.remaining_seconds()))
    except OSError as error:
        if isinstance(error, TimeoutError):
            operation.check()
        reason = error.strerror or str(error) or type(error).__name__
        raise operation.failure(FailureKind.TRANSIENT, f"failed: port {target.port}: {reason}") from None
    dialed.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    dialed.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_USER_TIMEOUT", _PEER_SILENCE_MS), ("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 5)):
        if option := getattr(socket, name, None):  # not every system has them
            dialed.setsockopt(socket.IPPROTO_TCP, option, value)
    return dialed


def _shake_hands(
    transport: paramiko.Transport,
    target: ResourceTarget,
    pins: tuple[hostkeys.PinnedKey, ...],
    operation: Operation,
) -> None:
    transport.set_log_channel(_PARAMIKO_LOG)
    transport.daemon = True
    transport.banner_timeout = transport.handshake_timeout = max(0.1, operation.remaining_seconds())
    hostkeys.restrict(transport, pins)
    try:
        transport.start_client(timeout=max(0.1, operation.remaining_seconds()))
        operation.check()
    except paramiko.ssh_exception.IncompatiblePeer as error:
        if "host key" in str(error):
            raise hostkeys.mismatch(target, f"no key of the pinned types ({', '.join(p.type for p in pins)})") from None
        raise operation.failure(FailureKind.PERMANENT, f"failed: {error}") from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        operation.check()
        if not transport.remote_version:
            what = "failed: the host accepted the connection and closed it before saying anything (too many at a time?)"
            raise operation.failure(FailureKind.THROTTLED, what, detail=str(error)) from None
        raise operation.failure(FailureKind.TRANSIENT, f"broke off in the key exchange: {words_of(error)}") from None
    shown = transport.get_remote_server_key()
    if not hostkeys.is_pinned(shown, pins):
        raise hostkeys.mismatch(target, f"the {shown.get_name()} key {shown.fingerprint}")


def _log_in(
    transport: paramiko.Transport,
    target: ResourceTarget,
    key: paramiko.PKey | None,
    secret: SshKeySecret | PasswordSecret,
    operation: Operation,
) -> None:
    username = target.username or ""
    transport.auth_timeout = max(0.1, operation.remaining_seconds())

    def offer() -> list[str]:
        if key is not None:
            return transport.auth_publickey(username, key)
        assert isinstance(secret, PasswordSecret)  # noqa: S101 - for the type checker: there are but two kinds
        return transport.auth_password(username, secret.password)

    missing = _asked(offer, transport, target, operation)
    if missing or not transport.is_authenticated():
        what = f"failed: {username} needs more than one credential ({', '.join(missing)})"
        raise operation.failure(FailureKind.AUTHENTICATION, what)


def _asked(
    offer: Callable[[], list[str]], transport: paramiko.Transport, target: ResourceTarget, operation: Operation
) -> list[str]:
    try:
        return offer()
    except paramiko.BadAuthenticationType as error:
        what = f"failed: {target.username} can't log in this way; the host allows {', '.join(error.allowed_types)}"
        raise operation.failure(FailureKind.AUTHENTICATION, what) from None
    except paramiko.AuthenticationException as error:
        operation.check()
        if not transport.is_active() and "EOF" in str(error):
            raise operation.failure(FailureKind.TRANSIENT, "broke off while logging in") from None
        what = f"failed: the host refused the credential of {target.username}"
        raise operation.failure(FailureKind.AUTHENTICATION, what, detail=str(error)) from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        operation.check()
        raise operation.failure(FailureKind.TRANSIENT, f"broke off while logging in: {words_of(error)}") from None


def _load_key(target: ResourceTarget, secret: SshKeySecret) -> paramiko.PKey:
    for key_type in _KEY_TYPES:
        try:
            return key_type.from_private_key(io.StringIO(secret.private_key), password=secret.passphrase)
        except paramiko.PasswordRequiredException:
            raise _bad_key(target, "it is encrypted and the credential has no passphrase") from None
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue  # another type of key, or none at all: the exceptions do not tell
    raise _bad_key(target, "it is no Ed25519, ECDSA or RSA key in OpenSSH or PEM text, or the passphrase is wrong")


def _bad_key(target: ResourceTarget, why: str) -> TaskError:
    return TaskError.of(
        FailureKind.AUTHENTICATION,
        f"the private key for {target.account} can't be used: {why}",
        host=target.host,
        operation="connect",
    )


def words_of(error: BaseException) -> str:
    """Return the error's text, or its name when it has none."""
    return str(error) or type(error).__name__


def is_alive(transport: paramiko.Transport, within_seconds: float) -> bool:
    """Ask the peer for a channel: any answer, even a refusal, is a sign of life."""
    try:
        transport.open_session(timeout=within_seconds).close()
    except paramiko.ChannelException:
        return True
    except (paramiko.SSHException, EOFError, OSError):
        return False
    return True


def wait_step(operation: Operation) -> float:
    """Return how long one wait may last, so that cancel and deadline are looked at often enough."""
    return max(0.001, min(_TICK_SECONDS, operation.remaining_seconds()))
