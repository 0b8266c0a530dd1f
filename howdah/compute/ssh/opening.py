"""One SSH connection: TCP, banner, key exchange, host key, authentication; a limit on each, a kind for each failure.

Over jump hosts each hop is such a connection of its own, inside the one before it.
"""

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import paramiko

from howdah.compute.abstract import Bounds, SecretSource
from howdah.compute.operation import Operation
from howdah.compute.ssh.dialing import dial
from howdah.compute.ssh.hostkeys import Pins, PublicKey
from howdah.compute.ssh.login import Login, await_step, words_of
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import CredentialId
from howdah.contracts.resources import JumpHost, ResourceTarget

_PARAMIKO_LOG = "howdah.compute.ssh.paramiko"

# paramiko logs whole tracebacks for what is told in one sentence here.
logging.getLogger(_PARAMIKO_LOG).setLevel(logging.CRITICAL + 1)

OnStep = Callable[[str, str, str, Mapping[str, str]], None]
"""Told what was passed: the step (``tcp``, ``host-key``, ``login``), the host, words about it, and facts."""


class Transport(paramiko.Transport):
    """A transport that takes the one it runs over with it when it is closed."""

    def __init__(self, sock: "socket.socket | paramiko.Channel", via: "Transport | None" = None) -> None:
        super().__init__(sock)
        self._via = via

    def close(self) -> None:
        """Close it, and the hops that led there."""
        super().close()
        if self._via is not None:
            self._via.close()


@dataclass(frozen=True, slots=True)
class _Way:
    """What all hops of one way share."""

    target: ResourceTarget
    secret: SecretSource
    bounds: Bounds
    on_step: OnStep

    def operation(self, host: str) -> Operation:
        limit = self.target.connect_timeout_seconds
        return Operation("connect", host, self.bounds, limit, expired=FailureKind.TRANSIENT)


def open_transport(
    target: ResourceTarget, secret: SecretSource, bounds: Bounds, on_step: OnStep = lambda *_: None
) -> paramiko.Transport:
    """Connect and log in, hop by hop. A refused credential is fetched once more, past its cache, before AUTHENTICATION.

    Nothing has any effect on the resource until this has returned, so a caller may repeat it.
    """
    way = _Way(target, secret, bounds, on_step)
    hops: tuple[JumpHost | ResourceTarget, ...] = (*target.jump_hosts, target)
    via: Transport | None = None
    try:
        for hop in hops:
            via = _hop(way, hop, via)
    except BaseException:
        if via is not None:
            via.close()
        raise
    assert via is not None  # noqa: S101 - for the type checker: the target itself is one
    return via


def _hop(way: _Way, hop: JumpHost | ResourceTarget, via: Transport | None) -> Transport:
    try:
        return _attempt(way, hop, via, fresh=False)
    except TaskError as error:
        if error.failure.kind is not FailureKind.AUTHENTICATION:
            raise
    return _attempt(way, hop, via, fresh=True)


def _attempt(way: _Way, hop: JumpHost | ResourceTarget, via: Transport | None, *, fresh: bool) -> Transport:
    pins = Pins.read(hop.host, hop.port, hop.host_keys)
    with way.operation(hop.host) as operation:
        sock = dial(hop.host, hop.port, operation) if via is None else _tunnel(via, hop, operation)
        way.on_step("tcp", hop.host, f"port {hop.port} answers", {})
        transport = Transport(sock)
        try:
            _shake_hands(transport, pins, operation)
            key = PublicKey.of(transport.get_remote_server_key())
            facts = {"fingerprint": key.fingerprint, "host_key": key.line}
            way.on_step("host-key", hop.host, f"the {key} is trusted", facts)
            # Fetched only now: no secret is even in memory for a host that is not the right one.
            secret = way.secret(credential_id=_credential_of(hop), fresh=fresh)
            Login(hop.username or "", hop.host, secret).log_in(transport, operation)
            way.on_step("login", hop.host, f"logged in as {hop.username}", {})
        except BaseException:
            transport.close()
            raise
        transport._via = via  # noqa: SLF001 - only now: a refused login is tried again over the same hops
        return transport


def _credential_of(hop: JumpHost | ResourceTarget) -> CredentialId | None:
    return hop.credential_id if isinstance(hop, JumpHost) else None


def _tunnel(via: Transport, hop: JumpHost | ResourceTarget, operation: Operation) -> paramiko.Channel:
    """Have the last hop open the connection to the next (RFC 4254, 7.2)."""
    middle = f"the jump host {via.getpeername()[0]}"
    try:
        return via.open_channel(
            "direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=max(0.1, operation.remaining_seconds())
        )
    except paramiko.ChannelException as error:
        if error.code == 1:  # administratively prohibited
            what = f"failed: {middle} does not let connections through (AllowTcpForwarding, PermitOpen)"
            raise operation.failure(FailureKind.PERMANENT, what) from None
        what = f"failed: {middle} could not connect to port {hop.port}: {error.text}"
        raise operation.failure(FailureKind.TRANSIENT, what) from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        operation.check()
        what = f"failed: the way over {middle} broke off: {words_of(error)}"
        raise operation.failure(FailureKind.TRANSIENT, what) from None


def _shake_hands(transport: Transport, pins: Pins, operation: Operation) -> None:
    transport.set_log_channel(_PARAMIKO_LOG)
    transport.daemon = True
    transport.banner_timeout = transport.handshake_timeout = max(0.1, operation.remaining_seconds())
    pins.restrict(transport)
    try:
        await_step(transport, operation, lambda done: transport.start_client(event=done))
    except paramiko.ssh_exception.IncompatiblePeer as error:
        if "host key" in str(error):
            raise pins.mismatch("no key of a type that is trusted") from None
        raise operation.failure(FailureKind.PERMANENT, f"failed: {error}") from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        operation.check()
        if not transport.remote_version:
            what = "failed: the host accepted the connection and closed it before saying anything"
            raise operation.failure(FailureKind.THROTTLED, what, detail=str(error)) from None
        raise operation.failure(FailureKind.TRANSIENT, f"broke off in the key exchange: {words_of(error)}") from None
    pins.check(transport.get_remote_server_key())


def is_alive(transport: paramiko.Transport, within_seconds: float) -> bool:
    """Ask the peer for a channel: any answer, even a refusal, is a sign of life."""
    try:
        transport.open_session(timeout=within_seconds).close()
    except paramiko.ChannelException:
        return True
    except (paramiko.SSHException, EOFError, OSError):
        return False
    return True
