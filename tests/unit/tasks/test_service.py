"""A whole service on the in-memory twin: what no single attempt shows."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from howdah.contracts import codec, topics
from howdah.contracts.failures import FailureKind
from howdah.contracts.messages import (
    Event,
    RunTask,
    TaskCanceled,
    TaskCompleted,
    TaskDeferred,
    TaskEvent,
    TaskFailed,
    TaskStarted,
)
from howdah.contracts.records import Cancellation
from howdah.messaging import InMemoryBroker, Messaging, MessagingError, Outgoing
from howdah.runtime.clock import SystemClock
from howdah.tasks import Parts, Result, ServiceSettings, StopReason, TaskContext, task
from howdah.tasks.context import Tools
from howdah.tasks.declaration import AnyTask
from howdah.tasks.service import Service
from howdah.tasks.testing import MemoryObjects, NoExchange, command_for, local_target
from howdah.tasks.tools import SharedReach

SECONDS = 20.0


class Params(BaseModel):
    word: str = ""


class Gate:
    """A handler that tells when it runs and goes on when it is told."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.stopped: list[StopReason | None] = []

    def task(self) -> AnyTask:
        @task("gate", params=Params, threads=8)
        def gate(context: TaskContext[Params]) -> Result:
            self.entered.release()
            while not self.open.wait(0.01) and not context.cancel.stopped:
                pass
            self.stopped.append(context.cancel.reason)
            context.cancel.check()
            return {"word": context.params.word}

        return gate

    def wait_entered(self) -> None:
        assert self.entered.acquire(timeout=SECONDS)


class Running:
    """A service that runs on a thread, and its events as the orchestrator would read them."""

    def __init__(self, broker: InMemoryBroker, service: Service, messaging: Messaging) -> None:
        self.service = service
        self.messaging = messaging
        self._reader = broker.connect("reader").batches([topics.EVENTS.name], "reader")
        self.events: list[Event] = []

    def publish(self, *commands: RunTask) -> None:
        self.messaging.producer().send_all(
            [Outgoing(topics.tasks(one.type).name, codec.encode(one), partition=0) for one in commands]
        )

    def until(self, enough: Callable[[list[TaskEvent]], bool]) -> list[TaskEvent]:
        ends = datetime.now(UTC) + timedelta(seconds=SECONDS)
        while not enough(self.told()):
            assert datetime.now(UTC) < ends, self.events
            self.events += [codec.EVENTS.decode(record.value) for record in self._reader.poll(0.2)]
        return self.told()

    def outcome(self, kind: type[TaskEvent]) -> TaskEvent:
        told = self.until(lambda events: any(isinstance(event, kind) for event in events))
        return next(event for event in told if isinstance(event, kind))

    def told(self) -> list[TaskEvent]:
        return [event for event in self.events if isinstance(event, TaskEvent)]


@contextmanager
def running(broker: InMemoryBroker, *tasks: AnyTask, grace: float = 5.0) -> Iterator[Running]:
    settings = ServiceSettings.load(
        api_url="http://127.0.0.1:9", service_token="test", service_name=tasks[0].type, drain_grace_seconds=grace
    )
    tools = Tools(exchange=NoExchange(), files=MemoryObjects(), reach=SharedReach(), clock=SystemClock())
    with broker.connect("service") as messaging:
        messaging.admin().ensure([*topics.SHARED, *(topics.tasks(one.type) for one in tasks)])
        service = Service(tasks, settings, messaging, tools=tools)
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            yield Running(broker, service, messaging)
        finally:
            service.stop()
            thread.join(SECONDS)
            assert not thread.is_alive()


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


@pytest.fixture
def gate() -> Gate:
    return Gate()


def cancellation(command: RunTask) -> Outgoing:
    note = Cancellation(
        at=command.at,
        gateway_id=command.gateway_id,
        experiment_id=command.experiment_id,
        process_id=command.process_id,
    )
    return Outgoing(topics.CANCELLATIONS.name, codec.encode(note), command.process_id.encode())


def test_a_running_attempt_that_comes_again_is_handed_back_untouched(broker: InMemoryBroker, gate: Gate) -> None:
    with running(broker, gate.task()) as service:
        command = command_for(gate.task(), {"word": "a"})
        service.publish(command)
        gate.wait_entered()
        service.publish(command)
        deferred = service.outcome(TaskDeferred)
        assert isinstance(deferred, TaskDeferred)
        assert deferred.command_id == command.command_id
        gate.open.set()
        service.outcome(TaskCompleted)
    assert len(gate.stopped) == 1


def test_a_cancellation_reaches_a_running_handler(broker: InMemoryBroker, gate: Gate) -> None:
    with running(broker, gate.task()) as service:
        command = command_for(gate.task(), {})
        service.publish(command)
        gate.wait_entered()
        service.messaging.producer().send_all([cancellation(command)])
        canceled = service.outcome(TaskCanceled)
    assert isinstance(canceled, TaskCanceled)
    assert canceled.confirmed
    assert gate.stopped == [StopReason.PROCESS_CANCELED]


def test_a_deadline_stops_a_running_handler(broker: InMemoryBroker, gate: Gate) -> None:
    with running(broker, gate.task()) as service:
        service.publish(command_for(gate.task(), {}, deadline_seconds=1.0))
        gate.wait_entered()
        failed = service.outcome(TaskFailed)
    assert isinstance(failed, TaskFailed)
    assert failed.failure.kind is FailureKind.TIMEOUT


def test_a_stopping_service_leaves_what_it_cannot_finish_to_the_next(broker: InMemoryBroker, gate: Gate) -> None:
    with running(broker, gate.task(), grace=0.2) as first:
        first.publish(command_for(gate.task(), {"word": "kept"}))
        gate.wait_entered()
    assert gate.stopped == [StopReason.REVOKED]
    gate.open.set()
    with running(broker, gate.task()) as second:
        completed = second.outcome(TaskCompleted)
    assert isinstance(completed, TaskCompleted)
    assert completed.outputs == {"word": "kept"}
    started = [event for event in second.told() if isinstance(event, TaskStarted)]
    assert len({event.event_id for event in started}) == 1, "a redelivery tells the same event"


def test_one_resource_never_occupies_more_than_its_share(broker: InMemoryBroker, gate: Gate, tmp_path: Path) -> None:
    slow, other = local_target(tmp_path), local_target(tmp_path).model_copy(update={"host": "elsewhere"})
    with running(broker, gate.task()) as service:
        service.publish(*(command_for(gate.task(), {}, target=slow) for _ in range(8)))
        service.until(lambda events: sum(isinstance(event, TaskDeferred) for event in events) == 6)
        gate.wait_entered()
        gate.wait_entered()
        service.publish(command_for(gate.task(), {}, target=other))
        gate.wait_entered()  # there is room for another resource, although the first one hangs
        gate.open.set()
        service.until(lambda events: sum(isinstance(event, TaskCompleted) for event in events) == 3)


def test_rubbish_with_ids_fails_its_task_and_rubbish_without_stops_nobody(broker: InMemoryBroker, gate: Gate) -> None:
    gate.open.set()
    with running(broker, gate.task()) as service:
        bad = command_for(gate.task(), {})
        name = topics.tasks("gate").name
        spoiled = codec.encode(bad).replace(b'"lane":"fast"', b'"lane":7')
        for value in (b"\xff\x00rubbish", spoiled):
            service.messaging.producer().send_all([Outgoing(name, value, partition=0)])
        failed = service.outcome(TaskFailed)
        assert isinstance(failed, TaskFailed)
        assert failed.task_id == bad.task_id
        assert failed.failure.kind is FailureKind.INTERNAL
        service.publish(command_for(gate.task(), {"word": "next"}))
        service.outcome(TaskCompleted)


def test_a_heartbeat_tells_that_an_instance_lives_and_another_that_it_stops(broker: InMemoryBroker, gate: Gate) -> None:
    beats: list[bool] = []
    stopped = threading.Event()

    def hear(value: bytes | None) -> None:
        beats.append(codec.HEARTBEATS.decode(value).stopping)
        if beats[-1]:
            stopped.set()

    listener = broker.connect("listener")
    listener.admin().ensure(topics.SHARED)
    table = listener.broadcast(topics.HEARTBEATS.name, lambda record: hear(record.value))
    table.start()
    assert table.wait_loaded(SECONDS)
    with running(broker, gate.task()) as service:
        service.publish(command_for(gate.task(), {}))
        gate.wait_entered()
        gate.open.set()
        service.outcome(TaskCompleted)
    assert stopped.wait(SECONDS)
    listener.close()
    assert beats[0] is False
    assert beats[-1] is True


class BrokenLoop:
    def run(self) -> None:
        raise MessagingError("the group is gone")

    def stop(self) -> None: ...

    def trouble(self) -> str | None:
        return "broken"


def broken(_: Parts) -> BrokenLoop:
    return BrokenLoop()


def test_a_loop_that_ends_with_an_error_ends_the_service_with_it(broker: InMemoryBroker, gate: Gate) -> None:
    settings = ServiceSettings.load(api_url="http://127.0.0.1:9", service_token="test", service_name="gate")
    tools = Tools(exchange=NoExchange(), files=MemoryObjects(), reach=SharedReach(), clock=SystemClock())
    with broker.connect("service") as messaging:
        service = Service([gate.task()], settings, messaging, tools=tools, parts=[broken])
        with pytest.raises(MessagingError, match="the group is gone"):
            service.run()
