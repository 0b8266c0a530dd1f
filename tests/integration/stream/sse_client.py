"""A stream's reader that knows the format and nothing of our code; and the server as a child process."""

import contextlib
import http.client
import json
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

SERVE = Path(__file__).with_name("serve.py")
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Message:
    id: str
    event: str
    data: dict[str, Any]
    read_at: float


class Follower:
    """Reads a stream on a thread of its own; ``stall`` makes it stop reading."""

    def __init__(self, port: int, token: str, path: str = "/stream", last_event_id: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {token}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        self._connection.request("GET", f"/api/v1{path}", headers=headers)
        self._socket = self._connection.sock
        self.response = self._connection.getresponse()
        self.comments = 0
        self.messages: queue.Queue[Message | None] = queue.Queue()
        self.going = threading.Event()
        self.going.set()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        while self.going.wait() and (line := self._line()):
            text = line.decode().rstrip("\n")
            if text.startswith(":"):
                self.comments += 1
            elif text:
                name, _, value = text.partition(":")
                fields[name] = value.removeprefix(" ")
            elif fields.get("data"):
                data = json.loads(fields["data"])
                self.messages.put(Message(fields.get("id", ""), fields["event"], data, time.perf_counter()))
                fields = {}
        self.messages.put(None)

    def _line(self) -> bytes:
        try:
            return self.response.readline()
        except (OSError, http.client.HTTPException, ValueError):  # the connection is over
            return b""

    def next(self, timeout: float = 10.0) -> Message | None:
        """The next message; None when the stream has ended."""
        return self.messages.get(timeout=timeout)

    def take(self, count: int, timeout: float = 20.0) -> list[Message]:
        deadline = time.monotonic() + timeout
        found: list[Message] = []
        while len(found) < count:
            message = self.next(max(0.01, deadline - time.monotonic()))
            assert message is not None, f"the stream ended after {len(found)} of {count} messages"
            found.append(message)
        return found

    def until(self, wanted: Callable[[Message], bool], timeout: float = 20.0) -> list[Message]:
        deadline = time.monotonic() + timeout
        found: list[Message] = []
        while not found or not wanted(found[-1]):
            found += self.take(1, deadline - time.monotonic())
        return found

    def nothing_within(self, seconds: float) -> bool:
        try:
            self.next(seconds)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        self.going.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # the other end may be gone already
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self.response.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class StreamServer:
    """``serve.py`` as a child process."""

    def __init__(
        self, url: str, *, limit_bytes: float = 8_000_000, replay_limit: float = 10_000, recheck_seconds: float = 15.0
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, SERVE, url, str(int(limit_bytes)), str(int(replay_limit)), str(recheck_seconds)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def stop(self) -> float:
        """Ask it to end and return the seconds that it took."""
        begin = time.monotonic()
        self.process.terminate()
        self.process.wait(20)
        return time.monotonic() - begin
