"""The tools of a real process: the API server's client, the object store, the way to resources."""

import threading

from howdah.compute.abstract import Reach
from howdah.contracts.exchange import CALLBACKS_PATH
from howdah.contracts.ids import ResourceId
from howdah.runtime.clock import Clock
from howdah.tasks.context import Tools
from howdah.tasks.settings import ServiceSettings


class SharedReach:
    """The process's one reach, made at the first call: a service that needs no resource loads no SSH."""

    def __init__(self, agent_of: ResourceId | None = None) -> None:
        self._agent_of = agent_of
        self._lock = threading.Lock()
        self._reach: Reach | None = None

    def __call__(self) -> Reach:
        """Return it."""
        with self._lock:
            if self._reach is None:
                # Deferred: paramiko and its cryptography take 20 MB.
                from howdah.compute.reach import PooledReach

                self._reach = PooledReach(agent_of=self._agent_of)
            return self._reach

    def close(self) -> None:
        """Close it, if it was ever made."""
        with self._lock:
            if self._reach is not None:
                self._reach.close()


def make_tools(settings: ServiceSettings, clock: Clock, reach: SharedReach) -> Tools:
    """Return the tools that reach the real API server, object store and resources."""
    # Deferred: the HTTP client takes 0.2 s to import.
    from howdah.tasks.api import ApiClient
    from howdah.tasks.files import ObjectFiles
    from howdah.tasks.http import http_client

    http = http_client(settings)
    exchange = ApiClient(settings, http, clock)
    callback_url = f"{str(settings.api_url).rstrip('/')}/api/v1{CALLBACKS_PATH}"
    files = ObjectFiles(exchange, http)
    return Tools(exchange=exchange, files=files, reach=reach, clock=clock, callback_url=callback_url)
