"""Executing commands on a pooled SSH connection."""

import contextlib
import threading
from collections.abc import Callable, Iterable, MutableMapping

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

from howdah.compute.abstract import Bounds, SecretSource
from howdah.compute.files import FileConnection
from howdah.compute.framing import Capped
from howdah.compute.operation import Operation
from howdah.compute.shell import Ended
from howdah.compute.ssh.opening import is_alive, wait_step, words_of
from howdah.compute.ssh.pool import Pooled, SshPool
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.resources import ResourceTarget

_READ_BYTES = 1 << 17
_SEND_BYTES = 1 << 15
_STDERR_BYTES = 1 << 16
_OPEN_SECONDS = 15.0
_REFUSALS_BORNE = 5
_REFUSED_PAUSE_SECONDS = 0.05
_PROBE_SECONDS = 3.0


class SshConnection(FileConnection):
    """A lease on a pooled connection; a dead one is replaced once while nothing has been asked of the host yet."""

    def __init__(
        self,
        target: ResourceTarget,
        secret: SecretSource,
        bounds: Bounds,
        homes: MutableMapping[str, str],
        pool: SshPool,
    ) -> None:
        super().__init__(target, bounds, homes)
        self._secret = secret
        self._pool = pool
        self._pooled = pool.borrow(target, secret, bounds)

    def close(self) -> None:
        """Give the connection back to the pool."""
        self._pool.give_back(self._pooled)

    def _execute(
        self, operation: Operation, line: str, chunks: Iterable[bytes] | None, on_stdout: Callable[[bytes], None]
    ) -> Ended:
        channel = self._open_channel(operation)
        pooled = self._pooled
        pooled.under_way.add(operation)
        try:
            return _Exchange(channel, operation, on_stdout).run(line, chunks)
        except TaskError as error:
            if error.failure.kind is FailureKind.TIMEOUT:
                self._pool.retire(pooled, close=not is_alive(pooled.transport, _PROBE_SECONDS))
            raise
        finally:
            pooled.under_way.discard(operation)
            # On a connection that is gone there is nobody to tell.
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                channel.close()
            pooled.gate.leave()

    def _open_channel(self, operation: Operation) -> paramiko.Channel:
        """Open a session; nothing has had an effect before, so a dead connection is quietly replaced."""
        try:
            return self._open_on(self._pooled, operation)
        except TaskError as error:
            if error.failure.kind in {FailureKind.TRANSIENT, FailureKind.TIMEOUT}:
                self._pool.retire(self._pooled, close=not self._pooled.transport.is_active())
            if error.failure.kind is not FailureKind.TRANSIENT:
                raise
        fresh = self._pool.borrow(self._target, self._secret, self._bounds)
        self._pool.give_back(self._pooled)
        self._pooled = fresh
        return self._open_on(fresh, operation)

    def _open_on(self, pooled: Pooled, operation: Operation) -> paramiko.Channel:
        for refusals in range(_REFUSALS_BORNE + 1):
            pooled.gate.enter(operation)
            try:
                channel = pooled.transport.open_session(timeout=min(_OPEN_SECONDS, operation.remaining_seconds()))
            except (paramiko.SSHException, EOFError, OSError) as error:
                pooled.gate.leave()
                operation.check()
                if not _is_refusal(error, pooled.transport):
                    raise operation.failure(FailureKind.TRANSIENT, f"failed to begin: {words_of(error)}") from None
                pooled.gate.refused()
                if refusals == _REFUSALS_BORNE:
                    what = f"failed: the host gives no further session on this connection ({words_of(error)})"
                    raise operation.failure(FailureKind.THROTTLED, what) from None
                threading.Event().wait(_REFUSED_PAUSE_SECONDS * 2**refusals)
            else:
                pooled.gate.granted()
                return channel
        raise AssertionError("the loop above returns or raises")


def _is_refusal(error: Exception, transport: paramiko.Transport) -> bool:
    """Tell a session that the host refused from a connection that is gone.

    paramiko keeps one exception per connection: of two threads refused at once, one gets a nameless error.
    """
    nameless = transport.is_active() and str(error) == "Unable to open channel."
    return isinstance(error, paramiko.ChannelException) or nameless


class _Exchange:
    """One command on one channel: feeds and drains in turn, so that neither side's window can lock the other."""

    def __init__(self, channel: paramiko.Channel, operation: Operation, on_stdout: Callable[[bytes], None]) -> None:
        self._channel = channel
        self._operation = operation
        self._on_stdout = on_stdout
        self._stderr = Capped(_STDERR_BYTES)
        self._stirred = threading.Event()

    def run(self, line: str, chunks: Iterable[bytes] | None) -> Ended:
        try:
            self._begin(line)
            if chunks is not None:
                self._feed(chunks)
            self._drain_to_the_end()
        except (paramiko.SSHException, EOFError, OSError) as error:
            self._operation.check()
            raise self._broke_off(words_of(error)) from None
        status = self._channel.exit_status
        if status < 0:
            self._operation.check()
            raise self._broke_off("the connection was lost")
        return Ended(status, self._stderr.value, self._stderr.truncated)

    def _begin(self, line: str) -> None:
        """Ask for the command without awaiting the answer: a round trip less, and no wait that has no time-out.

        A refusal closes the channel, which is seen when reading.
        """
        channel = self._channel
        channel.in_buffer.set_event(self._stirred)
        channel.in_stderr_buffer.set_event(self._stirred)
        request = paramiko.Message()
        request.add_byte(cMSG_CHANNEL_REQUEST)
        request.add_int(channel.remote_chanid)
        request.add_string("exec")
        request.add_boolean(True)
        request.add_string(line.encode("utf-8", "surrogateescape"))
        # What exec_command calls before it waits; the type stubs leave it out.
        channel.get_transport()._send_user_message(request)  # type: ignore[attr-defined]  # noqa: SLF001

    def _feed(self, chunks: Iterable[bytes]) -> None:
        channel = self._channel
        for chunk in chunks:
            self._operation.progressed()
            rest = memoryview(chunk)
            while rest:
                self._operation.check()
                self._drain()
                if channel.closed or channel.exit_status_ready():
                    return
                channel.settimeout(wait_step(self._operation))
                try:
                    sent = channel.send(bytes(rest[:_SEND_BYTES]))
                except TimeoutError:
                    continue
                rest = rest[sent:]
                self._operation.progressed()
        if not channel.closed:
            channel.shutdown_write()

    def _drain(self) -> bool:
        moved = False
        while (out := self._channel.recv_ready()) or self._channel.recv_stderr_ready():
            if out:
                self._on_stdout(self._channel.recv(_READ_BYTES))
            else:
                self._stderr(self._channel.recv_stderr(_READ_BYTES))
            self._operation.progressed()
            moved = True
        return moved

    def _drain_to_the_end(self) -> None:
        """Read until the channel is at its end, or the command has ended and what it left behind stays silent."""
        channel = self._channel
        while True:
            if self._drain():
                continue
            if channel.closed or (channel.eof_received and channel.exit_status_ready()):
                self._drain()
                return
            had_ended = channel.exit_status_ready()
            stirred = self._stirred.wait(wait_step(self._operation))
            if had_ended and not stirred:
                return
            if channel.eof_received and not had_ended:
                channel.status_event.wait(wait_step(self._operation))
            self._operation.check()

    def _broke_off(self, why: str) -> TaskError:
        what = f"broke off ({why}); whether it had its effect is unknown"
        return self._operation.failure(FailureKind.TRANSIENT, what)
