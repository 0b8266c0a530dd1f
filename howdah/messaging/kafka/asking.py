"""Questions to a broker that is only just starting, or away: asked again, until the process is to stop."""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka import KafkaException

from howdah.messaging.kafka.errors import in_words, passes

T = TypeVar("T")

ANSWER_SECONDS: Final = 4.0
"""How long one question waits for its answer; librdkafka can't be interrupted in it."""
_AGAIN_SECONDS: Final = 0.1
_AGAIN_FOR_SECONDS: Final = 50.0
"""For well less than max.poll.interval.ms."""


class Asking:
    """Asks; one for all clients of a connection. Thread-safe."""

    def __init__(self) -> None:
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """From now on ask nothing a second time: what is answered at once is still answered."""
        self._given_up.set()

    def ask(self, what: str, question: Callable[[], T]) -> T:
        """Return the answer; MessagingError when the broker refuses, or says nothing for too long."""
        end = time.monotonic() + _AGAIN_FOR_SECONDS
        while True:
            try:
                return question()
            except KafkaException as error:
                if not passes(error.args[0]) or self._given_up.is_set() or time.monotonic() > end:
                    raise in_words(f"{what} could not be read", error) from None
            self._given_up.wait(_AGAIN_SECONDS)  # nothing tells when the coordinator has loaded
