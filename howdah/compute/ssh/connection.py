"""Executing commands on a pooled SSH connection."""

import threading
from collections.abc import Callable, MutableMapping

import paramiko

from howdah.compute.abstract import Bounds, SecretSource
from howdah.compute.invocation import Invocation
from howdah.compute.operation import Operation
from howdah.compute.shell import Ended
from howdah.compute.ssh.exchange import run_once
from howdah.compute.ssh.login import words_of
from howdah.compute.ssh.opening import is_alive
from howdah.compute.ssh.pool import Carrier, Pooled, SshPool
from howdah.compute.ssh.pump import ChannelPump
from howdah.compute.ssh.resident import FED_BYTES, START_LINES, NoShellError, ResidentShell
from howdah.compute.staging import StagingConnection
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.resources import ResourceTarget

_OPEN_SECONDS = 15.0
_REFUSALS_BORNE = 5
_REFUSED_PAUSE_SECONDS = 0.05
_PROBE_SECONDS = 3.0


class SshConnection(StagingConnection):
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

    def _execute(self, operation: Operation, invocation: Invocation, on_stdout: Callable[[bytes], None]) -> Ended:
        carrier = self._begun(operation, invocation)
        pooled = self._pooled
        pooled.under_way.add(operation)
        try:
            if isinstance(carrier, ResidentShell):
                try:
                    return carrier.run(invocation, operation, on_stdout)
                except NoShellError:  # one that waited was ended meanwhile: nothing was run
                    pooled.keep(carrier)
                    carrier = ChannelPump(self._another_channel(pooled, operation))
            return run_once(carrier, invocation, operation, on_stdout)
        except TaskError as error:
            if error.failure.kind is FailureKind.TIMEOUT:
                self._pool.retire(pooled, close=not is_alive(pooled.transport, _PROBE_SECONDS))
            raise
        finally:
            pooled.keep(carrier)
            pooled.under_way.discard(operation)
            pooled.gate.leave()

    def _begun(self, operation: Operation, invocation: Invocation) -> Carrier:
        """Return what carries it, with a place taken; nothing has had an effect before, so a dead connection is quietly
        replaced.
        """
        try:
            return self._begun_on(self._pooled, operation, invocation)
        except TaskError as error:
            if error.failure.kind in {FailureKind.TRANSIENT, FailureKind.TIMEOUT}:
                self._pool.retire(self._pooled, close=not self._pooled.transport.is_active())
            if error.failure.kind is not FailureKind.TRANSIENT:
                raise
        fresh = self._pool.borrow(self._target, self._secret, self._bounds)
        self._pool.give_back(self._pooled)
        self._pooled = fresh
        return self._begun_on(fresh, operation, invocation)

    def _begun_on(self, pooled: Pooled, operation: Operation, invocation: Invocation) -> Carrier:
        for refusals in range(_REFUSALS_BORNE + 1):
            pooled.gate.enter(operation)
            try:
                carrier = self._carrier(pooled, operation, invocation)
            except _RefusedError as error:
                pooled.gate.leave()
                pooled.gate.refused()
                pooled.end_waiting()
                if refusals == _REFUSALS_BORNE:
                    what = f"failed: the host gives no further session on this connection ({error})"
                    raise operation.failure(FailureKind.THROTTLED, what) from None
                threading.Event().wait(_REFUSED_PAUSE_SECONDS * 2**refusals)
            except BaseException:
                pooled.gate.leave()
                raise
            else:
                pooled.gate.granted()
                return carrier
        raise AssertionError("the loop above returns or raises")

    def _carrier(self, pooled: Pooled, operation: Operation, invocation: Invocation) -> Carrier:
        if _suits_a_resident(invocation) and pooled.lets_wait:
            while (waiting := pooled.take()) is not None:
                if waiting.answers(operation):
                    return waiting
            if (started := self._started(pooled, operation)) is not None:
                return started
            pooled.lets_wait = False
        return ChannelPump(self._channel(pooled, operation))

    def _started(self, pooled: Pooled, operation: Operation) -> ResidentShell | None:
        """Return a fresh shell; None where the account lets none wait."""
        for line in START_LINES:
            shell = ResidentShell(ChannelPump(self._channel(pooled, operation)))
            try:
                shell.start(line, operation)
            except NoShellError:
                shell.close()
            except BaseException as error:
                shell.close()
                if isinstance(error, TaskError) and error.failure.kind is FailureKind.TIMEOUT:
                    # It may wait for an end of input that never comes: another command is tried without waiting shells.
                    # A connection that broke, or work that was canceled, says nothing of the account.
                    pooled.lets_wait = False
                raise
            else:
                return shell
        return None

    def _another_channel(self, pooled: Pooled, operation: Operation) -> paramiko.Channel:
        """Return a channel while a place is held already; a refusal is the operation's failure here."""
        try:
            return self._channel(pooled, operation)
        except _RefusedError as error:
            what = f"failed to begin: the host gives no further session on this connection ({error})"
            raise operation.failure(FailureKind.THROTTLED, what) from None

    @staticmethod
    def _channel(pooled: Pooled, operation: Operation) -> paramiko.Channel:
        try:
            return pooled.transport.open_session(timeout=min(_OPEN_SECONDS, operation.remaining_seconds()))
        except (paramiko.SSHException, EOFError, OSError) as error:
            operation.check()
            if _is_refusal(error, pooled.transport):
                raise _RefusedError(words_of(error)) from None
            raise operation.failure(FailureKind.TRANSIENT, f"failed to begin: {words_of(error)}") from None


class _RefusedError(Exception):
    """The host gave no session, on a connection that lives."""


def _suits_a_resident(invocation: Invocation) -> bool:
    fed = invocation.fed
    return fed is None or (fed.size is not None and fed.size <= FED_BYTES)


def _is_refusal(error: Exception, transport: paramiko.Transport) -> bool:
    """Tell a session that the host refused from a connection that is gone.

    paramiko keeps one exception per connection: of two threads refused at once, one gets a nameless error.
    """
    nameless = transport.is_active() and str(error) == "Unable to open channel."
    return isinstance(error, paramiko.ChannelException) or nameless
