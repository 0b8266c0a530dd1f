"""A pipe between what writes (a download into a sink) and what reads (an upload from chunks): bounded, in memory."""

import io
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

DEPTH: Final = 16
"""Chunks between the two sides; a chunk is what the transport reads at a time."""
_TICK_SECONDS: Final = 0.2


class AbandonedError(OSError):
    """The reading side is gone: the writing side should stop."""


class _Sink(io.RawIOBase):
    def __init__(self, relay: "Relay") -> None:
        self._relay = relay

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(cast("bytes", data))
        self._relay.put(chunk)
        return len(chunk)


class Relay:
    """Runs the writing side on a thread of its own; leaving the ``with`` block stops and joins it.

    What the writing side raises comes out of ``chunks``.
    """

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(DEPTH)
        self._abandoned = threading.Event()
        self._error: Exception | None = None
        self._result = ""
        self._thread: threading.Thread | None = None

    def begin(self, write: Callable[[BinaryIO], str]) -> None:
        """Start ``write`` with the sink; what it returns is the ``result``."""
        self._thread = threading.Thread(target=self._run, args=(write,), name="relay", daemon=True)
        self._thread.start()

    def chunks(self) -> Iterator[bytes]:
        """Yield what is written until the writing side ends; raises what it raised."""
        while (chunk := self._queue.get()) is not None:
            yield chunk
        if self._error is not None:
            raise self._error

    def result(self) -> str:
        """Return what the writing side returned; after ``chunks`` ended."""
        return self._result

    def put(self, chunk: bytes | None) -> None:
        """Hand a chunk over, waiting for room; AbandonedError when nobody reads any more."""
        while not self._abandoned.is_set():
            try:
                self._queue.put(chunk, timeout=_TICK_SECONDS)
            except queue.Full:
                continue
            return
        raise AbandonedError("nobody reads this transfer any more")

    def _run(self, write: Callable[[BinaryIO], str]) -> None:
        try:
            self._result = write(cast("BinaryIO", _Sink(self)))
        except Exception as error:  # noqa: BLE001 - carried over to the reading side, which raises it
            self._error = error
        if not self._abandoned.is_set():
            self.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandoned.set()
        if self._thread is not None:
            self._thread.join()
