"""Tasks at a fixed rate through REST, each timed from the tick of its POST to its COMPLETED on the live stream.

A tick is one POST: an experiment whose tasks are independent of each other, and, when it is their turn, some that stall
in an experiment of their own. The clock starts at the tick, whatever the answers do, so that nothing that waits is left
out of the figures.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.lanes.service import TYPE
from benchmarks.load import TERMINAL, Api, Followed, Stream

_TICK_SECONDS = 0.1
_CALLERS = 8
_PATIENCE_SECONDS = 120.0

Params = Mapping[str, object]


class TaskStream(Stream):
    """The live stream, read for the moment at which each task of an experiment was completed."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.completed: dict[str, list[float]] = defaultdict(list)
        self.states: dict[str, int] = defaultdict(int)
        """How many tasks are in a state now."""

    def _take(self, row: dict[str, object]) -> None:
        experiment, changes = str(row["experiment_id"]), row["changes"]
        assert isinstance(changes, list)
        now = time.perf_counter()
        for change in changes:
            if change["entity"] == "task":
                self.states[change["from"]] -= 1
                self.states[change["to"]] += 1
                if change["to"] == "COMPLETED":
                    self.completed[experiment].append(now)
            elif change["entity"] == "experiment" and change["to"] in TERMINAL:
                self.followed[experiment] = Followed(ended_at=now, state=change["to"])


@dataclass(frozen=True)
class Pace:
    """How many tasks a second, for how long, where, and which share of them stalls for how long."""

    tasks_per_second: float
    seconds: float
    resource: str | None = None
    stalling: float = 0.0
    stall_seconds: float = 5.0


@dataclass(frozen=True)
class Measured:
    """What became of the quick ones: latencies in seconds, and the rate reached, stalling ones included."""

    latencies: list[float]
    tasks_per_second: float
    stalled: int

    def quantile_ms(self, q: float) -> float:
        """Return the latency below which a share ``q`` of the tasks stayed."""
        ordered = sorted(self.latencies)
        return round(1_000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))], 1)


class Load:
    """Sends tasks to one API server and hears of them on its stream."""

    def __init__(self, api: Api, stream: TaskStream) -> None:
        self.api, self.stream = api, stream
        self._number = 0
        self._lock = threading.Lock()

    def at_a_pace(self, pace: Pace) -> Measured:
        """Send at that pace and wait until all is done. RuntimeError when something did not end well."""
        per_tick = round(pace.tasks_per_second * _TICK_SECONDS)
        stalls = _turns(pace.stalling * pace.tasks_per_second * _TICK_SECONDS, int(pace.seconds / _TICK_SECONDS))
        begin = time.perf_counter() + _TICK_SECONDS
        with ThreadPoolExecutor(_CALLERS) as pool:
            futures = [
                pool.submit(self._tick, begin + turn * _TICK_SECONDS, per_tick - count, count, pace)
                for turn, count in enumerate(stalls)
            ]
            sent = [future.result() for future in futures]
        quick, stalling = {one[0]: one[2] for one in sent}, [one[1] for one in sent if one[1] is not None]
        self._await([*quick, *stalling])
        completed = self.stream.completed
        latencies = [at - tick for experiment, tick in quick.items() for at in completed[experiment]]
        took = max(at for experiment in quick for at in completed[experiment]) - begin
        return Measured(latencies, (len(latencies) + sum(stalls)) / took, sum(stalls))

    def burst(self, count: int, params: Params, resource: str | None, at_a_time: int, **more: object) -> None:
        """Launch ``count`` tasks, so many to an experiment, as fast as they are accepted."""
        for _ in range(count // at_a_time):
            request = self._experiment(at_a_time, params, resource, **more)
            self.api.call("POST", "/api/v1/experiments:batch", {"experiments": [request]})

    def _tick(self, at: float, quick: int, stalling: int, pace: Pace) -> tuple[str, str | None, float]:
        while (left := at - time.perf_counter()) > 0:
            time.sleep(left)
        requests = [self._experiment(quick, {}, pace.resource)]
        if stalling:
            requests.append(self._experiment(stalling, {"seconds": pace.stall_seconds}, pace.resource))
        answer = self.api.call("POST", "/api/v1/experiments:batch", {"experiments": requests})
        assert isinstance(answer, dict)
        first, *second = [str(item["id"]) for item in answer["items"]]
        return first, second[0] if second else None, at

    def _experiment(self, tasks: int, params: Params, resource: str | None, **more: object) -> dict[str, object]:
        with self._lock:
            self._number += 1
            number = self._number
        like: dict[str, object] = {"type": TYPE, "params": params, **more}
        if resource is not None:
            like["resource_id"] = resource
        made = [{"name": f"task-{one}", **like} for one in range(tasks)]
        return {"kind": "tasks", "name": f"lanes-{number}", "tasks": made, "launch": True}

    def _await(self, experiments: list[str]) -> None:
        deadline, followed = time.perf_counter() + _PATIENCE_SECONDS, self.stream.followed
        while missing := [one for one in experiments if one not in followed]:
            if time.perf_counter() > deadline or not self.stream.is_alive() or self.stream.resyncs:
                raise RuntimeError(f"{len(missing)} of {len(experiments)} experiments never ended on the stream")
            time.sleep(0.02)
        if wrong := [one for one in experiments if followed[one].state != "COMPLETED"]:
            raise RuntimeError(f"{len(wrong)} of {len(experiments)} experiments did not complete")


def _turns(share: float, turns: int) -> list[int]:
    """Return how many fall to each turn when ``share`` of one does on average."""
    return [int((turn + 1) * share) - int(turn * share) for turn in range(turns)]
