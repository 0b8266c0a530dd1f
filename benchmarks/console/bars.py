"""What the console has to reach, and the table of what it reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.machine import description


@dataclass(frozen=True)
class Bar:
    """A figure's limit: at most, or with ``least`` at least."""

    name: str
    limit: float
    about: str
    least: bool = False

    def reached(self, value: float) -> bool:
        """Tell whether ``value`` keeps it."""
        return value >= self.limit if self.least else value <= self.limit


BARS: Final = (
    Bar("graph_ready_ms", 1_000, "run of 10,000 tasks, each a node of its own: from the address to the drawn graph"),
    Bar("graph_folded_ready_ms", 1_000, "the same with 25 fan-outs of 400"),
    Bar("pan_fps", 50, "dragging the 10,000 nodes about, frames a second", least=True),
    Bar("storm_longest_task_ms", 100, "1,000 state changes a second on the graph: the longest task of the main thread"),
    Bar("storm_heap_mb", 200, "the most heap meanwhile"),
    Bar("list_first_paint_ms", 1_000, "100,000 experiments: first paint"),
    Bar("list_rows_ms", 1_000, "100,000 experiments: the first rows are there"),
    Bar("page_ms", 300, "the slowest page of the list on the server, median of each kind"),
    Bar("seen_p95_ms", 200, "event committed to what the list says of it, 95th percentile"),
    Bar("log_first_lines_ms", 500, "100 MB log: from the click to its first lines"),
    Bar("log_heap_mb", 150, "heap after reading its begin, middle, end and searching it"),
    Bar("initial_js_kb", 180, "initial JavaScript, gzipped"),
    Bar("css_kb", 20, "CSS, gzipped"),
)


def missed(figures: Mapping[str, float]) -> list[str]:
    """Return the names of the bars that were not reached."""
    return [bar.name for bar in BARS if not bar.reached(figures[bar.name])]


def table(figures: Mapping[str, float]) -> str:
    """Return the report as Markdown."""
    machine = ", ".join(f"{name}: {value}" for name, value in description().items())
    lines = ["# Console: headless Chromium, software rendering", "", machine, ""]
    lines += ["| figure | bar | measured | |", "|---|---|---|---|"]
    for bar in BARS:
        value = figures[bar.name]
        sign = "≥" if bar.least else "≤"
        mark = "" if bar.reached(value) else "missed"
        lines.append(f"| {bar.about} | {sign} {bar.limit:g} | {value:g} | {mark} |")
    known = {bar.name for bar in BARS}
    lines += ["", "| beside | |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {value:g} |" for name, value in figures.items() if name not in known]
    return "\n".join([*lines, ""])
