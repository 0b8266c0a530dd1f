"""``make bench-console``: the console under load, in headless Chromium against the real platform.

100,000 experiments and runs of 10,000 tasks are made by PostgreSQL itself; what moves is committed as the orchestrator
commits. The last line of output is one JSON object; the table is stored in ``benchmarks/results``.
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx2
from sqlalchemy import Engine, text

from api_server.registry.engine import make_engine
from benchmarks.bar import missed, table
from benchmarks.console import bars, seed
from benchmarks.console.browser import Watched, signed_in
from benchmarks.console.changes import move, moving
from benchmarks.console.examined import examined
from benchmarks.machine import description
from tests.fixtures.platform import Platform

RESULTS: Final = Path(__file__).parents[1] / "results"
WEIGHT: Final = Path(__file__).parents[2] / "web_console" / "dist" / "weight.json"
TITLE: Final = "Console: headless Chromium, software rendering"
RUN_TASKS: Final = 10_000
LIVE: Final = 300
STORM_PER_SECOND: Final = 1_000
STORM_SECONDS: Final = 8.0
SAMPLES: Final = 150
LOG_LINE: Final = "step {:09d}  energy -1.2345678e+05 kJ/mol  temperature 310.15 K  pressure 1.013 bar\n"
GRAPH_DRAWN: Final = "[data-testid=graph][data-drawn]"
LIVE_STREAM: Final = "[data-stream=live]"
SLIDE: Final = """(one, share) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(one, Math.floor(one.max * share));
  one.dispatchEvent(new Event("input", { bubbles: true }));
}"""
LOG_LINES: Final = "[data-testid=log] [data-index]"


class Bench:
    """The platform with its registry filled, and the figures found so far."""

    def __init__(self, platform: Platform, engine: Engine, experiments: int) -> None:
        self._http = httpx2.Client(
            base_url=platform.api_url, headers={"Authorization": f"Bearer {platform.token}"}, timeout=120
        )
        self._engine = engine
        self.figures: dict[str, float] = {}
        gateway = str(self._http.get("/api/v1/me").json()["gateway_id"])
        began = time.monotonic()
        seed.fill(engine, gateway, experiments, LIVE)
        self.flat = seed.add_run(engine, gateway, "10,000 tasks of their own", RUN_TASKS, folded=False)
        self.folded = seed.add_run(engine, gateway, "25 fan-outs of 400", RUN_TASKS, folded=True)
        self.small = seed.add_run(engine, gateway, "Watched on the list", 2_000, folded=True)
        self.log = self._with_log(gateway)
        self.figures["seeded_s"] = round(time.monotonic() - began, 1)

    def _with_log(self, gateway: str) -> seed.Run:
        content = "".join(LOG_LINE.format(number) for number in range(100_000_000 // len(LOG_LINE.format(0)))).encode()
        files = {"file": ("stdout.txt", io.BytesIO(content), "text/plain")}
        answer = self._http.post("/api/v1/files", files=files, headers={"Idempotency-Key": "the-log-of-the-benchmark"})
        answer.raise_for_status()
        return seed.add_log(self._engine, gateway, str(answer.json()["uri"]), len(content))

    def server(self) -> None:
        """Time the pages of the list where the server alone is asked."""
        asked: dict[str, dict[str, str | int]] = {
            "first": {},
            "failed": {"state": "FAILED"},
            "owner": {"owner": "user-7"},
            "needs_you": {"needs_you": "true"},
            "text": {"q": "window 77777"},
            "text_nowhere": {"q": "no such words"},
        }
        asked["deep"] = {"cursor": self._deep_cursor()}
        for name, query in asked.items():
            self.figures[f"page_{name}_ms"] = self._median(f"/api/v1/experiments?{httpx2.QueryParams(query)}&limit=50")
        self.figures["page_ms"] = max(self.figures[f"page_{name}_ms"] for name in asked)
        for name, path in {
            "counts": "/api/v1/experiments:count",
            "overview": "/api/v1/overview",
            "resource_health": "/api/v1/resource-health",
            "lanes": "/api/v1/lanes",
            "run_10000": f"/api/v1/experiments/{self.flat.experiment_id}/graph",
        }.items():
            self.figures[f"{name}_ms"] = self._median(path)

    def _deep_cursor(self) -> str:
        cursor = ""
        for _ in range(20):
            answer = self._http.get(
                "/api/v1/experiments", params={"limit": 500, **({"cursor": cursor} if cursor else {})}
            )
            cursor = str(answer.raise_for_status().json()["next_cursor"])
        return cursor

    def _median(self, path: str) -> float:
        times = []
        for _ in range(7):
            began = time.monotonic()
            self._http.get(path).raise_for_status()
            times.append((time.monotonic() - began) * 1_000)
        return round(statistics.median(times), 1)

    def lists(self, tab: Watched) -> None:
        """Open the list of all experiments, then see how soon it says what was committed."""
        tab.open("/experiments", "[role=row]")
        rows, paints = [], []
        for _ in range(5):
            rows.append(tab.open("/experiments", "[role=row]"))
            paints.append(tab.first_paint())
        self.figures["list_rows_ms"] = round(statistics.median(rows), 1)
        self.figures["list_first_paint_ms"] = round(statistics.median(paints), 1)
        tab.open(f"/experiments?f={self.small.experiment_id}", f"[data-row='{self.small.experiment_id}']")
        tab.open("/experiments", f"[data-row='{self.small.experiment_id}'] [role=gridcell]")
        tab.open("/experiments", LIVE_STREAM)
        self._seen(tab)

    def _seen(self, tab: Watched) -> None:
        tab.watch(f"[data-row='{self.small.experiment_id}']")
        tab.page.wait_for_timeout(1_500)
        committed = []
        # From the first running task on: each commit ends one, so the row's "n of 2,000 tasks" changes with each.
        first = 500
        for number in range(SAMPLES):
            _, at = move(self._engine, self.small, first + number, 1)
            committed.append((f"{500 + number + 1} of 2000 tasks", at * 1_000))
            tab.page.wait_for_timeout(60 + number % 7 * 11)
        tab.page.wait_for_timeout(2_000)
        said = tab.seen()
        delays = []
        for words, at in committed:
            found = next((one["at"] for one in said if words in one["words"].replace(",", "")), None)
            if found is not None:
                delays.append(max(0.0, found - at))
        self.figures["seen_share"] = round(len(delays) / len(committed), 3)
        cuts = statistics.quantiles(delays, n=100)
        self.figures["seen_p50_ms"], self.figures["seen_p95_ms"] = round(cuts[49], 1), round(cuts[94], 1)

    def graph(self, tab: Watched) -> None:
        """Open runs of 10,000 tasks, drag one about, and let 1,000 tasks a second change state."""
        for name, run in (("graph_ready_ms", self.flat), ("graph_folded_ready_ms", self.folded)):
            tab.open(f"/experiments/{run.experiment_id}", GRAPH_DRAWN)
            times = [tab.open(f"/experiments/{run.experiment_id}", GRAPH_DRAWN) for _ in range(3)]
            self.figures[name] = round(statistics.median(times), 1)
        tab.open(f"/experiments/{self.flat.experiment_id}", GRAPH_DRAWN)
        tab.page.wait_for_timeout(1_000)
        panned = tab.pan(4_000)
        self.figures["pan_fps"], self.figures["pan_p95_frame_ms"] = round(panned["fps"], 1), round(panned["p95"], 1)
        self._storm(tab)
        self._examine(tab)

    def _storm(self, tab: Watched) -> None:
        tab.watch_long_tasks()
        heaps = [tab.heap_mb()]
        with moving(self._engine, self.flat, RUN_TASKS, STORM_PER_SECOND) as moved:
            until = time.monotonic() + STORM_SECONDS
            while time.monotonic() < until:
                tab.page.wait_for_timeout(500)
                heaps.append(tab.heap_mb())
        tab.page.wait_for_timeout(1_500)
        applied = int(tab.page.evaluate("() => howdahLive.store.applied"))
        long_tasks = tab.long_tasks()
        self.figures["storm_changes_per_second"] = round(sum(moved) / STORM_SECONDS, 1)
        self.figures["storm_applied_share"] = round(applied / sum(moved), 3)
        self.figures["storm_longest_task_ms"] = round(max(long_tasks, default=0.0), 1)
        self.figures["storm_long_tasks"] = len(long_tasks)
        self.figures["storm_heap_mb"] = round(max(heaps), 1)

    def _examine(self, tab: Watched) -> None:
        """The same once more under a profile: is a long task the page's work, or a thread that gets no turn?"""
        with tab.traced() as events:
            # Beginning to profile is a long task itself.
            tab.page.wait_for_timeout(2_000)
            since = tab.now()
            with moving(self._engine, self.flat, RUN_TASKS, STORM_PER_SECOND):
                tab.page.wait_for_timeout(STORM_SECONDS * 1_000)
        self.figures |= examined(events, since)

    def logs(self, tab: Watched) -> None:
        """Open a log of 100 MB, go to its middle and end, search it."""
        path = f"/experiments/{self.log.experiment_id}"
        tab.open(f"{path}?tab=events", LIVE_STREAM)
        tab.page.wait_for_timeout(1_000)
        self.figures["log_first_lines_ms"] = round(tab.click("nav a[href*='tab=logs']", LOG_LINES), 1)
        page = tab.page
        for share in (0.5, 0.9, 0.1, 0.7):
            page.get_by_label("Where in the file").evaluate(SLIDE, share)
            page.wait_for_timeout(400)
        page.get_by_role("button", name="End").click()
        page.wait_for_timeout(500)
        page.get_by_label("Search the log").fill("no such words in this log")
        page.keyboard.press("Enter")
        began = time.monotonic()
        page.get_by_text("Not found").wait_for(timeout=120_000)
        self.figures["log_search_s"] = round(time.monotonic() - began, 2)
        self.figures["log_heap_mb"] = round(tab.heap_mb(), 1)

    def weight(self) -> None:
        """Read what the build weighed."""
        weights = json.loads(WEIGHT.read_text())
        self.figures["initial_js_kb"] = round(weights["js"] / 1_000, 1)
        self.figures["css_kb"] = round(weights["css"] / 1_000, 1)


def measure(experiments: int) -> dict[str, float]:
    """Start the platform, fill it, measure everything."""
    with (
        tempfile.TemporaryDirectory(prefix="howdah-bench-") as directory,
        Platform(Path(directory)) as platform,
    ):
        engine = make_engine(platform.database_url)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            bench = Bench(platform, engine, experiments)
            bench.server()
            with signed_in(platform.api_url, platform.token) as context:
                for phase in (bench.lists, bench.graph, bench.logs):
                    phase(Watched(context))
            bench.weight()
        finally:
            engine.dispose()
    return bench.figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, store, print; a bar that was missed is an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--experiments", type=int, default=100_000)
    parser.add_argument("--no-store", action="store_true", help="leave benchmarks/results as it is")
    options = parser.parse_args(arguments)
    figures = measure(options.experiments)
    print(table(TITLE, bars.BARS, figures))
    if not options.no_store:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "console.md").write_text(table(TITLE, bars.BARS, figures), encoding="utf-8")
        stored = {"machine": description(), **figures}
        (RESULTS / "console.json").write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures))
    return 1 if missed(bars.BARS, figures) else 0


if __name__ == "__main__":
    sys.exit(main())
