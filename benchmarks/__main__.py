"""``make bench``: experiments of three no-op steps through the whole platform, on this machine.

Real Kafka, PostgreSQL with fsync on, REST in front and the live stream behind. Every result is checked. The last line
of output is one JSON object; the table and the machine's description are stored in ``benchmarks/results``.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.load import STEPS, Api, Driver, Result, Stream, quantiles
from benchmarks.machine import Usage, cpu_seconds, description, usage
from tests.fixtures.platform import Platform
from tests.fixtures.platform_main import PlatformPlan

RESULTS = Path(__file__).with_name("results")
_HEADINGS = ("phase", "experiments", "tasks/s", "p50 ms", "p95 ms", "p99 ms", "max ms")
_CALLERS = 16


@dataclass(frozen=True)
class Sizes:
    """How many experiments each phase runs.

    The broker's compiler goes on for the first thousands of messages: until then an idle step takes a third longer.
    """

    warm_up: int = 3_000
    idle: int = 100
    ten: int = 1_000
    fifty: int = 3_000
    single: int = 1_500
    open_seconds: float = 15.0

    def scaled(self, by: float) -> "Sizes":
        """Return the sizes times ``by``."""
        warm_up, idle, ten, fifty, single = (
            max(10, int(count * by)) for count in (self.warm_up, self.idle, self.ten, self.fifty, self.single)
        )
        return Sizes(warm_up, idle, ten, fifty, single, self.open_seconds * by)


@dataclass(frozen=True)
class Measured:
    """The phases, and what each process spent on one task of the busy one: CPU milliseconds by name."""

    results: Sequence[Result]
    cpu_ms_per_task: Mapping[str, float]


def measure(driver: Driver, sizes: Sizes, spent: Callable[[], Mapping[str, float]]) -> Measured:
    """Run the phases in order; the first one only warms everything up and is not reported."""
    driver.in_flight(50, sizes.warm_up)
    idle = driver.idle(sizes.idle)
    ten = driver.in_flight(10, sizes.ten)
    before = spent()
    fifty = driver.in_flight(50, sizes.fifty)
    cost = {name: 1_000 * (cpu - before[name]) / sizes.fifty / STEPS for name, cpu in spent().items()}
    single = driver.single_calls(50, sizes.single, _CALLERS)
    rate = fifty.tasks_per_second / STEPS / 2
    open_loop = driver.open_loop(rate, int(rate * sizes.open_seconds), _CALLERS)
    return Measured([idle, ten, fifty, single, open_loop], cost)


def headline(results: Sequence[Result]) -> dict[str, float]:
    """Return the figures that are compared from version to version."""
    idle, _, fifty, single, open_loop = results
    return {
        "tasks_per_second_50": round(fifty.tasks_per_second, 1),
        "idle_p50_ms": round(idle.quantile_ms(0.5), 2),
        "open_loop_p99_ms": round(open_loop.quantile_ms(0.99), 1),
        "single_call_tasks_per_second": round(single.tasks_per_second, 1),
    }


def children(platform: Platform) -> dict[str, int]:
    """Return the platform's processes: name → pid."""
    return {child.name: child.pid for child in platform.status().children if child.pid is not None}


def report(measured: Measured, used: Sequence[Usage]) -> str:
    """Return the tables as Markdown."""
    machine = ", ".join(f"{name}: {value}" for name, value in description().items())
    lines = ["# Hot path: three no-op steps through REST and the stream", "", machine, ""]
    lines += ["| " + " | ".join(_HEADINGS) + " |", "|" + "---|" * len(_HEADINGS)]
    lines += ["| " + " | ".join(row) + " |" for row in quantiles(measured.results)]
    lines += ["", "| process | CPU s | PSS MB | CPU ms a task at 50 |", "|---|---|---|---|"]
    cost = measured.cpu_ms_per_task
    lines += [f"| {one.name} | {one.cpu_seconds:.1f} | {one.pss_mb:.0f} | {cost[one.name]:.2f} |" for one in used]
    without_jvm = sum(one.pss_mb for one in used if one.name != "kafka")
    lines += [f"| all but Kafka | | {without_jvm:.0f} | {sum(cost.values()) - cost['kafka']:.2f} |", ""]
    return "\n".join(lines)


def show(measured: Measured, used: Sequence[Usage]) -> None:
    """Print the tables for a person."""
    console = Console()
    table = Table(*_HEADINGS, title="three no-op steps, POST sent to COMPLETED read from the stream")
    for row in quantiles(measured.results):
        table.add_row(*row)
    console.print(table)
    processes = Table("process", "CPU s", "PSS MB", "CPU ms a task at 50")
    for one in used:
        cost = measured.cpu_ms_per_task[one.name]
        processes.add_row(one.name, f"{one.cpu_seconds:.1f}", f"{one.pss_mb:.0f}", f"{cost:.2f}")
    console.print(processes)


def main() -> int:
    """Start the platform, measure, store, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how many of the usual experiments to run")
    parser.add_argument("--no-store", action="store_true", help="leave benchmarks/results as it is")
    options = parser.parse_args()
    noop = [sys.executable, str(Path(__file__).with_name("noop_service.py"))]
    with (
        tempfile.TemporaryDirectory(prefix="howdah-bench-") as directory,
        Platform(Path(directory), PlatformPlan(own_services={"noop": noop})) as platform,
    ):
        api = Api(platform.api_url, platform.token)
        stream = Stream(api)
        stream.start()
        stream.wait_open()
        pids = children(platform)
        measured = measure(
            Driver(api, stream),
            Sizes().scaled(options.scale),
            lambda: {name: cpu_seconds(pid) for name, pid in pids.items()},
        )
        used = [usage(name, pid) for name, pid in pids.items()]
    show(measured, used)
    figures = headline(measured.results)
    if not options.no_store:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "hot_path.md").write_text(report(measured, used), encoding="utf-8")
        stored = {"machine": description(), **figures}
        (RESULTS / "hot_path.json").write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
