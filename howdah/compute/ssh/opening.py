"""One SSH connection: TCP, banner, key exchange, host key, authentication; a limit on each, a kind for each failure."""

import contextlib
import errno
import io
import logging
import os
import select
import socket
import threading
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
    """Open the TCP connection: every address in turn, looking at cancel and time limit all the while."""
    try:
        addresses = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _unreachable(operation, target, error) from None
    trouble: OSError | None = None
    for family, kind, protocol, _, address in addresses:
        dialed = socket.socket(family, kind, protocol)
        try:
            dialed.setblocking(False)
            trouble = _connected(dialed, address, operation)
            if trouble is None:
                _set_options(dialed)
                return dialed
        except BaseException:
            dialed.close()
            raise
        dialed.close()
    raise _unreachable(operation, target, trouble or OSError("no address"))


def _connected(dialed: socket.socket, address: object, operation: Operation) -> OSError | None:
    code = dialed.connect_ex(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
    while code in {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY}:
        operation.check()
        _, writable, _ = select.select([], [dialed], [], wait_step(operation))
        if writable:
            code = dialed.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            break
    if code in {0, errno.EPIPE, errno.ECONNRESET}:
        return None  # accepted and perhaps closed again: what that means is told where the banner is read
    return OSError(code, os.strerror(code))


def _set_options(dialed: socket.socket) -> None:
    dialed.settimeout(None)
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    for name, value in (("TCP_USER_TIMEOUT", _PEER_SILENCE_MS), ("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 5)):
        if option := getattr(socket, name, None):  # not every system has them
            options.append((socket.IPPROTO_TCP, option, value))
    # On a connection that is reset already this fails; that is told better when it is read from.
    with contextlib.suppress(OSError):
        for level, option, value in options:
            dialed.setsockopt(level, option, value)


def _unreachable(operation: Operation, target: ResourceTarget, error: OSError) -> TaskError:
    reason = error.strerror or words_of(error)
    return operation.failure(FailureKind.TRANSIENT, f"failed: port {target.port}: {reason}")


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
        _await(transport, operation, lambda done: transport.start_client(event=done))
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
            _await(transport, operation, lambda done: transport.auth_publickey(username, key, done))
            if not transport.is_authenticated():
                raise paramiko.AuthenticationException("the host refused the key")
            return []
        assert isinstance(secret, PasswordSecret)  # noqa: S101 - for the type checker: there are but two kinds
        return transport.auth_password(username, secret.password)

    missing = _asked(offer, transport, target, operation)
    if missing or not transport.is_authenticated():
        what = f"failed: {username} needs more than one credential ({', '.join(missing)})"
        raise operation.failure(FailureKind.AUTHENTICATION, what)


def _await(transport: paramiko.Transport, operation: Operation, begin: Callable[[threading.Event], object]) -> None:
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
