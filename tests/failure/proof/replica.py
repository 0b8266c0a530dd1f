"""A consumer in a process of its own, to be killed: writes a line to its journal when it begins and when it is done.

A line is written and in the file before the handler returns, so the journal is a witness that survives SIGKILL. A
message says in its value how long it takes. With ``early`` the handler returns first and works afterwards: what the
witness must notice.

``python -m tests.failure.proof.replica JSON``, where JSON is ``Orders``.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass

from howdah.messaging import Delivery, WorkQueueOptions, connect
from howdah.runtime.settings import KafkaSettings

_EARLY_SECONDS = 1.0


@dataclass(frozen=True)
class Orders:
    """What a replica is told."""

    bootstrap: str
    topic: str
    group: str
    journal: str
    protocol: str = "consumer"
    session_timeout_ms: int = 6_000
    max_poll_interval_ms: int = 300_000
    early: bool = False

    def command(self) -> list[str]:
        """Return the command line of this replica."""
        return [sys.executable, "-m", "tests.failure.proof.replica", json.dumps(asdict(self))]


def message(number: int, seconds: float) -> bytes:
    """Return the value of a message that takes ``seconds`` to handle."""
    return f"message-{number}@{seconds:.3f}".encode()


def main(orders: Orders) -> None:
    """Consume until SIGTERM."""
    lines = os.open(orders.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(what: str, delivery: Delivery) -> None:
        record = delivery.record
        os.write(lines, f"{what} {record.partition} {record.offset} {(record.value or b'').decode()}\n".encode())

    def handle(delivery: Delivery) -> None:
        note("began", delivery)
        if orders.early:
            threading.Timer(_EARLY_SECONDS, note, ("done", delivery)).start()
            return
        time.sleep(float((delivery.record.value or b"@0").rpartition(b"@")[2]))
        note("done", delivery)

    settings = KafkaSettings.load(kafka_bootstrap=orders.bootstrap, kafka_group_protocol=orders.protocol)
    options = WorkQueueOptions(
        group=orders.group,
        threads=4,
        session_timeout_ms=orders.session_timeout_ms,
        max_poll_interval_ms=orders.max_poll_interval_ms,
    )
    with connect(settings, f"replica-{os.getpid()}") as messaging:
        queue = messaging.work_queue([orders.topic], handle, options)
        signal.signal(signal.SIGTERM, lambda *_: queue.stop())
        queue.run()


if __name__ == "__main__":
    main(Orders(**json.loads(sys.argv[1])))
