"""TCP connections: every address in turn, looking at cancel and time limit, with options that notice a dead peer."""

import contextlib
import errno
import os
import select
import socket

from howdah.compute.operation import Operation
from howdah.contracts.failures import FailureKind

_TICK_SECONDS = 0.1
_PEER_SILENCE_MS = 10_000


def dial(host: str, port: int, operation: Operation) -> socket.socket:
    """Open the connection; TRANSIENT when that fails."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        what = f"failed: the name can't be resolved ({error.strerror or error}), so port {port} was not tried"
        raise operation.failure(FailureKind.TRANSIENT, what) from None
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
    reason = (trouble and (trouble.strerror or str(trouble))) or "no address"
    raise operation.failure(FailureKind.TRANSIENT, f"failed: port {port}: {reason}")


def wait_step(operation: Operation) -> float:
    """Return how long one wait may last, so that cancel and deadline are looked at often enough."""
    return max(0.001, min(_TICK_SECONDS, operation.remaining_seconds()))


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
