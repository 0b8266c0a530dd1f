"""What a long task of the page's main thread was made of, read from a trace with a CPU profile. Pure.

A task takes long because the page works, or because the machine gives its thread no turn: the trace has both the time
on the clock and the time on a processor, and the profile says whose functions ran.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

Event = Mapping[str, Any]
CATEGORIES: Final = ("toplevel", "disabled-by-default-v8.cpu_profiler", "disabled-by-default-devtools.timeline")
_TASK: Final = "ThreadControllerImpl::RunTask"
_MAIN: Final = "CrRendererMain"


def examined(events: Sequence[Event], since: float) -> dict[str, float]:
    """Return what the longest task after ``since`` (of the trace's clock, µs) was made of, and the most work of any."""
    thread = _main_thread(events)
    tasks = [
        one
        for one in events
        if one["name"] == _TASK and one.get("ph") == "X" and (one["pid"], one["tid"]) == thread and one["ts"] >= since
    ]
    if not tasks:
        return {}
    longest = max(tasks, key=lambda one: one["dur"])
    shares = _shares(events, longest)
    return {
        "examined_longest_task_ms": _ms(longest["dur"]),
        "examined_longest_task_cpu_ms": _ms(longest.get("tdur", 0)),
        "examined_longest_task_scripts_share": shares["scripts"],
        "examined_longest_task_browser_share": shares["browser"],
        "examined_most_cpu_ms": _ms(max(one.get("tdur", 0) for one in tasks)),
    }


def _ms(microseconds: float) -> float:
    return round(microseconds / 1_000, 1)


def _main_thread(events: Sequence[Event]) -> tuple[int, int]:
    """The page's: of the threads with that name, the one with the most tasks."""
    named = {(one["pid"], one["tid"]) for one in events if one["name"] == "thread_name" and _MAIN in str(one["args"])}
    busy = Counter((one["pid"], one["tid"]) for one in events if one["name"] == _TASK)
    return max(named, key=lambda thread: busy[thread])


def _shares(events: Sequence[Event], task: Event) -> dict[str, float]:
    """Return whose code the samples of a task were in: the page's scripts, or the browser's own (painting, memory)."""
    chunks = sorted((one for one in events if one["name"] == "ProfileChunk" and one["pid"] == task["pid"]), key=_at)
    begun = next(one for one in events if one["name"] == "Profile" and one["pid"] == task["pid"])
    at = float(begun["args"]["data"]["startTime"])
    names: dict[int, str] = {}
    counted: Counter[bool] = Counter()
    for chunk in chunks:
        data = chunk["args"]["data"]
        profile = data.get("cpuProfile", {})
        names |= {node["id"]: node["callFrame"]["functionName"] for node in profile.get("nodes", ())}
        for sample, step in zip(profile.get("samples", ()), data.get("timeDeltas", ()), strict=False):
            at += step
            if task["ts"] <= at <= task["ts"] + task["dur"]:
                counted[names.get(sample, "(").startswith("(")] += step
    whole = counted.total() or 1
    return {"scripts": round(counted[False] / whole, 2), "browser": round(counted[True] / whole, 2)}


def _at(event: Event) -> float:
    return float(event["ts"])
