"""What a work queue promises, on real Kafka with consumers in processes of their own.

The classic demonstration: one producer, three consumers of one group, one killed in the middle. Every message is
handled, none is acknowledged before it was, and what was acknowledged is not handled again. The long handler: it
outlasts ``max.poll.interval.ms`` several times over, keeps its partition, and its message is handled once. The frozen
consumer: it stands still for longer than its session, as on a laptop that sleeps, and what came meanwhile is handled.
"""

import random
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from howdah.contracts.topics import Mode, Topic
from howdah.messaging import Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from tests.failure.proof.ground import Ground, Line
from tests.failure.proof.replica import Orders, message
from tests.failure.proof.verdicts import hear, witness
from tests.fixtures.waiting import holds_within

PROTOCOLS = ("consumer", "classic")
_KEPT_MS = 86_400_000
_MAX_POLL_INTERVAL_MS = 6_000


@dataclass(frozen=True)
class ClassicSize:
    """How many messages, and how many each consumer has handled when one of them is killed."""

    messages: int
    before_the_kill: int
    partitions: int = 12
    consumers: int = 3
    patience_seconds: float = 120.0


@dataclass(frozen=True)
class LongSize:
    """How long the long handler takes, beside how many short ones."""

    seconds: float
    short: int = 20
    partitions: int = 2
    consumers: int = 2
    patience_seconds: float = 120.0


@dataclass(frozen=True)
class FrozenSize:
    """How often the one consumer stands still, and how long: longer than its session of 6 s.

    Messages come while it does, and more while it finds its way back into the group.
    """

    freezes: int
    rounds_after: int = 10
    seconds: float = 8.0
    partitions: int = 12
    patience_seconds: float = 60.0


FULL_CLASSIC, SMALL_CLASSIC = ClassicSize(6_000, before_the_kill=300), ClassicSize(1_500, before_the_kill=40)
SABOTAGED_CLASSIC = ClassicSize(400, before_the_kill=20, patience_seconds=30.0)
FULL_LONG, SMALL_LONG = LongSize(45.0), LongSize(14.0)
FULL_FROZEN, SMALL_FROZEN = FrozenSize(10), FrozenSize(2)


class Stand:
    """A topic with a group of consumers, their journals, and the witness who watches both from the first message on."""

    def __init__(self, ground: Ground, name: str, partitions: int, consumers: int, orders: Orders) -> None:
        self.directory = ground.directory / name
        self.directory.mkdir()
        self._settings = KafkaSettings.load(kafka_bootstrap=ground.kafka.bootstrap)
        self._partitions = partitions
        self._sent: list[str] = []
        self.orders = replace(orders, topic=f"proof.{name}", group=f"proof.{name}")
        self.journals = [self.directory / f"journal-{number}" for number in range(consumers)]
        with connect(self._settings, "proof") as messaging:
            topic = Topic(self.orders.topic, Mode.WORK_QUEUE, "none", partitions, _KEPT_MS, "a proof", "a proof")
            messaging.admin().ensure([topic])

    @contextmanager
    def consuming(self) -> Iterator[Sequence["subprocess.Popen[bytes]"]]:
        """Run the consumers; what is left of them is stopped in order at the end."""
        for journal in self.journals:
            journal.touch()
        replicas = [subprocess.Popen(replace(self.orders, journal=str(one)).command()) for one in self.journals]
        try:
            yield replicas
        finally:
            for one in replicas:
                one.terminate()
            for one in replicas:
                _await_end(one)

    def witness(self, seconds: float, *flags: str) -> "subprocess.Popen[str]":
        """Start the witness."""
        arguments = {
            "--bootstrap": self.orders.bootstrap,
            "--topic": self.orders.topic,
            "--group": self.orders.group,
            "--partitions": self._partitions,
            "--journals": self.directory,
            "--sent": self._sent_file,
            "--seconds": seconds,
        }
        return witness("queue_witness.py", arguments, {}, *flags)

    def send(self, durations: Sequence[float], partition: int | None = None) -> None:
        """Write a message for each duration of its handling, over all partitions or into one."""
        values = [message(len(self._sent) + index, seconds) for index, seconds in enumerate(durations)]
        places = [index % self._partitions if partition is None else partition for index in range(len(values))]
        with connect(self._settings, "producer") as messaging:
            messages = zip(values, places, strict=True)
            messaging.producer().send_all(Outgoing(self.orders.topic, value, partition=at) for value, at in messages)
        self._sent.extend(value.decode() for value in values)

    def warm_up(self, seconds: float) -> bool:
        """Send short messages everywhere until every consumer has its share; return whether that came about."""

        def shared() -> bool:
            self.send([0.0] * self._partitions)
            return self.each_has_begun(1)

        return holds_within(shared, seconds, every=0.2)

    def all_sent(self) -> None:
        """Tell the witness what there was to be handled."""
        fresh = self.directory / "sent.new"
        fresh.write_text("\n".join(self._sent), encoding="utf-8")
        fresh.replace(self._sent_file)

    def each_has_begun(self, count: int) -> bool:
        """Tell whether every consumer has begun to handle ``count`` messages."""
        return all(journal.read_text(encoding="utf-8").count("began") >= count for journal in self.journals)

    def has_begun_all(self) -> bool:
        """Tell whether as many were begun as were sent."""
        return sum(journal.read_text(encoding="utf-8").count("began") for journal in self.journals) >= len(self._sent)

    @property
    def _sent_file(self) -> Path:
        return self.directory / "sent.txt"


def classic_demonstration(ground: Ground, size: ClassicSize, seed: int, *, early: bool = False) -> Line:
    """Run the proof and return its line; with ``early`` the consumers acknowledge before they work."""
    chance = random.Random(seed)  # noqa: S311 - work of uneven length, so that messages finish out of order
    durations = [chance.uniform(0.005, 0.06) for _ in range(size.messages)]
    orders = Orders(ground.kafka.bootstrap, "", "", "", early=early)
    stand = Stand(ground, "classic-early" if early else "classic", size.partitions, size.consumers, orders)
    with stand.consuming() as consumers:
        watching = stand.witness(size.patience_seconds)
        warm = stand.warm_up(size.patience_seconds)
        stand.send(durations[: size.messages // 2])
        begun = holds_within(lambda: stand.each_has_begun(size.before_the_kill), size.patience_seconds)
        consumers[0].kill()
        stand.send(durations[size.messages // 2 :])
        stand.all_sent()
        verdict = hear(watching, 2 * size.patience_seconds)
    return {
        "proof": "classic-demonstration",
        "seed": seed,
        "consumers": size.consumers,
        "killed": 1,
        "all_ended": warm and begun and verdict["unacknowledged"] == 0,
        **verdict,
    }


def long_handler(ground: Ground, size: LongSize) -> list[Line]:
    """Run the proof with both group protocols at once; return a line each."""
    stands = {protocol: _long_stand(ground, size, protocol) for protocol in PROTOCOLS}
    lines: list[Line] = []
    with ExitStack() as stack:
        watching = {protocol: stand.witness(size.patience_seconds, "--once") for protocol, stand in stands.items()}
        for stand in stands.values():
            stack.enter_context(stand.consuming())
        for stand in stands.values():
            warm = stand.warm_up(size.patience_seconds)
            assert warm, "a consumer got no partition"
            stand.send([size.seconds, *[0.0] * size.short], partition=0)
            stand.all_sent()
        for protocol, one in watching.items():
            line = {"proof": "long-handler", "protocol": protocol, "handler_seconds": size.seconds}
            lines.append(
                {**line, "max_poll_interval_ms": _MAX_POLL_INTERVAL_MS, **hear(one, 2 * size.patience_seconds)}
            )
    return lines


def _long_stand(ground: Ground, size: LongSize, protocol: str) -> Stand:
    orders = Orders(ground.kafka.bootstrap, "", "", "", protocol=protocol, max_poll_interval_ms=_MAX_POLL_INTERVAL_MS)
    return Stand(ground, f"long-{protocol}", size.partitions, size.consumers, orders)


def frozen_consumer(ground: Ground, size: FrozenSize) -> list[Line]:
    """Run the proof with both group protocols at once; return a line each."""
    stands = {protocol: _frozen_stand(ground, size, protocol) for protocol in PROTOCOLS}
    with ExitStack() as stack:
        seconds = size.freezes * (size.seconds + size.patience_seconds) + size.patience_seconds
        watching = {protocol: stand.witness(seconds) for protocol, stand in stands.items()}
        consumers = [one for stand in stands.values() for one in stack.enter_context(stand.consuming())]
        for stand in stands.values():
            assert stand.warm_up(size.patience_seconds), "a consumer got no partition"
        for _ in range(size.freezes):
            _freeze(consumers, stands.values(), size)
        for stand in stands.values():
            stand.all_sent()
        return [
            {
                "proof": "frozen-consumer",
                "protocol": protocol,
                "freezes": size.freezes,
                "frozen_seconds": size.seconds,
                **hear(one, seconds + size.patience_seconds),
            }
            for protocol, one in watching.items()
        ]


def _frozen_stand(ground: Ground, size: FrozenSize, protocol: str) -> Stand:
    orders = Orders(ground.kafka.bootstrap, "", "", "", protocol=protocol)
    return Stand(ground, f"frozen-{protocol}", size.partitions, 1, orders)


def _freeze(consumers: Sequence["subprocess.Popen[bytes]"], stands: Collection[Stand], size: FrozenSize) -> None:
    for one in consumers:
        one.send_signal(signal.SIGSTOP)
    for stand in stands:
        stand.send([0.0] * size.partitions)
    time.sleep(size.seconds)  # the fault itself: there is nothing to be heard of a process that stands still
    for one in consumers:
        one.send_signal(signal.SIGCONT)
    for _ in range(size.rounds_after):
        for stand in stands:
            stand.send([0.0] * size.partitions)
    holds_within(lambda: all(stand.has_begun_all() for stand in stands), size.patience_seconds)


def _await_end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
