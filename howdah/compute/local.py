"""The local transport: the resource is the machine that the service runs on (an agent, a laptop)."""

import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterator

from howdah.compute.framing import Capped
from howdah.compute.invocation import Invocation
from howdah.compute.operation import Operation
from howdah.compute.shell import Ended
from howdah.compute.staging import StagingConnection
from howdah.contracts.failures import FailureKind

_READ_BYTES = 1 << 16
_STDERR_BYTES = 1 << 16
_TICK_SECONDS = 0.05


class LocalConnection(StagingConnection):
    """Executes command lines as children of this process, each in a session of its own."""

    def _execute(self, operation: Operation, invocation: Invocation, on_stdout: Callable[[bytes], None]) -> Ended:
        operation.check()
        try:
            child = subprocess.Popen(  # noqa: S602 - a login shell's part; every value in the line is quoted
                invocation.login_line(),
                shell=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise operation.failure(FailureKind.TRANSIENT, f"failed to begin: {error}") from None
        try:
            return _Exchange(child, operation, on_stdout).run(iter(invocation.login_input() or ()))
        finally:
            _end(child)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Leave no child behind: whoever must outlive the connection has made a session of its own."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None and not pipe.closed:
            try:
                pipe.close()
            except BrokenPipeError:  # it held input that nobody will read
                continue


class _Exchange:
    """Feeds and drains one child in turn."""

    def __init__(
        self, child: "subprocess.Popen[bytes]", operation: Operation, on_stdout: Callable[[bytes], None]
    ) -> None:
        self._child = child
        self._operation = operation
        self._on_stdout = on_stdout
        self._stderr = Capped(_STDERR_BYTES)
        self._pending = b""

    def run(self, chunks: Iterator[bytes]) -> Ended:
        stdin, stdout, stderr = self._child.stdin, self._child.stdout, self._child.stderr
        assert stdin and stdout and stderr  # noqa: S101, PT018 - for the type checker: all three are pipes
        with selectors.DefaultSelector() as selector:
            os.set_blocking(stdin.fileno(), False)
            selector.register(stdin, selectors.EVENT_WRITE, lambda: self._write(stdin.fileno(), chunks))
            selector.register(stdout, selectors.EVENT_READ, lambda: self._read(stdout.fileno(), self._on_stdout))
            selector.register(stderr, selectors.EVENT_READ, lambda: self._read(stderr.fileno(), self._stderr))
            while selector.get_map():
                self._operation.check()
                ready = selector.select(_TICK_SECONDS)
                for key, _ in ready:
                    if not key.data():
                        selector.unregister(key.fileobj)
                        if key.fileobj is stdin:
                            stdin.close()
                if not ready and self._child.poll() is not None:
                    break  # it ended; what it left behind keeps the pipes open and silent
        return Ended(self._status(), self._stderr.value, self._stderr.truncated)

    def _status(self) -> int:
        while True:
            try:
                status = self._child.wait(_TICK_SECONDS)
            except subprocess.TimeoutExpired:
                self._operation.check()
                continue
            return status if status >= 0 else 128 - status

    def _write(self, descriptor: int, chunks: Iterator[bytes]) -> bool:
        while not self._pending:
            chunk = next(chunks, None)
            if chunk is None:
                return False
            self._pending = bytes(chunk)
        try:
            self._pending = self._pending[os.write(descriptor, self._pending) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self._operation.progressed()
        return True

    def _read(self, descriptor: int, take: Callable[[bytes], None]) -> bool:
        data = os.read(descriptor, _READ_BYTES)
        if data:
            take(data)
            self._operation.progressed()
        return bool(data)
