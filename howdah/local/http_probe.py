"""Asks a child's health endpoint whether it is ready, whether it is alive."""

import http.client
import json

from howdah.local.child import Probe
from howdah.local.ports import HOST

_TIMEOUT_SECONDS = 1.0
_MAX_BYTES = 20_000


def readyz(port: int, path: str = "/readyz") -> Probe:
    """Return a probe that is content when ``path`` at ``port`` answers 200; else it repeats what the child says."""

    def probe() -> str | None:
        connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read(_MAX_BYTES)
        except (OSError, http.client.HTTPException) as error:
            return f"nothing answers on port {port} ({type(error).__name__})"
        finally:
            connection.close()
        return None if answer.status == http.client.OK else _in_words(answer.status, body)

    return probe


def livez(port: int) -> Probe:
    """Return a probe that is content when the process at ``port`` says that it is alive."""
    return readyz(port, "/livez")


def _in_words(status: int, body: bytes) -> str:
    try:
        troubles = json.loads(body)["troubles"]
        return "; ".join(f"{name}: {trouble}" for name, trouble in troubles.items()) or f"it answers {status}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"it answers {status}"
