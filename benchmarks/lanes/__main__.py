"""``make bench-lanes``: slow never blocks fast, through REST, Kafka, PostgreSQL and an ordinary task service.

Three questions: what tasks that stall do to the others; what a resource that hangs, with thousands of tasks behind it,
does to another one on the very same partitions; what thousands of tasks that only wait cost. The last line of output is
one JSON object; the table is stored in ``benchmarks/results``. Status 1 when a bar was missed.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from api_server.dag.windows import MOST_ON_THEIR_WAY
from benchmarks.bar import Bar, missed, table
from benchmarks.lanes.load import Load, Pace, TaskStream
from benchmarks.lanes.resources import Resources
from benchmarks.lanes.service import THREADS
from benchmarks.load import Api
from benchmarks.machine import cpu_seconds, description
from tests.fixtures.platform import Platform
from tests.fixtures.platform_main import PlatformPlan
from tests.fixtures.waiting import holds_within

RESULTS: Final = Path(__file__).parents[1] / "results"
RATE: Final = 320.0
BESIDE_RATE: Final = 60.0
HANGING: Final = 5_000
WAITING: Final = 10_000
AT_A_TIME: Final = 250
_SETTLE_SECONDS: Final = 600.0
_LONG: Final = {"initial_delay_seconds": 7_200, "max_delay_seconds": 7_200}

BARS: Final = (
    Bar("tasks_per_second", 300, "tasks a second, 2 % of them stalling 5 s", least=True),
    Bar("p99_ms", 100, "… the others, POST to COMPLETED on the stream, 99th percentile"),
    Bar("beside_p50_ratio", 1.25, "a resource beside one that hangs with 5,000 tasks waiting: p50, times without"),
    Bar("beside_p99_ratio", 1.5, "… p99, times without"),
    Bar(
        "waiting_cpu_percent", 1.0, "10,000 tasks in RETRY_WAIT or BLOCKED: CPU of orchestrator and service beyond idle"
    ),
    Bar("waiting_threads", 0, "… threads beyond idle"),
)


@dataclass(frozen=True)
class Sizes:
    """How long each phase takes and how many tasks wait."""

    seconds: float = 20.0
    hanging: int = HANGING
    waiting: int = WAITING

    def scaled(self, by: float) -> "Sizes":
        """Return the sizes times ``by``."""
        hanging, waiting = (max(AT_A_TIME, int(n * by) // AT_A_TIME * AT_A_TIME) for n in (self.hanging, self.waiting))
        return Sizes(max(5.0, self.seconds * by), hanging, waiting)


class Bench:
    """The platform with a service of paced tasks, and the figures found so far."""

    def __init__(self, platform: Platform, sizes: Sizes) -> None:
        api = Api(platform.api_url, platform.token)
        self._stream = TaskStream(api)
        self._stream.start()
        self._stream.wait_open()
        self._load = Load(api, self._stream)
        self._resources = Resources(api)
        self._sizes = sizes
        self._pids = {child.name: child.pid for child in platform.children() if child.pid is not None}
        self.figures: dict[str, float] = {}

    def warm_up(self) -> None:
        """Let everything be compiled, connected and cached."""
        self._load.at_a_pace(Pace(100, 5.0))
        self._load.at_a_pace(Pace(RATE, 5.0))

    def stalls(self) -> None:
        """Some tasks stall: what becomes of the others, beside the same rate without them."""
        calm = self._load.at_a_pace(Pace(RATE, self._sizes.seconds))
        self._note("without_stalls_", p50_ms=calm.quantile_ms(0.5), p99_ms=calm.quantile_ms(0.99))
        found = self._load.at_a_pace(Pace(RATE, self._sizes.seconds, stalling=0.02))
        self._note(
            "",
            tasks_per_second=round(found.tasks_per_second, 1),
            stalled=found.stalled,
            p50_ms=found.quantile_ms(0.5),
            p99_ms=found.quantile_ms(0.99),
            max_ms=found.quantile_ms(1.0),
        )

    def hanging(self) -> None:
        """One resource hangs with thousands of tasks behind it: what becomes of another on the same partitions."""
        sick, healthy = self._resources.pair()
        pace = Pace(BESIDE_RATE, self._sizes.seconds, resource=healthy)
        before = self._load.at_a_pace(pace)
        with ThreadPoolExecutor(1) as pool:
            began, hang = time.monotonic(), {"seconds": 3_000}
            launching = pool.submit(
                self._load.burst, self._sizes.hanging, hang, sick, AT_A_TIME, deadline_seconds=3_600
            )
            meanwhile = self._load.at_a_pace(pace)
            launching.result()
        # All that are let go at once have been looked at: some hang, the others were handed back and come again now and
        # then. The rest of each run stands in line.
        handed_back = self._sizes.hanging // AT_A_TIME * min(AT_A_TIME, MOST_ON_THEIR_WAY) - THREADS
        assert holds_within(lambda: self._stream.states["RETRY_WAIT"] >= handed_back, _SETTLE_SECONDS, every=0.5)
        self._note("beside_", seconds_until_all_wait=round(time.monotonic() - began, 1))
        beside = self._load.at_a_pace(pace)
        self._note("beside_while_launched_", p50_ms=meanwhile.quantile_ms(0.5), p99_ms=meanwhile.quantile_ms(0.99))
        self._note("beside_without_", p50_ms=before.quantile_ms(0.5), p99_ms=before.quantile_ms(0.99))
        self._note(
            "beside_",
            hanging=self._sizes.hanging,
            p50_ms=beside.quantile_ms(0.5),
            p99_ms=beside.quantile_ms(0.99),
            p50_ratio=round(beside.quantile_ms(0.5) / before.quantile_ms(0.5), 2),
            p99_ratio=round(beside.quantile_ms(0.99) / before.quantile_ms(0.99), 2),
        )

    def waiting(self) -> None:
        """Half of the tasks wait for their next attempt, half for a resource that is away."""
        idle, threads = self._spent(self._sizes.seconds), self._threads()
        half, states = self._sizes.waiting // 2, self._stream.states
        throttled, away = self._resources.make(), self._resources.make()
        waited_for = states["RETRY_WAIT"]  # more may wait for other reasons already
        self._load.burst(half, {"fails_as": "throttled"}, throttled, AT_A_TIME, retry=_LONG)
        self._load.burst(half, {"fails_as": "transient"}, away, AT_A_TIME, retry=_LONG)
        assert holds_within(lambda: states["RETRY_WAIT"] >= waited_for + 2 * half, _SETTLE_SECONDS, every=0.5), states
        time.sleep(self._sizes.seconds)  # what just came to rest is written down
        used, more = self._spent(self._sizes.seconds), self._threads() - threads
        self._note(
            "waiting_",
            tasks=2 * half,
            cpu_percent=round(max(0.0, sum(used.values()) - sum(idle.values())), 2),
            threads=max(0, more),
            **{f"{name}_cpu_percent": round(percent, 2) for name, percent in used.items()},
            **{f"{name}_idle_cpu_percent": round(percent, 2) for name, percent in idle.items()},
        )

    def _note(self, prefix: str, **figures: float) -> None:
        self.figures.update({f"{prefix}{name}": value for name, value in figures.items()})

    def _spent(self, seconds: float) -> Mapping[str, float]:
        """Return the CPU that orchestrator and service use, in percent of a core: the median of three windows."""
        pids = {name: self._pids[name] for name in ("orchestrator", "paced")}
        windows: dict[str, list[float]] = {name: [] for name in pids}
        for _ in range(3):
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            time.sleep(seconds)
            for name, pid in pids.items():
                windows[name].append(100 * (cpu_seconds(pid) - before[name]) / seconds)
        return {name: median(percents) for name, percents in windows.items()}

    def _threads(self) -> int:
        return sum(psutil.Process(self._pids[name]).num_threads() for name in ("orchestrator", "paced"))


PHASES: Final = ("stalls", "hanging", "waiting")
"""The last two leave thousands of tasks behind, which only wait."""


def main() -> int:
    """Start the platform, measure, store, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lanes", description=__doc__)
    parser.add_argument("phases", nargs="*", metavar="PHASE", help=f"of {', '.join(PHASES)}; all unless told")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of the usual to do")
    parser.add_argument("--no-store", action="store_true", help="leave benchmarks/results as it is")
    options = parser.parse_args()
    service = [sys.executable, str(Path(__file__).with_name("service.py"))]
    with (
        tempfile.TemporaryDirectory(prefix="howdah-bench-") as directory,
        Platform(Path(directory), PlatformPlan(own_services={"paced": service})) as platform,
    ):
        bench = Bench(platform, Sizes().scaled(options.scale))
        bench.warm_up()
        for phase in options.phases or PHASES:
            getattr(bench, phase)()
    figures = bench.figures
    measured = [bar for bar in BARS if bar.name in figures]
    text = table("Lanes: slow never blocks fast", measured, figures)
    print(text)
    if not options.no_store and not options.phases:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "lanes.md").write_text(text, encoding="utf-8")
        stored = {"machine": description(), **figures}
        (RESULTS / "lanes.json").write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    below = missed(measured, figures)
    print(json.dumps({**figures, "missed": below}))
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
