"""Kafka comes back under another address, while the old one swallows everything: clients that idle find it as well."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from howdah.contracts.topics import Mode, Topic
from howdah.local.ports import choose
from howdah.messaging import Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.daemons import shared_directory
from tests.fixtures.kafka import LocalKafka
from tests.fixtures.waiting import holds_within

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NAME = "test-new-address"
OLD_ENOUGH_SECONDS = 60


@contextmanager
def swallowing(port: int) -> Iterator[None]:
    """Take connections on the port and never answer, as where a host has vanished."""
    with closing(socket.create_server(("127.0.0.1", port))) as listener:
        held: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
    for one in held:
        one.close()


def test_producers_that_have_nothing_to_write_find_kafka_at_its_new_address() -> None:
    directory = shared_directory("howdah-address")
    before, after = choose(), choose()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        kafka = LocalKafka(directory, port=before)
        stack.callback(kafka.stop)
        kafka.start()
        settings = KafkaSettings(kafka_bootstrap=f"127.0.0.1:{before},127.0.0.1:{after}")
        clients = [stack.enter_context(connect(settings, f"idle-{number}")) for number in range(3)]
        clients[0].admin().ensure([Topic(NAME, Mode.ORDERED_BATCHES, "key", 1, 86_400_000, "a test", "a test")])
        clients[0].producer().send_all([Outgoing(NAME, b"before")])
        kafka.kill()
        with swallowing(before):
            assert holds_within(lambda: all(one.producer().trouble() for one in clients), OLD_ENOUGH_SECONDS)
            moved = LocalKafka(directory, port=after)
            stack.callback(moved.stop)
            moved.start()
            assert holds_within(lambda: not any(one.producer().trouble() for one in clients), OLD_ENOUGH_SECONDS)
            for one in clients:
                one.producer().send_all([Outgoing(NAME, b"after")])
