"""Running a task's handler in a unit test: the real way of an attempt, without Kafka, API server or object store.

    run = run_task(word_count, {"source": "howdah://objects/in.txt"}, objects={"howdah://objects/in.txt": b"one two"})
    assert run.outputs == {"words": 2}

The handler runs as in a service: parameters are validated, exceptions become failures, events carry their real ids.
A task that works on a resource is given a ``local`` target, whose commands and files are this machine's.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from howdah.contracts import codec, topics
from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import Access, PasswordSecret, Secret, SignedUrl
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.ids import CommandId, CredentialId, ExperimentId, GatewayId, ProcessId, ResourceId, TaskId, new_id
from howdah.contracts.messages import RunTask, TaskCompleted, TaskEvent, TaskFailed, TaskLogged, TaskProgressed
from howdah.contracts.resources import ResourceTarget, TransportKind
from howdah.messaging.abstract import DeliveryCanceledError, OnDelivery, Outgoing, Record
from howdah.runtime.clock import SystemClock
from howdah.tasks.api import Grant
from howdah.tasks.attempt import Attempt, Surroundings, WasHeld, never_held
from howdah.tasks.cancel import CancelToken, StopReason
from howdah.tasks.context import Tools
from howdah.tasks.declaration import AnyTask
from howdah.tasks.events import EventsOf
from howdah.tasks.files import Chunks
from howdah.tasks.in_flight import InFlight
from howdah.tasks.starts import Starts
from howdah.tasks.task_log import OpenLogs
from howdah.tasks.tools import SharedReach

_CHUNK = 64 * 1024


class MemoryObjects:
    """An object store in a dictionary, in place of the real one behind signed URLs."""

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects: dict[str, bytes] = dict(objects or {})

    @contextmanager
    def open_input(self, uri: str, grant: Grant) -> Iterator[Iterator[bytes]]:  # noqa: ARG002 - the store's interface
        """Yield the content; TaskError (permanent) when there is no such object."""
        content = self.objects.get(uri)
        if content is None:
            raise TaskError.of(FailureKind.PERMANENT, f"Could not read {uri}: there is no such object in the store")
        yield (content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK))

    def store_output(self, uri: str, chunks: Chunks, size_bytes: int, grant: Grant) -> None:  # noqa: ARG002 - as above
        """Keep the content; ValueError when it is not of the size that was announced."""
        content = b"".join(chunks())
        if len(content) != size_bytes:
            raise ValueError(f"store_output: {size_bytes} bytes were announced, {len(content)} came")
        self.objects[uri] = content


class NoExchange:
    """An API server that knows one password for every account, and signs nothing."""

    def secret(self, credential_id: CredentialId, grant: Grant, *, fresh: bool = False) -> Secret:  # noqa: ARG002
        """Return a password derived from the credential's id."""
        return PasswordSecret(password=hashlib.sha256(credential_id.encode()).hexdigest())

    def signed_url(self, uri: str, access: Access, grant: Grant) -> SignedUrl:  # noqa: ARG002 - the interface
        """Refuse: objects are in memory."""
        raise TaskError.of(FailureKind.INTERNAL, f"There is no object store in this test to sign {uri} for.")


class RecordingProducer:
    """Keeps what is sent; a ``Producer``."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, message: Outgoing, on_delivery: OnDelivery | None = None) -> None:
        """Keep the message and call it acknowledged."""
        self.sent.append(message)
        if on_delivery is not None:
            on_delivery(None)

    def send_all(self, messages: Any, timeout_seconds: float = 30.0) -> None:  # noqa: ANN401, ARG002 - the interface
        """Keep them all."""
        self.sent.extend(messages)

    def trouble(self) -> str | None:
        """Say that all is well."""
        return None

    def beyond_repair(self) -> str | None:
        """Say that all is well."""
        return None

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Do nothing."""


@dataclass
class HandDelivery:
    """A delivery made by hand; a ``Delivery``. ``revoke`` is what a rebalance would do."""

    record: Record
    emitted: list[Outgoing] = field(default_factory=list)
    canceled: bool = False
    _callbacks: list[Callable[[], None]] = field(default_factory=list)

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call it at the revocation."""
        if self.canceled:
            callback()
        else:
            self._callbacks.append(callback)

    def emit(self, message: Outgoing) -> None:
        """Keep the message."""
        self.emitted.append(message)

    def revoke(self) -> None:
        """Take the delivery away from its handler."""
        self.canceled = True
        for callback in self._callbacks:
            callback()


@dataclass(frozen=True)
class TaskRun:
    """What came of a run."""

    events: tuple[TaskEvent, ...]
    """All that was told, in order; the outcome last."""
    outcome: TaskEvent | None
    """The event that ended the attempt; None when the handler detached, or was revoked."""
    log_lines: tuple[str, ...]
    objects: Mapping[str, bytes]
    records: tuple[Outgoing, ...]
    """Rows of tables that were written."""
    revoked: bool = False

    @property
    def outputs(self) -> Mapping[str, JsonValue]:
        """The outputs; AssertionError with the failure's sentence when the attempt did not complete."""
        if not isinstance(self.outcome, TaskCompleted):
            raise AssertionError(f"the attempt did not complete: {self.outcome!r}")  # noqa: TRY004 - for a test's eyes
        return self.outcome.outputs

    @property
    def failure(self) -> Failure:
        """The failure; AssertionError when the attempt did not fail."""
        if not isinstance(self.outcome, TaskFailed):
            raise AssertionError(f"the attempt did not fail: {self.outcome!r}")  # noqa: TRY004 - for a test's eyes
        return self.outcome.failure

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that the handler reported as progress."""
        return tuple(event.step for event in self.events if isinstance(event, TaskProgressed))


def local_target(scratch: Path) -> ResourceTarget:
    """Return a target that stands for this machine, without SSH, with ``scratch`` as its scratch folder."""
    return ResourceTarget(
        resource_id=ResourceId(new_id()), name="this machine", transport=TransportKind.LOCAL, scratch=str(scratch)
    )


def command_for(
    task: AnyTask,
    params: Mapping[str, JsonValue],
    *,
    target: ResourceTarget | None = None,
    attempt: int = 1,
    deadline_seconds: float = 60.0,
) -> RunTask:
    """Return a command as the API half would write it, with fresh ids."""
    now = datetime.now(UTC)
    return RunTask(
        at=now,
        gateway_id=GatewayId(new_id()),
        experiment_id=ExperimentId(new_id()),
        process_id=ProcessId(new_id()),
        command_id=CommandId(new_id()),
        task_id=TaskId(new_id()),
        name=f"{task.type} in a test",
        type=task.type,
        attempt=attempt,
        max_attempts=4,
        lane=topics.FAST,
        params=dict(params),
        target=target,
        deadline_at=now + timedelta(seconds=deadline_seconds),
        capability="test",
    )


def run_task(  # noqa: PLR0913 - what a test may vary, by keyword
    task: AnyTask,
    params: Mapping[str, JsonValue],
    *,
    target: ResourceTarget | None = None,
    objects: Mapping[str, bytes] | None = None,
    command: RunTask | None = None,
    stop: StopReason | None = None,
    was_held: WasHeld = never_held,
) -> TaskRun:
    """Run one attempt of ``task`` to its outcome.

    Args:
        task: what ``@task`` made.
        params: the parameters as they would stand in the command.
        target: the resource; ``local_target(tmp_path)`` makes one of this machine.
        objects: the object store's content before the run.
        command: runs this command in place of a fresh one, as a redelivery would.
        was_held: says which lanes were paused, as ``StandingsTable.was_held`` does.
        stop: sets the cancel token with this reason before the handler starts; ``PROCESS_CANCELED`` is seen at once.
    """
    command = command or command_for(task, params, target=target)
    store, reach, producer = MemoryObjects(objects), SharedReach(), RecordingProducer()
    tools = Tools(exchange=NoExchange(), files=store, reach=reach, clock=SystemClock())
    around = Surroundings(
        worker="test",
        tools=tools,
        producer=producer,
        in_flight=InFlight(),
        logs=OpenLogs(),
        starts=Starts(tools.clock),
        process_canceled=lambda _: stop is StopReason.PROCESS_CANCELED,
        was_held=was_held,
    )
    delivery = HandDelivery(Record(topics.tasks(task.type).name, 0, 0, None, codec.encode(command)))
    token = CancelToken()
    if stop is not None:
        token.stop(stop)
    try:
        told, revoked = Attempt(task, around, delivery, EventsOf(command, tools.clock), token).outcome(), False
    except DeliveryCanceledError:
        told, revoked = None, True
    finally:
        reach.close()
    return _gathered(delivery, producer, store, told.event if told else None, revoked=revoked)


def _gathered(
    delivery: HandDelivery,
    producer: RecordingProducer,
    store: MemoryObjects,
    outcome: TaskEvent | None,
    *,
    revoked: bool,
) -> TaskRun:
    told = [codec.EVENTS.decode(one.value) for one in delivery.emitted if one.topic == topics.EVENTS.name]
    events = [event for event in told if isinstance(event, TaskEvent)]
    logged = [codec.LOGS.decode(one.value) for one in producer.sent if one.topic == topics.LOGS.name]
    return TaskRun(
        events=tuple(events) if outcome is None else (*events, outcome),
        outcome=outcome,
        log_lines=tuple(line.text for batch in logged if isinstance(batch, TaskLogged) for line in batch.lines),
        objects=store.objects,
        records=tuple(one for one in delivery.emitted if one.topic != topics.EVENTS.name),
        revoked=revoked,
    )
