"""``docker/compose.yaml`` as one project of a test's own, on a port of its own."""

import json
import os
import shutil
import subprocess
import time
from typing import Any, Final

from howdah.local.ports import choose
from tests.fixtures.docker import ROOT

FILE: Final = ROOT / "docker" / "compose.yaml"
EXAMPLE: Final = "/opt/howdah/lib/python3.11/site-packages/howdah/examples/gray-scott"
_UP_SECONDS: Final = 600


def _program() -> list[str]:
    """Compose is a plugin of docker's, or, where it is older, a program of its own."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if plugin.returncode == 0 else [shutil.which("docker-compose") or "docker-compose"]


class Compose:
    """The stack; ``up`` returns when every service that has a health check is well."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._command = [*_program(), "--project-name", project, "--file", str(FILE)]
        self._environment = {**os.environ, "API_PORT": str(choose())}

    def __call__(self, *arguments: str, seconds: float = _UP_SECONDS) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout[-3_000:]}\n{done.stderr[-3_000:]}"
        return done.stdout

    def up(self) -> None:
        self("up", "--detach")
        deadline = time.monotonic() + _UP_SECONDS
        while troubles := [trouble for one in self.containers() if (trouble := _trouble(one)) is not None]:
            assert time.monotonic() < deadline, troubles
            time.sleep(1)

    def down(self, *options: str) -> None:
        self("down", "--remove-orphans", *options)

    def howdah(self, *arguments: str, seconds: float = _UP_SECONDS) -> str:
        """Run the command line as the file's first lines say."""
        return self("run", "--rm", "-T", "howdah", *arguments, seconds=seconds)

    def containers(self) -> list[dict[str, Any]]:
        """Return what the engine knows of each container."""
        listed = ["docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self._project}"]
        ids = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
        if not ids:
            return []
        seen = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout
        return list(json.loads(seen))


def _trouble(container: dict[str, Any]) -> str | None:
    state, name = container["State"], container["Name"]
    once = container["HostConfig"]["RestartPolicy"]["Name"] != "unless-stopped"
    if once:
        return None if state["Status"] == "exited" and state["ExitCode"] == 0 else f"{name} is not done"
    health = state.get("Health", {}).get("Status", "healthy")
    well = state["Status"] == "running" and health == "healthy"
    return None if well else f"{name}: {state['Status']}, {health}"
