"""The API half without HTTP: registry, lifecycle, orchestrators, and services that do what a test tells them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, insert, text

from api_server.auth.capabilities import Capabilities
from api_server.auth.principal import SCOPES_OF, Principal, Role
from api_server.dag.inline import InlineTask
from api_server.lifecycle import Lifecycle, Steering, TasksExperiment
from api_server.lifecycle.requests import AnyRequest
from api_server.orchestrator.orchestrator import Orchestrator
from api_server.orchestrator.settings import OrchestratorSettings
from api_server.registry.models import Gateway
from api_server.registry.outbox import OutboxRelay, open_registry
from howdah.contracts import codec, topics
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.ids import GatewayId, new_id
from howdah.contracts.messages import RunTask, TaskCompleted, TaskEvent, TaskFailed, TaskStarted, event_id_for
from howdah.messaging import Delivery, Messaging, Outgoing, WorkQueueOptions
from howdah.runtime.clock import SystemClock

CLOCK = SystemClock()
KEY = "A" * 43 + "="
PATIENCE_SECONDS = 20.0
Answer = Callable[[RunTask], list[TaskEvent]]


def settings_for(url: str, **overrides: object) -> OrchestratorSettings:
    return OrchestratorSettings.load(
        database_url=url,
        master_key=KEY,
        capability_key=KEY,
        object_store_url="file:///nowhere",
        timer_period_seconds=0.05,
        sweep_period_seconds=0.2,
        **overrides,
    )


def told(model: type[TaskEvent], command: RunTask, **fields: Any) -> TaskEvent:  # noqa: ANN401 - of the event
    kind = model.model_fields["kind"].default
    values: dict[str, Any] = {
        "at": CLOCK.now(),
        "gateway_id": command.gateway_id,
        "experiment_id": command.experiment_id,
        "process_id": command.process_id,
        "event_id": event_id_for(command.command_id, kind),
        "task_id": command.task_id,
        "attempt": command.attempt,
    }
    return model(**(values | fields))


def started(command: RunTask) -> TaskEvent:
    return told(TaskStarted, command, worker="w", topic="t", partition=0, offset=0, lane=command.lane)


def completes(command: RunTask) -> list[TaskEvent]:
    return [started(command), told(TaskCompleted, command, outputs={"echo": command.params})]


def fails(command: RunTask, kind: FailureKind = FailureKind.TRANSIENT) -> list[TaskEvent]:
    return [started(command), told(TaskFailed, command, failure=Failure(kind=kind, sentence="It broke off."))]


def outgoing(event: Any) -> Outgoing:  # noqa: ANN401 - any event
    return Outgoing(topics.EVENTS.name, codec.encode(event), key=event.process_id.encode())


def chain(name: str = "chain", *, launch: bool = True, length: int = 3, **fields: Any) -> TasksExperiment:  # noqa: ANN401
    tasks = tuple(
        InlineTask(name=f"t{number}", type="noop", depends_on=(f"t{number - 1}",) if number else (), **fields)
        for number in range(length)
    )
    return TasksExperiment(name=name, launch=launch, tasks=tasks)


@dataclass
class Stage:
    """One database, one broker, one gateway."""

    engine: Engine
    url: str
    connect: Callable[[], Messaging]
    gateway_id: GatewayId = field(default_factory=lambda: GatewayId(new_id()))

    def __post_init__(self) -> None:
        self.messaging = self.connect()
        self.messaging.admin().ensure(topics.platform_topics(("noop",)))
        self.mint = Capabilities(b"k" * 32, CLOCK)
        self.lifecycle = Lifecycle(self.mint, CLOCK)
        self.steering = Steering(self.mint, CLOCK)
        self.principal = Principal(self.gateway_id, "me", Role.USER, SCOPES_OF[Role.USER])
        self.registry, self.relay = open_registry(self.engine, self.messaging.producer())
        self.relay.start()
        with self.engine.begin() as connection:
            values = {"id": self.gateway_id, "name": self.gateway_id, "description": "", "enabled": True}
            connection.execute(insert(Gateway).values(values))

    def close(self) -> None:
        self.relay.close()
        self.messaging.close()
        self.engine.dispose()

    # ------------------------------------------------------------ doing

    def create(self, *requests: AnyRequest) -> list[str]:
        with self.registry.transaction() as work:
            return [record.id for record in self.lifecycle.create(work, self.principal, requests, batch=True)]

    def send(self, *events: Any) -> None:  # noqa: ANN401 - any event
        self.messaging.producer().send_all([outgoing(event) for event in events])

    @contextmanager
    def orchestrator(self, **overrides: object) -> Iterator[Orchestrator]:
        messaging = self.connect()
        orchestrator = Orchestrator(settings_for(self.url, **overrides), self.engine, messaging, self.mint, CLOCK)
        thread = threading.Thread(target=orchestrator.run, name="orchestrator", daemon=True)
        thread.start()
        try:
            yield orchestrator
        finally:
            orchestrator.stop()
            thread.join(PATIENCE_SECONDS)
            messaging.close()
            assert not thread.is_alive()

    @contextmanager
    def service(self, answer: Answer = completes) -> Iterator[list[RunTask]]:
        """Serve the type ``noop``; yields the list of the commands that came."""
        came: list[RunTask] = []

        def handle(delivery: Delivery) -> None:
            command = codec.COMMANDS.decode(delivery.record.value)
            came.append(command)
            for event in answer(command):
                delivery.emit(outgoing(event))

        messaging = self.connect()
        options = WorkQueueOptions(group="noop", threads=4, drain_grace_seconds=3)
        runner = messaging.work_queue([topics.tasks("noop").name], handle, options)
        thread = threading.Thread(target=runner.run, name="service", daemon=True)
        thread.start()
        try:
            yield came
        finally:
            runner.stop()
            thread.join(PATIENCE_SECONDS)
            messaging.close()
            assert not thread.is_alive()

    # ------------------------------------------------------------ looking

    def rows(self, statement: str, **values: object) -> Sequence[Any]:
        with self.engine.connect() as connection:
            return connection.execute(text(statement), values).all()

    def states(self, what: str, experiment_id: str) -> list[str]:
        column = "id" if what == "experiment" else "experiment_id"
        order = "position" if what == "task" else "id"
        # Both names come from the two lines above and the test's own literal.
        statement = f"SELECT state FROM {what} WHERE {column} = CAST(:id AS uuid) ORDER BY {order}"  # noqa: S608
        return [row[0] for row in self.rows(statement, id=experiment_id)]

    def await_state(self, experiment_ids: Sequence[str], *states: str) -> None:
        """Return when all are in one of ``states``; woken by the feed's notifications."""
        wanted = states or ("COMPLETED",)
        statement = "SELECT state, count(*) FROM experiment WHERE id = ANY(CAST(:ids AS uuid[])) GROUP BY state"

        def arrived() -> bool:
            counts = {row[0]: row[1] for row in self.rows(statement, ids=list(experiment_ids))}
            return counts.keys() <= set(wanted)

        self.await_true(arrived, lambda: str(self.rows(statement, ids=list(experiment_ids))))

    def await_true(self, holds: Callable[[], bool], found: Callable[[], str] = lambda: "it never became true") -> None:
        """Return when ``holds``: looked at whenever the feed was notified, and every 100 ms beside that."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            connection.execute(text("LISTEN howdah_feed"))
            connection.commit()
            while not holds():
                assert time.monotonic() < deadline, found()
                _wait_for_notification(driver)


def _wait_for_notification(driver: Any) -> None:  # noqa: ANN401 - psycopg2's connection
    import select

    select.select([driver], [], [], 0.1)
    driver.poll()
    driver.notifies.clear()


__all__ = ["OutboxRelay", "Stage", "chain", "completes", "fails", "outgoing", "settings_for", "started", "told"]
