"""What was committed is published; what was not is not; what a dead process left behind is found."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, text, update

from api_server.registry.leases import LEASE_SECONDS, LeaseHolder
from api_server.registry.models import Lease, OutboxMessage
from api_server.registry.outbox import RELAY_LEASE, OutboxRelay, Sweeper, open_registry
from api_server.registry.unit_of_work import Registry
from howdah.messaging import DeliveryError, MessagingError, OnDelivery, Outgoing
from howdah.runtime.clock import SystemClock


class Wire:
    """A producer that acknowledges, refuses or keeps silent, as a test wishes."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.answer: MessagingError | str | None = None

    def send(self, message: Outgoing, on_delivery: OnDelivery | None = None) -> None:
        self.sent.append(message)
        if on_delivery is not None and not isinstance(self.answer, str):
            on_delivery(self.answer)

    def send_all(self, messages: Iterable[Outgoing], timeout_seconds: float = 30.0) -> None:
        assert timeout_seconds > 0
        if isinstance(self.answer, MessagingError):
            raise self.answer
        self.sent += messages

    def trouble(self) -> str | None:
        return None

    def beyond_repair(self) -> str | None:
        return None

    def close(self, timeout_seconds: float = 10.0) -> None:
        assert timeout_seconds > 0


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM outbox")).scalar_one())


def put(registry: Registry, *values: bytes | None) -> None:
    with registry.transaction() as work:
        work.enqueue(*(Outgoing("t", value, key=b"k\x00\xff", partition=3) for value in values))


def put_and_fail(registry: Registry) -> None:
    with registry.transaction() as work:
        work.enqueue(Outgoing("t", b"never"))
        raise LookupError


def test_what_is_acknowledged_is_deleted(engine: Engine) -> None:
    wire = Wire()
    registry, relay = open_registry(engine, wire)
    relay.start()
    put(registry, b"one", None)
    relay.close()
    assert [message.value for message in wire.sent] == [b"one", None]
    assert count(engine) == 0


def test_what_is_rolled_back_is_not_published(engine: Engine) -> None:
    wire = Wire()
    registry, relay = open_registry(engine, wire)
    with pytest.raises(LookupError):
        put_and_fail(registry)
    assert wire.sent == []
    assert count(engine) == 0
    assert isinstance(relay, OutboxRelay)


def test_what_is_refused_stays_for_the_sweeper(engine: Engine) -> None:
    wire = Wire()
    wire.answer = DeliveryError("no broker")
    registry, relay = open_registry(engine, wire)
    relay.start()
    put(registry, b"\x00\xffbytes")
    assert Sweeper(engine, wire).sweep() == 0, "its writer is alive, and the delivery time-out is not over"
    relay.close()
    assert count(engine) == 1
    wire.answer = None
    wire.sent.clear()
    assert Sweeper(engine, wire).sweep() == 1, "its writer is gone"
    [message] = wire.sent
    assert (message.value, message.key, message.partition) == (b"\x00\xffbytes", b"k\x00\xff", 3)
    assert count(engine) == 0


def test_old_rows_are_swept_whoever_wrote_them(engine: Engine) -> None:
    wire = Wire()
    wire.answer = "silence"
    registry, relay = open_registry(engine, wire)
    relay.start()
    put(registry, b"lost")
    with engine.begin() as connection:
        connection.execute(update(OutboxMessage).values(created_at=text("now() - interval '1 hour'")))
    wire.answer = None
    assert Sweeper(engine, wire).sweep() == 1
    relay.close(timeout_seconds=0.1)


def test_a_sweep_that_fails_leaves_everything(engine: Engine) -> None:
    wire = Wire()
    registry = Registry(engine, open_registry(engine, wire)[1], writer="dead")
    wire.answer = DeliveryError("no broker")
    put(registry, b"one", b"two")
    with pytest.raises(DeliveryError):
        Sweeper(engine, wire).sweep()
    assert count(engine) == 2


def test_two_sweepers_publish_each_row_once(engine: Engine) -> None:
    wire = Wire()
    registry = Registry(engine, open_registry(engine, wire)[1], writer="dead")
    put(registry, *(str(number).encode() for number in range(1_200)))
    wire.sent.clear()
    threads = [threading.Thread(target=Sweeper(engine, wire).sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(wire.sent) == len({message.value for message in wire.sent}) == 1_200


class SetClock(SystemClock):
    """Two hands, moved by the test."""

    def __init__(self) -> None:
        self.seconds, self.instant = 1_000.0, datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.instant


def run_out(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(Lease).values(until=text("now() - interval '1 second'")))


def test_a_lease_has_one_holder_until_it_runs_out(engine: Engine) -> None:
    clock = SetClock()
    one, two = LeaseHolder(engine, "one", clock=clock), LeaseHolder(engine, "two")
    assert one.hold("timers")
    clock.seconds += LEASE_SECONDS / 2
    assert one.hold("timers"), "it may be renewed"
    assert not two.hold("timers")
    run_out(engine)
    assert two.hold("timers")
    clock.seconds += LEASE_SECONDS / 2
    assert not one.hold("timers")
    two.release("timers")
    assert one.hold("timers")


def test_a_lease_in_hand_is_renewed_at_half_of_its_time_and_not_at_each_question(engine: Engine) -> None:
    clock = SetClock()
    holder = LeaseHolder(engine, "one", clock=clock)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    for _ in range(5):
        assert holder.hold("timers")
        clock.seconds += LEASE_SECONDS / 10
    assert len(statements) == 1
    assert holder.hold("timers")
    assert len(statements) == 2


@pytest.mark.parametrize("slept", [timedelta(hours=1), timedelta(hours=-1)])
def test_after_a_machine_slept_or_its_clock_was_set_the_lease_is_asked_for_again(
    engine: Engine, slept: timedelta
) -> None:
    clock = SetClock()
    one, two = LeaseHolder(engine, "one", clock=clock), LeaseHolder(engine, "two")
    assert one.hold("timers")
    run_out(engine)
    assert two.hold("timers")
    clock.instant += slept
    assert not one.hold("timers")


def test_a_relay_announces_itself_and_takes_its_leave(engine: Engine) -> None:
    _, relay = open_registry(engine, Wire())
    relay.start()
    other = LeaseHolder(engine, "other")
    assert not other.hold(RELAY_LEASE + relay.writer)
    relay.close()
    assert other.hold(RELAY_LEASE + relay.writer)
