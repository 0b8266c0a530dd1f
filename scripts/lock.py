"""Writes requirements.lock from pyproject.toml: all that development, tests and the local stack need, with hashes.

The lock names no registry, so that it serves behind a mirror as well. Run by ``make lock``; takes minutes.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = {ROOT / "requirements.lock": ("dev",), ROOT / "docker" / "requirements.lock": ("server", "kubernetes", "s3")}
"""Each lock with the extras that it holds: development and tests; what the platform's image runs."""
ADDRESS = re.compile(r"://|^\s*--(index|extra-index|find-links|trusted)", re.MULTILINE)


def requirements(project: dict[str, object], extras: tuple[str, ...]) -> list[str]:
    """Return the project's requirements with those of ``extras``; an extra may name further ones of our own."""
    match project:
        case {"name": str(name), "dependencies": list(base), "optional-dependencies": dict(optional)}:
            found = [str(one) for one in base]
        case _:
            raise SystemExit("pyproject.toml: project has no name, dependencies or optional-dependencies")
    waiting, seen = list(extras), set[str]()
    while waiting:
        extra = waiting.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in optional[extra]:
            own = re.fullmatch(rf"{re.escape(name)}\[([a-z0-9, -]+)\]", requirement)
            if own:
                waiting += [one.strip() for one in own.group(1).split(",")]
            else:
                found.append(requirement)
    return found


def main() -> None:
    """Write every lock, or those whose paths are named."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = {Path(one).resolve() for one in sys.argv[1:] if not one.startswith("-")}
    for lock, extras in LOCKS.items():
        if not named or lock in named:
            tools = pyproject["build-system"]["requires"] if lock.parent == ROOT else []  # no build tools in an image
            compile_lock(lock, requirements(pyproject["project"], extras) + list(tools))


def compile_lock(lock: Path, wanted: list[str]) -> None:
    """Compile, check that no address got in, and put the lock into its place."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "pyproject.in", Path(scratch) / "requirements.lock"
        source.write_text("\n".join(wanted) + "\n")
        if lock.exists() and "--upgrade" not in sys.argv:
            target.write_text(lock.read_text())  # what is pinned stays, where it still fits
        command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--strip-extras", "--generate-hashes"]
        command += ["--allow-unsafe", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--no-emit-trusted-host", "--no-emit-options", "--output-file", str(target), str(source)]
        command += [one for one in sys.argv[1:] if one.startswith("-")]
        subprocess.run(command, check=True, env={**os.environ, "CUSTOM_COMPILE_COMMAND": "make lock"})  # noqa: S603 - pip-tools, with our own arguments
        text = target.read_text()
    if address := ADDRESS.search(text):
        raise SystemExit(
            f"the lock would name an address, near: {text[max(0, address.start() - 40) : address.end() + 40]}"
        )
    lock.write_text(text)
    sys.stdout.write(f"{lock.relative_to(ROOT)}: {len(re.findall('^[a-z].*==', text, re.MULTILINE))} packages\n")


if __name__ == "__main__":
    main()
