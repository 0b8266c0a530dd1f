"""The handlers' threads: take a message, handle it, decide what its end means. The place that catches everything."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from howdah.contracts.errors import ContractError
from howdah.messaging.abstract import (
    DeliveryCanceledError,
    Handler,
    MessagingError,
    Outgoing,
    PoisonousMessageError,
    Record,
)
from howdah.messaging.dead_letters import dead_letter
from howdah.messaging.delivery import HeldDelivery, Outcome
from howdah.messaging.holdings import Holdings
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import DEAD_LETTERS

log = structlog.get_logger(__name__)

WithDeadLetter = Callable[[Record, str], Sequence[Outgoing]]
_JOIN_SECONDS: Final = 1.0


class Handling:
    """A bounded pool of threads on one handler."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a pool is made of; one caller
        self,
        handler: Handler,
        holdings: Holdings,
        group: str,
        threads: int,
        with_dead_letter: WithDeadLetter | None,
        clock: Clock,
    ) -> None:
        self._handler = handler
        self._holdings = holdings
        self._group = group
        self._with_dead_letter = with_dead_letter
        self._clock = clock
        # Daemons: a handler that hangs for ever must not keep a process alive that was told to stop.
        self._threads = [
            threading.Thread(target=self._work, name=f"{group}-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        """Begin to handle."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the idle threads end; one that hangs in its handler is left behind."""
        self._holdings.dismiss()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_JOIN_SECONDS / len(self._threads))

    def _work(self) -> None:
        while (delivery := self._holdings.take()) is not None:
            try:
                self._handle(delivery)
            except MessagingError as error:  # the producer refuses: the same as an emission that failed
                delivery.failed(error)
            delivery.returned()

    def _handle(self, delivery: HeldDelivery) -> None:
        if delivery.outcome is not Outcome.DEAD_LETTER:
            delivery.outcome = Outcome.HANDLED
            try:
                self._handler(delivery)
            except (PoisonousMessageError, ContractError) as error:
                self._condemn(delivery, str(error) or type(error).__name__)
            except DeliveryCanceledError:
                delivery.outcome = Outcome.ABANDONED
            except MessagingError as error:
                delivery.failed(error)
            except Exception as error:
                log.exception("a handler failed", group=self._group, **_position(delivery.record))
                self._condemn(delivery, f"{type(error).__name__}: {error}")
        if delivery.outcome is Outcome.DEAD_LETTER:
            for message in self._letters(delivery):
                delivery.emit(message)

    def _condemn(self, delivery: HeldDelivery, reason: str) -> None:
        delivery.outcome = Outcome.DEAD_LETTER
        delivery.reason = reason
        DEAD_LETTERS.labels(delivery.record.topic).inc()
        log.warning("dead letter", group=self._group, reason=reason, **_position(delivery.record))

    def _letters(self, delivery: HeldDelivery) -> list[Outgoing]:
        letters = [dead_letter(delivery.record, delivery.reason, self._group, self._clock.now())]
        if self._with_dead_letter is not None:
            try:
                letters.extend(self._with_dead_letter(delivery.record, delivery.reason))
            except Exception:  # the bytes are bad already: the letter itself must still be written
                log.exception("no message goes with a dead letter", group=self._group, **_position(delivery.record))
        return letters


def _position(record: Record) -> dict[str, str | int]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
