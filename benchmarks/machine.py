"""What the figures were measured on, and what each process used."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil


def description() -> dict[str, str]:
    """Return the machine in a few words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


@dataclass(frozen=True)
class Usage:
    """One process: CPU seconds since its start and proportional set size."""

    name: str
    cpu_seconds: float
    pss_mb: float


def cpu_seconds(pid: int) -> float:
    """Return the processor time that ``pid`` and all its descendants have used so far."""
    times = [process.cpu_times() for process in _family(pid)]
    return sum(one.user + one.system for one in times)


def usage(name: str, pid: int) -> Usage:
    """Read what ``pid`` and all its descendants used; PSS is 0 where the system does not tell."""
    pss = sum(getattr(process.memory_full_info(), "pss", 0) for process in _family(pid))
    return Usage(name, cpu_seconds(pid), pss / 1e6)


def _family(pid: int) -> tuple[psutil.Process, ...]:
    top = psutil.Process(pid)
    return (top, *top.children(recursive=True))
