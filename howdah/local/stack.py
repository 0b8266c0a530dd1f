"""The whole local stack as a plan: Kafka, PostgreSQL and sandbox, then chores, then the platform's processes."""

import os
from collections.abc import Callable
from pathlib import Path

from howdah.contracts.services import ServiceKind
from howdah.local.child import ChildSpec
from howdah.local.chores import bootstrap, ensure_topics, migrate
from howdah.local.composition import Surroundings, api_half, service_fleet
from howdah.local.kafka import KafkaServer
from howdah.local.ports import PortBook
from howdah.local.postgres import DATABASE, PostgresServer
from howdah.local.progress import Progress
from howdah.local.sandbox import Sandbox
from howdah.local.stack_secrets import SecretFile
from howdah.local.supervisor import Chore, Plan, Stage, Wave

KAFKA_VARIABLE = "HOWDAH_KAFKA_BOOTSTRAP"
PUBLIC_URL_VARIABLE = "HOWDAH_PUBLIC_URL"
DATABASE_VARIABLE = "HOWDAH_DATABASE_URL"


class Stack:
    """Everything below one directory; ``HOWDAH_KAFKA_BOOTSTRAP`` and ``HOWDAH_DATABASE_URL`` replace our daemons."""

    def __init__(self, directory: Path, progress: Progress) -> None:
        self._progress = progress
        ports = PortBook(directory / "state.json")
        theirs, database = os.environ.get(KAFKA_VARIABLE), os.environ.get(DATABASE_VARIABLE)
        self._kafka = None if theirs else KafkaServer(directory / "kafka", ports.get("kafka"), progress=progress)
        self._postgres = None if database else PostgresServer(directory / "postgres", progress=progress)
        self.sandbox = Sandbox(directory / "sandbox", ports.get("sandbox"))
        self.secrets = SecretFile(directory / "secrets.json")
        self.where = Surroundings(
            directory=directory,
            ports=ports,
            kafka_bootstrap=theirs or (self._kafka.bootstrap if self._kafka else ""),
            public_url=os.environ.get(PUBLIC_URL_VARIABLE),
            database_url=database or (self._postgres.url if self._postgres else ""),
        )

    def plan(self, on_ready: Callable[[], None]) -> Plan:
        """Prepare what must be downloaded or initialised, and return what to run."""
        daemons = self._daemons()
        fleet = service_fleet(self.where, self.secrets)
        where, secrets, own_database = self.where, self.secrets, self._postgres is not None
        stages: list[Stage] = [
            Wave(" · ".join(spec.name for spec in daemons), lambda: daemons),
            Chore("topics", lambda _: ensure_topics(where)),
            Chore("database", self._ensure_database),
            Chore("gateway", lambda stopping: bootstrap(where, secrets, stopping, own_database=own_database)),
            Wave("API server and orchestrator", lambda: api_half(where, secrets.load())),
            Wave("task services", lambda: fleet.specs(ServiceKind.BUILT_IN)),
        ]
        return Plan(
            stages, api_url=where.api_url, kafka_bootstrap=where.kafka_bootstrap, fleet=fleet, on_ready=on_ready
        )

    def _daemons(self) -> tuple[ChildSpec, ...]:
        own = [daemon for daemon in (self._kafka, self._postgres) if daemon is not None]
        return tuple(daemon.prepare() for daemon in (*own, self.sandbox))

    def _ensure_database(self, stopping: Callable[[], bool]) -> None:
        if self._postgres is not None:
            self._postgres.ensure_database(DATABASE)
        migrate(self.where, self.secrets, stopping)
