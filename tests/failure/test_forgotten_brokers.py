"""A broker that only just starts says that the cluster has no brokers: a client that believes it is given up."""

import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

import pytest

from howdah.contracts.topics import Mode, Topic
from howdah.messaging import Delivery, Messaging, MessagingError, Outgoing, WorkQueueOptions, connect
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.daemons import free_port, shared_directory
from tests.fixtures.kafka import LocalKafka
from tests.fixtures.waiting import holds_within

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180, func_only=True)]

PATIENCE_SECONDS = 60
METADATA = 3
TASKS = Topic("forgotten.tasks", Mode.WORK_QUEUE, "key", 2, 86_400_000, "a test", "a test")
ROWS = Topic("forgotten.rows", Mode.TABLE, "key", 2, 86_400_000, "a test", "a test", compacted=True)


def uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at ``at``, and where the next thing begins."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def without_brokers(answer: bytes) -> bytes:
    """Return an answer to a metadata request (version 9 or later) with the list of brokers emptied.

    Correlation id, tags, throttle time, then the brokers: id, host, port, rack, tags (Kafka protocol, Metadata API).
    """
    begin = 4 + 1 + 4
    count, at = uvarint(answer, begin)
    for _ in range(count - 1):
        host, at = uvarint(answer, at + 4)
        rack, at = uvarint(answer, at + host - 1 + 4)
        at += max(rack - 1, 0) + 1
    return answer[:begin] + b"\x01" + answer[at:]


class ForgetfulProxy:
    """Forwards frames to a broker; while ``forgetful``, its answers about the cluster name no broker."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.forgetful = False
        self.forgot = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut every connection."""
        while self._open:
            with suppress(OSError):  # it may have ended by itself
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target_port))
            self._open.append(client)
            asked: set[bytes] = set()
            threading.Thread(target=self._forward, args=(client, server, asked), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, asked), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket, asked: set[bytes]) -> None:
        with client, server:
            for frame in frames(client):
                if struct.unpack_from(">h", frame)[0] == METADATA:
                    asked.add(frame[4:8])
                server.sendall(struct.pack(">i", len(frame)) + frame)

    def _answer(self, server: socket.socket, client: socket.socket, asked: set[bytes]) -> None:
        try:
            for frame in frames(server):
                answer = frame
                if self.forgetful and frame[:4] in asked:
                    answer = without_brokers(frame)
                    self.forgot.set()
                client.sendall(struct.pack(">i", len(answer)) + answer)
        except OSError:
            return


def frames(source: socket.socket) -> Iterator[bytes]:
    """Return what comes, frame by frame, until the connection ends."""
    with source.makefile("rb") as stream:
        while len(head := read(stream, 4)) == 4:
            yield read(stream, struct.unpack(">i", head)[0])


def read(stream: BinaryIO, size: int) -> bytes:
    """Return so many bytes, none when the connection has ended."""
    try:
        return stream.read(size)
    except OSError:
        return b""


class ProxiedKafka(LocalKafka):
    """Has a second listener; whoever comes by it is told to come through the proxy."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        behind = free_port()
        self._behind = f"127.0.0.1:{behind}"
        self.proxy = ForgetfulProxy(behind)

    def broker_settings(self) -> dict[str, str]:
        usual = super().broker_settings()
        return usual | {
            "listeners": f"{usual['listeners']},PROXIED://{self._behind}",
            "advertised.listeners": f"{usual['advertised.listeners']},PROXIED://127.0.0.1:{self.proxy.port}",
            "listener.security.protocol.map": f"{usual['listener.security.protocol.map']},PROXIED:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }


@pytest.fixture(scope="module")
def kafka() -> Iterator[ProxiedKafka]:
    directory = shared_directory("howdah-forgotten")
    made = ProxiedKafka(directory)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        made.proxy.close()
        shutil.rmtree(directory, ignore_errors=True)


class Worker:
    """A work queue on a thread of its own, what it handled and what it died of."""

    def __init__(self, messaging: Messaging) -> None:
        self.handled: list[bytes | None] = []
        self.died_of: str | None = None
        self._queue = messaging.work_queue([TASKS.name], self._handle, WorkQueueOptions(group="forgotten"))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _handle(self, delivery: Delivery) -> None:
        self.handled.append(delivery.record.value)

    def _run(self) -> None:
        try:
            self._queue.run()
        except MessagingError as error:
            self.died_of = str(error)

    def stop(self) -> None:
        self._queue.stop()
        self._thread.join(PATIENCE_SECONDS)


def test_a_client_that_was_told_of_a_cluster_without_brokers_is_given_up_and_another_one_goes_on(
    kafka: ProxiedKafka,
) -> None:
    settings = KafkaSettings.load(kafka_bootstrap=f"127.0.0.1:{kafka.proxy.port}")
    with connect(settings, "forgetting") as messaging, ExitStack() as stack:
        messaging.admin().ensure([TASKS, ROWS])
        table = messaging.table(ROWS.name)
        table.start()
        assert table.wait_loaded(PATIENCE_SECONDS), table.trouble()
        worker = Worker(messaging)
        stack.callback(worker.stop)
        messaging.producer().send_all([Outgoing(TASKS.name, b"before")])
        assert holds_within(lambda: worker.handled == [b"before"], PATIENCE_SECONDS)
        assert messaging.beyond_repair() is None
        kafka.proxy.forgetful = True
        kafka.proxy.cut()
        assert kafka.proxy.forgot.wait(PATIENCE_SECONDS)
        assert holds_within(lambda: worker.died_of is not None, PATIENCE_SECONDS)
        assert "forgotten every broker" in str(worker.died_of)
        assert holds_within(lambda: messaging.beyond_repair() is not None, PATIENCE_SECONDS), table.trouble()
        kafka.proxy.forgetful = False
        assert messaging.admin().partitions(TASKS.name) == TASKS.partitions, "a question finds the brokers again"
    with connect(settings, "remembering") as another:
        another.producer().send_all([Outgoing(TASKS.name, b"after")])


def test_a_process_that_is_beyond_repair_ends() -> None:
    begin = "import signal; from howdah.runtime.ending import end_process_when; "
    program = begin + "end_process_when(lambda: 'gone'); signal.pause()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=False)
    assert done.returncode == -15
    assert b"to be started anew" in done.stdout + done.stderr
