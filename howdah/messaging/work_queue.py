"""The work queue's loop: poll, hand out, commit between two polls, pause what is full. One thread does all of it.

Handlers run elsewhere (``handling``), so that polling goes on however long they take. This loop never handles a message
and never blocks on one, but for the grace of a revocation.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from howdah.contracts.heartbeats import QueueReport
from howdah.messaging import starting
from howdah.messaging.abstract import Handler, MessagingError, Producer, WorkQueueOptions
from howdah.messaging.acknowledging import Acknowledging
from howdah.messaging.backend import Consumer, Partition
from howdah.messaging.flow import Flow
from howdah.messaging.handling import Handling, WithDeadLetter
from howdah.messaging.holdings import Holdings
from howdah.messaging.ledger import GarbledLedgerError, Ledger
from howdah.messaging.reporting import Change, Reporting
from howdah.runtime.clock import Clock, SystemClock

log = structlog.get_logger(__name__)

_IDLE_POLL_SECONDS: Final = 0.2
_QUIET_POLL_SECONDS: Final = 0.02
_QUIET_AFTER_SECONDS: Final = 0.25
"""Handlers at work, nothing arriving and nothing finishing: poll less often."""
_LIMIT: Final = 128
_REPORT_EVERY_SECONDS: Final = 1.0
_LANES_EVERY_SECONDS: Final = 0.1
_PATIENCE_SHARE: Final = 0.15
"""The share of the drain's grace in which handlers may end by themselves before they are canceled."""


class WorkQueue:
    """See ``abstract.Messaging.work_queue``. ``run`` once only."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parameters of Messaging.work_queue and the backend's clients; one caller
        self,
        consumer: Consumer,
        producer: Producer,
        topics: Sequence[str],
        handler: Handler,
        options: WorkQueueOptions,
        with_dead_letter: WithDeadLetter | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._topics = list(topics)
        self._options = options
        self._clock = clock or SystemClock()
        self._holdings = Holdings(producer, options.window_per_partition, options.bad_window, self._clock)
        self._handling = Handling(
            handler, self._holdings, options.group, options.threads, with_dead_letter, self._clock
        )
        self._acknowledging = Acknowledging(
            consumer, self._holdings, options.group, options.commit_interval_seconds, self._clock
        )
        self._flow = Flow(consumer, self._holdings, options.threads, self._clock)
        self._stopping = threading.Event()
        self._reporting = Reporting(self._topics, options.group, self._clock)
        self._active_at = 0.0
        self._reported_at = 0.0
        self._lanes_at = 0.0
        self._ended: str | None = "the work queue has not started yet"

    def run(self) -> None:
        """Work until stopped; MessagingError when the work can't go on."""
        self._handling.start()
        self._ended = None
        try:
            starting.register(self._consumer, self._options.group, self._topics)
            self._consumer.subscribe(self._topics, self)
            while not self._stopping.is_set():
                self._turn()
            self._drain()
        except MessagingError as error:
            self._ended = str(error)
            raise
        finally:
            self._consumer.close()
            self._handling.stop()
            self._ended = self._ended or "the work queue was stopped"

    def stop(self) -> None:
        """Ask the loop to drain and return."""
        self._stopping.set()

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence."""
        return self._ended or self._producer.trouble() or self._consumer.trouble() or self._acknowledging.trouble()

    def reports(self) -> Sequence[QueueReport]:
        """Return how it stood with each topic a moment ago."""
        return self._reporting.reports

    # ------------------------------------------------------------ the listener's side, called from inside poll

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Read the ledgers of ``partitions`` and begin where they say."""
        self._rebalanced("assigned", partitions)
        begin = starting.resume(self._consumer, self._options.group, partitions)
        for partition, said in begin.items():
            try:
                ledger = Ledger.resume(said.offset, said.metadata)
            except GarbledLedgerError as error:
                log.error(
                    "the ledger is unreadable: all from its watermark on is delivered again",
                    **_named(partition),
                    error=str(error),
                )
                ledger = Ledger(said.offset)
            self._holdings.open(partition, ledger, held=self._options.is_held(*partition))
        return {partition: said.offset for partition, said in begin.items()}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Cancel and join the handlers within the grace, commit what finished, let go."""
        self._rebalanced("revoked", partitions)
        if not self._holdings.withdraw(partitions, self._options.revoke_grace_seconds):
            log.warning("handlers outlived the grace of a revocation; their messages go to the next owner")
        self._acknowledging.commit_last(partitions)
        self._holdings.forget(partitions)

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Cancel the handlers and commit nothing: the partitions are somebody else's."""
        self._rebalanced("lost", partitions)
        self._holdings.withdraw(partitions, 0.0)
        self._holdings.forget(partitions)

    def reached_end(self, partition: Partition) -> None:
        """Nothing depends on the end of a work queue."""

    # ------------------------------------------------------------ the loop

    def _turn(self) -> None:
        if self._flow.adjust():
            self._holdings.await_progress(self._options.commit_interval_seconds)
        else:
            records = self._consumer.poll(self._timeout(), _LIMIT)
            if records:
                self._active_at = self._clock.monotonic()
                self._holdings.receive(records)
        self._holdings.release_due()
        if self._holdings.dirty:
            self._active_at = self._clock.monotonic()
            self._acknowledging.commit_due()
        self._check()

    def _timeout(self) -> float:
        if not self._holdings.in_flight and not self._holdings.dirty:
            return _IDLE_POLL_SECONDS
        quiet = self._clock.monotonic() - self._active_at > _QUIET_AFTER_SECONDS
        return _QUIET_POLL_SECONDS if quiet else self._options.commit_interval_seconds

    def _check(self) -> None:
        bad = self._holdings.bad_share()
        if bad > self._options.bad_share_limit:
            raise MessagingError(
                f"group {self._options.group}: {bad:.0%} of the last {self._options.bad_window} messages went to the "
                f"dead letters, more than {self._options.bad_share_limit:.0%}: the consumer stops, something is wrong "
                "with it or with its publisher"
            )
        now = self._clock.monotonic()
        if now - self._lanes_at >= _LANES_EVERY_SECONDS:
            self._lanes_at = now
            self._holdings.hold(self._options.is_held)
        if now - self._reported_at >= _REPORT_EVERY_SECONDS:
            self._reported_at = now
            self._reporting.take(self._holdings, self._consumer.high)

    def _drain(self) -> None:
        """Hand nothing out any more; join the handlers while polling, and so membership, goes on."""
        grace = self._options.drain_grace_seconds
        began = self._clock.monotonic()
        self._holdings.stop_handing_out()
        self._flow.stop()
        canceled = False
        while self._holdings.in_flight and (passed := self._clock.monotonic() - began) < grace:
            self._flow.adjust()
            self._holdings.receive(self._consumer.poll(self._options.commit_interval_seconds, _LIMIT))
            self._acknowledging.commit_due()
            if not canceled and passed > grace * _PATIENCE_SHARE:
                canceled = True
                self._holdings.cancel_running()
        self._acknowledging.commit()

    def _rebalanced(self, what: Change, partitions: Sequence[Partition]) -> None:
        self._reporting.rebalanced(what, partitions)
        log.info("rebalance", what=what, group=self._options.group, partitions=[f"{t}[{n}]" for t, n in partitions])


def _named(partition: Partition) -> dict[str, str | int]:
    return {"topic": partition.topic, "partition": partition.number}
