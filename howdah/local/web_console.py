"""Has the web console built before the stack starts, where this is a checkout; an installed package brings it built."""

import subprocess
import sys
from pathlib import Path

import howdah
from howdah.local.progress import Progress

_BUILDER = Path(howdah.__file__).parents[1] / "scripts" / "build_console.py"


def ensure_console(progress: Progress, builder: Path = _BUILDER) -> None:
    """Build what changed and say how it goes. A failure is said and nothing more: the API works without a console."""
    if not builder.is_file():
        return
    building = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(builder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if building.stdout is not None:
        for line in building.stdout:
            progress.say(f"      {line.rstrip()}")
    if building.wait():
        progress.say("the web console was not built; the API works without it, 'make console' tries again")
