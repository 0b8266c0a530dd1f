"""A consumer in a process of its own, to be killed: writes a line to its journal when it begins and when it is done.

A line is written and in the file before the handler returns, so the journal is a witness that survives SIGKILL. With
``sabotage`` the handler returns first and works afterwards: what the witness must notice.
"""

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from howdah.messaging import Delivery, WorkQueueOptions, connect
from howdah.runtime.settings import KafkaSettings


def main(bootstrap: str, topic: str, group: str, journal: Path, mode: str) -> None:
    lines = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(what: str, delivery: Delivery) -> None:
        record = delivery.record
        os.write(lines, f"{what} {record.partition} {record.offset} {(record.value or b'').decode()}\n".encode())

    def handle(delivery: Delivery) -> None:
        if mode == "sabotage":
            threading.Timer(1.0, note, ("done", delivery)).start()
            return
        note("began", delivery)
        time.sleep(random.uniform(0.005, 0.06))  # noqa: S311 - work of uneven length, so that messages finish out of order
        note("done", delivery)

    with connect(KafkaSettings(kafka_bootstrap=bootstrap), f"replica-{os.getpid()}") as messaging:
        queue = messaging.work_queue([topic], handle, WorkQueueOptions(group=group, threads=4))
        signal.signal(signal.SIGTERM, lambda *_: queue.stop())
        queue.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5])
