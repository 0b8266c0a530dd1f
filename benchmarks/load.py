"""Drives experiments of three no-op steps through REST and follows them on the live stream.

The clock runs from the moment before the POST is sent to the moment at which COMPLETED was read from the stream.
"""

import http.client
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson

STEPS = 3
_IDLE_SECONDS = 2.0
_PIECE_BYTES = 1 << 16
TERMINAL = {"COMPLETED", "FAILED", "CANCELED"}


def experiment(number: int) -> dict[str, object]:
    """Return the request for one experiment of three no-op steps, one after another."""
    names = [f"step-{step}" for step in range(1, STEPS + 1)]
    tasks = [{"name": name, "type": "noop", "depends_on": names[i - 1 : i]} for i, name in enumerate(names)]
    return {"kind": "tasks", "name": f"bench-{number}", "tasks": tasks, "launch": True}


class Api:
    """A keep-alive connection a thread: a lean client, since it shares the cores with what it measures."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.token = parts.hostname or "127.0.0.1", parts.port or 80, token
        self._local = threading.local()

    def connection(self) -> http.client.HTTPConnection:
        """Return this thread's connection; a new one when the old stood idle, since the server may have closed it."""
        now = time.monotonic()
        if now - getattr(self._local, "used_at", 0.0) > _IDLE_SECONDS:
            self._local.connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        self._local.used_at = now
        connection: http.client.HTTPConnection = self._local.connection
        return connection

    def call(self, method: str, path: str, body: object = None) -> object:
        """Send one request and return the decoded answer; RuntimeError with the problem otherwise."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = self.connection()
        connection.request(method, path, None if body is None else orjson.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:500]!r}")
        return orjson.loads(text)


@dataclass
class Followed:
    """What the stream told of one experiment."""

    sent_at: float = 0.0
    ended_at: float = 0.0
    state: str = ""
    tasks_completed: int = 0


class Stream(threading.Thread):
    """Reads the gateway's live stream and notes when each experiment ended."""

    def __init__(self, api: Api) -> None:
        super().__init__(name="stream", daemon=True)
        self._connection = http.client.HTTPConnection(api.host, api.port, timeout=120)
        self._connection.request("GET", "/api/v1/stream", headers={"Authorization": f"Bearer {api.token}"})
        self._response = self._connection.getresponse()
        self.followed: dict[str, Followed] = {}
        self.on_end: Callable[[str], None] = lambda _: None
        self.resyncs = 0
        self._opened = threading.Event()

    def wait_open(self) -> None:
        """Return when the snapshot has been read: from here on nothing is missed."""
        if not self._opened.wait(30):
            raise RuntimeError("the stream did not open within 30 s")

    def run(self) -> None:
        """Read until the connection ends."""
        rest = b""
        while piece := self._piece():
            *events, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n\n")
            for event in events:
                self._hear(event)

    def _piece(self) -> bytes:
        try:
            return self._response.read1(_PIECE_BYTES)
        except (http.client.IncompleteRead, OSError):  # the server has ended: whoever waits for more finds us gone
            return b""

    def _hear(self, event: bytes) -> None:
        head, found, data = event.partition(b"\ndata: ")
        if not found:
            return
        if head.endswith(b"event: change"):
            self._take(orjson.loads(data))
        elif head.endswith(b"event: snapshot"):
            self._opened.set()
        elif head.endswith(b"event: resync"):
            self.resyncs += 1

    def _take(self, row: dict[str, object]) -> None:
        one = self.followed.setdefault(str(row["experiment_id"]), Followed())
        changes = row["changes"]
        assert isinstance(changes, list)
        for change in changes:
            if change["entity"] == "task" and change["to"] == "COMPLETED":
                one.tasks_completed += 1
            elif change["entity"] == "experiment" and change["to"] in TERMINAL:
                one.ended_at, one.state = time.perf_counter(), change["to"]
                self.on_end(str(row["experiment_id"]))


@dataclass
class Result:
    """One phase, checked: latencies in seconds from POST sent to COMPLETED read."""

    name: str
    seconds: float
    latencies: list[float] = field(repr=False)

    @property
    def tasks_per_second(self) -> float:
        """Tasks completed a second over the whole phase."""
        return len(self.latencies) * STEPS / self.seconds

    def quantile_ms(self, q: float) -> float:
        """Return the latency below which a share ``q`` of the experiments stayed, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1_000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))]


class Driver:
    """Runs the phases against one API server."""

    def __init__(self, api: Api, stream: Stream) -> None:
        self.api, self.stream = api, stream
        self._number = 0

    def idle(self, count: int) -> Result:
        """One experiment at a time."""
        sent: dict[str, float] = {}
        ended = threading.Event()
        self.stream.on_end = lambda _: ended.set()
        begin = time.perf_counter()
        for _ in range(count):
            ended.clear()
            sent.update(self._post_one())
            if not ended.wait(60):
                raise RuntimeError("an experiment did not end within 60 s")
        return self._checked("idle", begin, sent)

    def in_flight(self, width: int, count: int) -> Result:
        """Keep ``width`` experiments in flight with batch calls: as many are posted as have ended."""
        sent: dict[str, float] = {}
        ended = threading.Semaphore(width)
        self.stream.on_end = lambda _: ended.release()
        begin = time.perf_counter()
        while len(sent) < count:
            ended.acquire()
            free = 1
            while free < count - len(sent) and ended.acquire(blocking=False):
                free += 1
            sent.update(self._post_batch(free))
        return self._checked(f"{width} in flight, batch calls", begin, sent)

    def single_calls(self, width: int, count: int, callers: int) -> Result:
        """Keep ``width`` experiments in flight with one call each, from ``callers`` connections."""
        sent: dict[str, float] = {}
        ended = threading.Semaphore(width)
        self.stream.on_end = lambda _: ended.release()
        begin = time.perf_counter()
        with ThreadPoolExecutor(callers) as pool:
            futures = []
            for _ in range(count):
                ended.acquire()
                futures.append(pool.submit(self._post_one))
            for future in futures:
                sent.update(future.result())
        return self._checked(f"{width} in flight, single calls", begin, sent)

    def open_loop(self, experiments_per_second: float, count: int, callers: int) -> Result:
        """Send one call at each tick of a fixed rate, whatever the answers do; the clock starts at the tick."""
        self.stream.on_end = lambda _: None
        sent: dict[str, float] = {}
        begin = time.perf_counter() + 0.05
        ticks = [begin + number / experiments_per_second for number in range(count)]
        with ThreadPoolExecutor(callers) as pool:
            for answer in pool.map(self._post_at, ticks):
                sent.update(answer)
        return self._checked(f"open loop at {experiments_per_second:.0f}/s, single calls", begin, sent)

    def _post_at(self, tick: float) -> dict[str, float]:
        while (left := tick - time.perf_counter()) > 0:
            time.sleep(left)
        return dict.fromkeys(self._post_one(), tick)

    def _post_one(self) -> dict[str, float]:
        self._number += 1
        begin = time.perf_counter()
        answer = self.api.call("POST", "/api/v1/experiments", experiment(self._number))
        assert isinstance(answer, dict)
        return {answer["id"]: begin}

    def _post_batch(self, size: int) -> dict[str, float]:
        requests = [experiment(self._number + i) for i in range(size)]
        self._number += size
        begin = time.perf_counter()
        answer = self.api.call("POST", "/api/v1/experiments:batch", {"experiments": requests})
        assert isinstance(answer, dict)
        return {item["id"]: begin for item in answer["items"]}

    def _checked(self, name: str, begin: float, sent: dict[str, float]) -> Result:
        """Wait for what is in flight and check every result: COMPLETED, with each of its tasks."""
        deadline = time.perf_counter() + 120
        followed = self.stream.followed
        while missing := [one for one in sent if not (one in followed and followed[one].ended_at)]:
            if time.perf_counter() > deadline or not self.stream.is_alive():
                raise RuntimeError(f"{name}: {len(missing)} experiments never ended on the stream")
            time.sleep(0.01)
        wrong = [one for one in sent if followed[one].state != "COMPLETED" or followed[one].tasks_completed != STEPS]
        if wrong or self.stream.resyncs:
            raise RuntimeError(f"{name}: {len(wrong)} wrong results, {self.stream.resyncs} resyncs")
        latencies = [followed[one].ended_at - at for one, at in sent.items()]
        return Result(name, max(followed[one].ended_at for one in sent) - begin, latencies)


def quantiles(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Return a row a phase: name, experiments, tasks/s, p50, p95, p99, max (ms)."""
    return [
        (
            result.name,
            str(len(result.latencies)),
            f"{result.tasks_per_second:.0f}",
            *(f"{result.quantile_ms(q):.1f}" for q in (0.5, 0.95, 0.99, 1.0)),
        )
        for result in results
    ]
