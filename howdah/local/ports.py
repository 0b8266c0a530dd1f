"""Free loopback ports, chosen once and remembered in a file, so that addresses survive a restart.

Ports come from below the range that the system hands out to outgoing connections: while a daemon is stopped, nobody's
outgoing connection can take its port away.
"""

import json
import random
import socket
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from howdah.local.errors import LocalStackError

HOST = "127.0.0.1"
_LOWEST, _HIGHEST = 10_000, 32_000
_TRIES = 200


def is_free(port: int) -> bool:
    """Tell whether ``port`` can be listened on at the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def choose() -> int:
    """Return a port that is free now."""
    for _ in range(_TRIES):
        port = random.randint(_LOWEST, _HIGHEST)  # noqa: S311 - no secret, only spread
        if is_free(port):
            return port
    raise LocalStackError(f"no free port was found between {_LOWEST} and {_HIGHEST} on {HOST}")


class PortBook:
    """Remembers which name has which port, in a JSON file.

    ``get`` returns the remembered port while it is free or was already given out by this object; a port that
    somebody else took in the meantime is replaced by a new one. What is ``fixed`` is neither chosen nor remembered.
    """

    def __init__(self, path: Path, fixed: Mapping[str, int] = MappingProxyType({})) -> None:
        self._path = path
        self._fixed = fixed
        self._given: set[str] = set()

    def get(self, name: str) -> int:
        """Return the port of ``name``, choosing and remembering one when needed."""
        if name in self._fixed:
            return self._fixed[name]
        ports = self.all()
        port = ports.get(name)
        if port is None or (name not in self._given and not is_free(port)):
            port = choose()
            while port in ports.values():
                port = choose()
            self._write({**ports, name: port})
        self._given.add(name)
        return port

    def all(self) -> dict[str, int]:
        """Return what is remembered."""
        try:
            raw = json.loads(self._path.read_text())
            return {str(name): int(port) for name, port in raw["ports"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LocalStackError(f"{self._path} is damaged ({error}); delete it, and ports are chosen anew") from None

    def _write(self, ports: dict[str, int]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"ports": ports}, indent=2, sort_keys=True) + "\n")
        fresh.replace(self._path)
