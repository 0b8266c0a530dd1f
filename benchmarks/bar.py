"""A figure's limit, as the benchmarks that have to reach one write it down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


def missed(bars: Sequence[Bar], figures: Mapping[str, float]) -> list[str]:
    """Return the names of the bars that were not reached."""
    return [bar.name for bar in bars if not bar.reached(figures[bar.name])]


def table(title: str, bars: Sequence[Bar], figures: Mapping[str, float]) -> str:
    """Return the report as Markdown."""
    machine = ", ".join(f"{name}: {value}" for name, value in description().items())
    lines = [f"# {title}", "", machine, ""]
    lines += ["| figure | bar | measured | |", "|---|---|---|---|"]
    for bar in bars:
        value = figures[bar.name]
        sign = "≥" if bar.least else "≤"
        mark = "" if bar.reached(value) else "missed"
        lines.append(f"| {bar.about} | {sign} {bar.limit:g} | {value:g} | {mark} |")
    known = {bar.name for bar in bars}
    lines += ["", "| beside | |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {value:g} |" for name, value in figures.items() if name not in known]
    return "\n".join([*lines, ""])
