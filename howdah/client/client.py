"""The client: one object, a room for each part of the API."""

import ssl
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2

import howdah
from howdah.client.collections import Collection, VersionedCollection
from howdah.client.connection import Connection, RetryDelays
from howdah.client.dead_letters import DeadLetterCalls
from howdah.client.errors import ClientError
from howdah.client.experiments import ExperimentCalls
from howdah.client.lanes import LaneCalls
from howdah.client.models import (
    ApplicationDeployment,
    ApplicationInterface,
    ApplicationModule,
    Caller,
    Credential,
    LoginCode,
    MaintenanceWindow,
    Quota,
    StorageResource,
)
from howdah.client.products import ProductCalls
from howdah.client.resources import ResourceCalls
from howdah.client.schedules import ScheduleCalls
from howdah.client.services import ServiceCalls
from howdah.client.task_types import TaskTypeCalls
from howdah.client.transfers import Files
from howdah.client.watching import Feed
from howdah.client.workflows import WorkflowCalls

DEFAULT_TIMEOUT_SECONDS: Final = 30.0


class Client:
    """Talks to one API server with one token; synchronous, thread-safe, to be closed (a context manager).

    ``base_url`` is the server's address without ``/api/v1``; ``ca_file`` a PEM bundle to trust beside nothing else.

    Calls that are safe to repeat are tried again for some eight seconds when the connection breaks; creation and launch
    are made safe by an Idempotency-Key. Every failure is a ``ClientError``.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        ca_file: Path | None = None,
        retry: RetryDelays | None = None,
    ) -> None:
        self._http = httpx2.Client(
            base_url=_checked(base_url),
            headers={
                "Authorization": f"Bearer {_printable(token)}",
                "User-Agent": f"howdah/{howdah.__version__}",
                "Accept": "application/json",
            },
            timeout=timeout_seconds,
            verify=ssl.create_default_context(cafile=str(ca_file)) if ca_file else True,
        )
        self._connection = Connection(self._http, retry or RetryDelays())
        self.credentials = Collection(self._connection, "/credentials", Credential)
        self.resources = ResourceCalls(self._connection)
        self.modules = VersionedCollection(self._connection, "/application-modules", ApplicationModule)
        self.interfaces = VersionedCollection(self._connection, "/application-interfaces", ApplicationInterface)
        self.deployments = VersionedCollection(self._connection, "/application-deployments", ApplicationDeployment)
        self.task_types = TaskTypeCalls(self._connection)
        self.quotas = VersionedCollection(self._connection, "/quotas", Quota)
        self.maintenance_windows = VersionedCollection(self._connection, "/maintenance-windows", MaintenanceWindow)
        self.schedules = ScheduleCalls(self._connection)
        self.workflows = WorkflowCalls(self._connection)
        self.files = Files(self._connection)
        self.storage = VersionedCollection(self._connection, "/storage-resources", StorageResource)
        self.products = ProductCalls(self._connection)
        self.experiments = ExperimentCalls(self._connection)
        self.dead_letters = DeadLetterCalls(self._connection)
        self.services = ServiceCalls(self._connection)
        self.lanes = LaneCalls(self._connection)

    def me(self) -> Caller:
        """Return who the token belongs to."""
        return self._connection.get("/me", Caller)

    def login_link(self) -> str:
        """Return an address that signs a browser in to the console as the caller: once, within ten minutes."""
        return self._connection.post("/session/codes", {}, LoginCode).url

    def watch(self) -> Feed:
        """Return the feed of everything in the gateway: an endless iterable of Snapshot and Change."""
        return Feed(self._connection, "/stream")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _checked(base_url: str) -> str:
    try:
        url = httpx2.URL(base_url.strip())
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in {"http", "https"} or not url.host or " " in base_url.strip():
        raise ClientError(f"{base_url!r} is no address of an API server; something like http://127.0.0.1:8080 is")
    return str(url).rstrip("/").removesuffix("/api/v1")


def _printable(token: str) -> str:
    """Refuse what cannot stand in a header; the token itself never gets into the error."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ClientError("the token is empty or has characters that no token has")
    return token
