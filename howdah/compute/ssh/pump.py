"""Bytes in and out of one SSH channel, in turn, so that neither side's window can lock the other."""

import contextlib
import threading
from collections.abc import Callable

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

from howdah.compute.operation import Operation
from howdah.compute.ssh.dialing import wait_step

_READ_BYTES = 1 << 17
_SEND_BYTES = 1 << 15

Sink = Callable[[bytes], object]


class ChannelPump:
    """Feeds and drains one channel. paramiko's own errors pass through; the operation's limits hold at every wait."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.channel = channel
        self._stirred = threading.Event()
        channel.in_buffer.set_event(self._stirred)
        channel.in_stderr_buffer.set_event(self._stirred)

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more but what was received already."""
        return bool(self.channel.closed or (self.channel.eof_received and self.channel.exit_status_ready()))

    def begin(self, line: str) -> None:
        """Ask for the command without awaiting the answer: a round trip less, and no wait that has no time-out.

        A refusal closes the channel, which is seen when reading.
        """
        self._request("exec", line.encode("utf-8", "surrogateescape"), want_reply=True)

    def signal(self, name: str) -> None:
        """Ask the host to send a signal to the command's process group (RFC 4254, 6.9); nobody says whether it did."""
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self._request("signal", name.encode(), want_reply=False)

    def _request(self, kind: str, value: bytes, *, want_reply: bool) -> None:
        request = paramiko.Message()
        request.add_byte(cMSG_CHANNEL_REQUEST)
        request.add_int(self.channel.remote_chanid)
        request.add_string(kind)
        request.add_boolean(want_reply)
        request.add_string(value)
        # What exec_command calls before it waits; the type stubs leave it out.
        self.channel.get_transport()._send_user_message(request)  # type: ignore[attr-defined]  # noqa: SLF001

    def send(self, data: bytes, operation: Operation, on_stdout: Sink, on_stderr: Sink) -> bool:
        """Send all of it, reading what comes meanwhile; False when the other side has ended before."""
        rest = memoryview(data)
        while rest:
            operation.check()
            self.drain(operation, on_stdout, on_stderr)
            if self.channel.closed or self.channel.exit_status_ready():
                return False
            self.channel.settimeout(wait_step(operation))
            try:
                sent = self.channel.send(bytes(rest[:_SEND_BYTES]))
            except TimeoutError:
                continue
            rest = rest[sent:]
            operation.progressed()
        return not self.channel.closed

    def end_input(self) -> None:
        """Say that no more input comes."""
        if not self.channel.closed:
            self.channel.shutdown_write()

    def drain(self, operation: Operation, on_stdout: Sink, on_stderr: Sink) -> bool:
        """Hand on what has come; False when that is nothing."""
        moved = False
        while (out := self.channel.recv_ready()) or self.channel.recv_stderr_ready():
            if out:
                on_stdout(self.channel.recv(_READ_BYTES))
            else:
                on_stderr(self.channel.recv_stderr(_READ_BYTES))
            operation.progressed()
            moved = True
        return moved

    def wait(self, operation: Operation) -> bool:
        """Wait a little for something to come; False when nothing did."""
        stirred = self._stirred.wait(wait_step(operation))
        if self.channel.eof_received and not self.channel.exit_status_ready():
            self.channel.status_event.wait(wait_step(operation))
        operation.check()
        return stirred

    def close(self) -> None:
        """Close the channel; on a connection that is gone there is nobody to tell."""
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self.channel.close()
