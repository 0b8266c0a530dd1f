"""A connection that breaks at whatever call, while a shell is started, asked or used, is told as a ``TaskError``."""

import re
import threading
from collections.abc import Callable
from typing import Any, cast

import paramiko
import pytest

from howdah.compute.abstract import UNBOUNDED
from howdah.compute.invocation import Program, Script
from howdah.compute.operation import Operation
from howdah.compute.ssh.exchange import run_once
from howdah.compute.ssh.pump import ChannelPump
from howdah.compute.ssh.resident import NoShellError, ResidentShell
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind

_TOKEN = re.compile(rb"b([0-9a-f]{24})")
_CALLS_AT_MOST = 200


class Buffer:
    """Where a channel's output would lie."""

    def set_event(self, event: threading.Event) -> None:
        event.set()


class FragileChannel:
    """Plays a channel with a shell behind it, and breaks with ``error`` at the call number ``last``."""

    def __init__(self, last: int, error: Exception) -> None:
        self._left, self._error = last, error
        self.in_buffer = self.in_stderr_buffer = Buffer()
        self.status_event = threading.Event()
        self.closed = self.eof_received = False
        self.exit_status, self.remote_chanid = -1, 1
        self._out = self._err = b""
        self.broke = False

    def _call(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.broke = True
            raise self._error

    def get_transport(self) -> "FragileChannel":
        return self

    def _send_user_message(self, _: object) -> None:
        self._call()

    def settimeout(self, _: float) -> None:
        self._call()

    def send(self, data: bytes) -> int:
        self._call()
        found = _TOKEN.search(data)
        if found:
            token = found[1]
            self._out += b"\nb%s\nsetsid\n\ne%s 0 \n" % (token, token)
            self._err += b"\nb%s\n\ne%s\n" % (token, token)
        else:
            self._out += b"fine\n"
            self.eof_received, self.exit_status = True, 0
        return len(data)

    def recv_ready(self) -> bool:
        self._call()
        return bool(self._out)

    def recv_stderr_ready(self) -> bool:
        self._call()
        return bool(self._err)

    def recv(self, _: int) -> bytes:
        self._call()
        data, self._out = self._out, b""
        return data

    def recv_stderr(self, _: int) -> bytes:
        self._call()
        data, self._err = self._err, b""
        return data

    def exit_status_ready(self) -> bool:
        return self.exit_status >= 0

    def shutdown_write(self) -> None:
        self._call()

    def close(self) -> None:
        self.closed = True


def _operation() -> Operation:
    return Operation("script", "host", UNBOUNDED, 5.0)


def _start(pump: ChannelPump) -> None:
    ResidentShell(pump).start("exec sh", _operation())


def _use(pump: ChannelPump) -> None:
    shell = ResidentShell(pump)
    shell.start("exec sh", _operation())
    shell.run(Program(("true",)), _operation(), lambda _: None)


def _ask(pump: ChannelPump) -> None:
    shell = ResidentShell(pump)
    shell.start("exec sh", _operation())
    shell._heard_at = 0.0
    shell.answers(_operation())


def _once(pump: ChannelPump) -> None:
    run_once(pump, Script("true"), _operation(), lambda _: None)


@pytest.mark.parametrize("error", [EOFError(), OSError("Socket is closed"), paramiko.SSHException("gone")], ids=repr)
@pytest.mark.parametrize("what", [_start, _use, _ask, _once])
def test_a_break_at_any_call_is_told(what: Callable[[ChannelPump], None], error: Exception) -> None:
    for last in range(1, _CALLS_AT_MOST):
        channel = FragileChannel(last, error)
        try:
            what(ChannelPump(cast("Any", channel)))
        except TaskError as told:
            assert told.failure.kind is FailureKind.TRANSIENT  # noqa: PT017 - or it came through
            assert channel.broke
        except NoShellError:
            assert channel.broke
        else:
            assert last > 1, "nothing was broken: the test has shown nothing"
            return
    raise AssertionError("it never came to its end")
