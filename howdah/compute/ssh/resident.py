"""A shell that waits on the resource: the login shell's start files are paid once, not for every command.

It is an ordinary ``sh`` that reads what to do from its input, on one channel, one command after another. Each command's
output stands between two lines that nobody can guess; standard error likewise. Whatever goes wrong ends the shell, not
the connection: the next command gets another one. Since the login shell only ever starts it, its own dialect (csh,
fish), its noise and its options don't matter.
"""

import re
import secrets
import shlex
import time
from collections.abc import Callable, Iterable
from typing import Final

from howdah.compute.framing import AfterMarker, Capped
from howdah.compute.invocation import Fed, Invocation, Program, exports
from howdah.compute.operation import Operation
from howdah.compute.shell import Ended
from howdah.compute.ssh.exchange import STDERR_BYTES, broke_off, telling_breaks
from howdah.compute.ssh.pump import ChannelPump
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind

FED_BYTES: Final = 4 << 20
"""Larger inputs are worth a channel of their own."""
START_LINES: Final = ("exec sh", "sh")
"""The second for login shells that know no ``exec``, or forbid it."""

_SURELY_ALIVE_SECONDS = 2.0
_ANSWER_SECONDS = 15.0
_STATUS = re.compile(rb" (\d{1,3}) (l?)\n")
_HELLO = "command -v setsid >/dev/null 2>&1 && echo setsid\n"


class NoShellError(Exception):
    """The shell did not start, or ended before the command began; the text is what it said."""


class ResidentShell:
    """One shell on one channel. Not thread-safe. ``reusable`` says, after each command, whether it takes another."""

    def __init__(self, pump: ChannelPump) -> None:
        self._pump = pump
        self._has_setsid = False
        self._heard_at = 0.0
        self.reusable = False

    def start(self, line: str, operation: Operation) -> None:
        """Start it by way of the login shell and see that it answers; NoShellError when it ends instead."""
        said = Capped(100)
        with telling_breaks(operation, asked=False):
            self._pump.begin(line)
        # One line that needs nothing: should a start file read from the input, nothing of a command is lost or garbled.
        self._talk(f"{_HELLO[:-1]}", "</dev/null", None, operation, said)
        self._has_setsid = said.value.strip() == b"setsid"

    @property
    def alive(self) -> bool:
        """Whether it may still be listening."""
        return self.reusable and not self._pump.channel.closed and not self._pump.channel.eof_received

    def answers(self, operation: Operation) -> bool:
        """Tell whether it listens; after a pause it is asked, so that no command goes into a dead connection.

        TRANSIENT when the connection says nothing: nothing was run.
        """
        if time.monotonic() - self._heard_at < _SURELY_ALIVE_SECONDS:
            return True
        limit = min(_ANSWER_SECONDS, operation.remaining_seconds())
        asking = Operation(operation.name, operation.host, operation.bounds, limit, expired=FailureKind.TRANSIENT)
        try:
            self._talk(":", "</dev/null", None, asking, Capped(0))
        except NoShellError:
            return False
        return True

    def run(self, invocation: Invocation, operation: Operation, on_stdout: Callable[[bytes], None]) -> Ended:
        """Run it to its end.

        Raises:
            NoShellError: the shell had gone before, of itself: nothing was run.
            TaskError: TRANSIENT when the connection broke off; what the operation's limits say. The command's whole
                process group is ended then, as far as the host does that.
        """
        text, fed = invocation.shell_text(), invocation.fed
        if isinstance(invocation, Program) and fed is None and self._has_setsid:
            # A process group of its own, so that one that it leaves behind is seen: it may hold this shell's output.
            text = f"{exports(invocation.environment)}exec setsid {shlex.join(invocation.argv)}"
            return self._talk(text, "grouped", None, operation, on_stdout)
        return self._talk(text, "fed" if fed else "</dev/null", fed, operation, on_stdout)

    def close(self) -> None:
        """End it."""
        self._pump.close()

    def _talk(
        self, text: str, how: str, fed: Fed | None, operation: Operation, on_stdout: Callable[[bytes], None]
    ) -> Ended:
        self.reusable = False
        talk = _Talk(self._pump, operation, on_stdout)
        try:
            with telling_breaks(operation):
                talk.say(_frame(text, how, talk.token, 0 if fed is None else fed.size or 0))
                if fed is not None:
                    talk.feed(fed)
                ended = talk.hear()
        except TaskError as error:
            self._end_group()
            if not talk.begun and error.failure.kind is FailureKind.TIMEOUT:
                said = f", and said {talk.noise[-300:]!r}" if talk.noise else ""
                what = f"failed: the login shell started no shell in time{said}; does a start file wait for something?"
                raise operation.failure(FailureKind.TIMEOUT, what, detail=talk.noise) from None
            raise
        self.reusable, self._heard_at = talk.clean, time.monotonic()
        return ended

    def _end_group(self) -> None:
        """Whoever waited has gone: so should the command. What must outlive it is in a session of its own."""
        self._pump.signal("TERM")
        self._pump.close()


def _frame(text: str, how: str, token: str, size: int) -> bytes:
    """Return the text for the waiting shell: one compound command, which it reads whole before it runs any of it."""
    body = f"eval {shlex.quote(text)}"
    match how:
        case "grouped":
            call = f"({body}) </dev/null & p=$!; wait $p; s=$?; l=; kill -s 0 -- -$p 2>/dev/null && l=l; p="
        case "fed":
            # Whatever is left of the input must never be read as commands: then the shell has to end.
            call = f"{{ head -c {size} || kill -s KILL $$; }} | ({body}); s=$? l="
        case _:
            call = f"({body}) {how}; s=$? l="
    begin = f"printf '\\n%s\\n' b{token}; printf '\\n%s\\n' b{token} >&2"
    end = f"printf '\\n%s %s %s\\n' e{token} $s $l; printf '\\n%s\\n' e{token} >&2"
    trap = """trap '[ -z "$p" ] || kill -s KILL -- "-$p"; exit 143' TERM; p="""
    return f"{{ {trap}; {begin}; {call}\n{end}; }}\n".encode("utf-8", "surrogateescape")


class _Talk:
    """One command and its answer."""

    def __init__(self, pump: ChannelPump, operation: Operation, on_stdout: Callable[[bytes], None]) -> None:
        self.token = secrets.token_hex(12)
        self._pump = pump
        self._operation = operation
        self._kept = Capped(STDERR_BYTES)
        self._out = _Between(self.token, on_stdout, _STATUS)
        self._err = _Between(self.token, self._kept, re.compile(rb"()()\n"))
        self._whole = True
        self.clean = False

    @property
    def begun(self) -> bool:
        """Whether the command has begun."""
        return self._out.begun

    def say(self, data: bytes) -> None:
        self._pump.send(data, self._operation, self._out, self._err)

    def feed(self, fed: Fed) -> None:
        """Send the input once the shell has begun: before, it might take it for text."""
        self._until(lambda: self.begun)
        for chunk in _exactly(fed.chunks, fed.size or 0):
            self._operation.progressed()
            if chunk is None or not self._pump.send(chunk, self._operation, self._out, self._err):
                self._whole = False
                self._pump.end_input()
                return

    def hear(self) -> Ended:
        """Read until the end of the answer."""
        self._until(lambda: self._out.ended is not None and self._err.ended is not None)
        if self._out.ended is None:
            raise self._gone()
        status, left = self._out.ended
        self.clean = self._whole and self._err.ended is not None and not left
        return Ended(int(status), self._kept.value, self._kept.truncated)

    def _until(self, done: Callable[[], bool]) -> None:
        pump, operation = self._pump, self._operation
        while not done():
            if pump.drain(operation, self._out, self._err):
                continue
            if pump.ended:
                pump.drain(operation, self._out, self._err)
                return
            pump.wait(operation)

    def _gone(self) -> Exception:
        """Say what it means that the channel ended: when the host says so, all that the shell had said has come."""
        ended_there = self._pump.channel.eof_received
        if self.begun or not ended_there:
            self._operation.check()
            why = "the shell ended under it" if ended_there else "the connection was lost"
            return broke_off(self._operation, why)
        return NoShellError(self.noise or f"exit status {self._pump.channel.exit_status}")

    @property
    def noise(self) -> str:
        """What the login shell said of itself."""
        return f"{self._out.noise}\n{self._err.noise}".strip()


class _Between:
    """Hands on what stands between the two marks; ``ended`` is what the second says. What follows it is dropped."""

    def __init__(self, token: str, on_bytes: Callable[[bytes], object], last: re.Pattern[bytes]) -> None:
        self._start = AfterMarker(f"b{token}", self._inside)
        self._needle = f"\ne{token}".encode()
        self._on_bytes = on_bytes
        self._last = last
        self._held = b""
        self.ended: tuple[bytes, bytes] | None = None

    @property
    def begun(self) -> bool:
        return self._start.seen

    @property
    def noise(self) -> str:
        return self._start.noise

    def __call__(self, data: bytes) -> None:
        self._start(data)

    def _inside(self, data: bytes) -> None:
        if self.ended is not None:
            return
        data = self._held + data
        at = data.find(self._needle)
        if at >= 0:
            found = self._last.match(data, at + len(self._needle))
            if found is None:
                self._held = data  # the line is not whole yet
                return
            self.ended = (found[1], found[2])
            self._pass(data[:at])
        else:
            keep = len(self._needle) - 1
            self._pass(data[:-keep])
            self._held = data[-keep:]

    def _pass(self, data: bytes) -> None:
        if data:
            self._on_bytes(data)


def _exactly(chunks: Iterable[bytes], size: int) -> Iterable[bytes | None]:
    """Yield the chunks; None at the end unless they are of exactly that size together.

    One is held back, so that a source that is too long never seems to be right.
    """
    held, left = b"", size
    for chunk in chunks:
        if len(chunk) > left:
            yield None
            return
        if held:
            yield held
        held, left = chunk or held, left - len(chunk)
    if left:
        yield None
    elif held:
        yield held
