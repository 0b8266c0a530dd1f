"""One command on a channel of its own, begun by the login shell: what a shell that waits can't be used for."""

import contextlib
from collections.abc import Callable, Iterator

import paramiko

from howdah.compute.framing import Capped
from howdah.compute.invocation import Invocation
from howdah.compute.operation import Operation
from howdah.compute.shell import Ended
from howdah.compute.ssh.login import words_of
from howdah.compute.ssh.pump import ChannelPump
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind

STDERR_BYTES = 1 << 16


def run_once(
    pump: ChannelPump, invocation: Invocation, operation: Operation, on_stdout: Callable[[bytes], None]
) -> Ended:
    """Run it to its end. TRANSIENT when the connection broke off: whether it had its effect is unknown then."""
    stderr = Capped(STDERR_BYTES)
    channel = pump.channel
    with telling_breaks(operation):
        pump.begin(invocation.login_line())
        _feed(pump, invocation, operation, on_stdout, stderr)
        _drain_to_the_end(pump, operation, on_stdout, stderr)
    status = channel.exit_status
    if status < 0:
        operation.check()
        raise broke_off(operation, "the connection was lost")
    return Ended(status, stderr.value, stderr.truncated)


@contextlib.contextmanager
def telling_breaks(operation: Operation, *, asked: bool = True) -> Iterator[None]:
    """Tell what paramiko raises, at any byte, on a connection that breaks as the operation's failure.

    ``asked`` is whether the command may have reached the host already.
    """
    try:
        yield
    except (paramiko.SSHException, EOFError, OSError) as error:
        operation.check()
        if asked:
            raise broke_off(operation, words_of(error)) from None
        raise operation.failure(FailureKind.TRANSIENT, f"failed to begin: {words_of(error)}") from None


def broke_off(operation: Operation, why: str) -> TaskError:
    """Return the failure of a command that had begun and whose end was not seen."""
    return operation.failure(FailureKind.TRANSIENT, f"broke off ({why}); whether it had its effect is unknown")


def _feed(
    pump: ChannelPump,
    invocation: Invocation,
    operation: Operation,
    on_stdout: Callable[[bytes], None],
    on_stderr: Callable[[bytes], None],
) -> None:
    chunks = invocation.login_input()
    if chunks is None:
        return
    for chunk in chunks:
        operation.progressed()
        if not pump.send(chunk, operation, on_stdout, on_stderr):
            return
    pump.end_input()


def _drain_to_the_end(
    pump: ChannelPump, operation: Operation, on_stdout: Callable[[bytes], None], on_stderr: Callable[[bytes], None]
) -> None:
    """Read until the channel is at its end, or the command has ended and what it left behind stays silent."""
    while True:
        if pump.drain(operation, on_stdout, on_stderr):
            continue
        if pump.ended:
            pump.drain(operation, on_stdout, on_stderr)
            return
        had_ended = pump.channel.exit_status_ready()
        if not pump.wait(operation) and had_ended:
            return
