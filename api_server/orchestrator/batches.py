"""Reading ordered batches so that nothing is lost: outages are waited out, a bad record is put aside.

A batch that fails for a reason of its own is cut in half until the one record that is to blame stands alone; it goes
to the dead letters and the rest goes on. While the database or the broker is away nothing is to blame but that.
"""

import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

import structlog

from api_server.lifecycle.recording import ConflictingWriteError
from api_server.registry.engine import DATABASE_OUTAGES
from howdah.contracts.errors import ContractError
from howdah.messaging.abstract import BatchReader, MessagingError, Record
from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")
Taken = tuple[Record, T]
_OUTAGES: Final = (*DATABASE_OUTAGES, MessagingError, ConflictingWriteError)
_FIRST_WAIT_SECONDS: Final = 0.05
_LONGEST_WAIT_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.5
_COMMIT_SECONDS: Final = 0.1
_FRAMES: Final = 6


class BatchLoop(Generic[T]):
    """Reads, decodes, applies, commits, until stopped.

    ``decode`` raises ContractError for what is no message; ``apply`` takes a batch in, durably and idempotently, and
    after an error has taken in nothing.
    """

    def __init__(
        self,
        reader: BatchReader,
        decode: Callable[[Record], T],
        apply: Callable[[Sequence[T]], None],
        clock: Clock,
        *,
        limit: int = 500,
    ) -> None:
        self._reader = reader
        self._decode = decode
        self._apply = apply
        self._clock = clock
        self._limit = limit
        self._trouble: str | None = None
        self._committed_at = 0.0

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence."""
        return self._trouble

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what was polled and not committed comes again, here or elsewhere."""
        try:
            while not stop.is_set():
                records = self._reader.poll(_POLL_SECONDS, self._limit)
                if records and not self._patiently(partial(self._take_in, records), stop):
                    return
                self._commit(when_due=bool(records))
            self._commit(when_due=False)
        finally:
            self._reader.close()

    def _commit(self, *, when_due: bool) -> None:
        """Commit the offsets, under load some batches at a time: each costs a round trip and a core of the broker.

        Until then a crash only repeats what the database knows to be applied.
        """
        now = self._clock.monotonic()
        if not when_due or now - self._committed_at >= _COMMIT_SECONDS:
            self._reader.commit()
            self._committed_at = now

    def _patiently(self, work: Callable[[], None], stop: threading.Event) -> bool:
        """Do ``work``, again and again while something it needs is away; False when stopped meanwhile."""
        wait = _FIRST_WAIT_SECONDS
        while True:
            try:
                work()
            except _OUTAGES as error:
                self._trouble = f"waiting for the database or the broker: {_first_line(error)}"
                log.warning("batch will be tried again", error=_first_line(error), seconds=wait)
                if self._clock.wait(stop, wait):
                    return False
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
            else:
                self._trouble = None
                return True

    def _take_in(self, records: Sequence[Record]) -> None:
        taken = list(self._decoded(records))
        if taken:
            self._divide(taken)

    def _decoded(self, records: Sequence[Record]) -> Iterator[Taken[T]]:
        for record in records:
            try:
                yield record, self._decode(record)
            except ContractError as error:
                self._reader.dead_letter(record, str(error))

    def _divide(self, taken: Sequence[Taken[T]]) -> None:
        try:
            self._apply([message for _, message in taken])
        except _OUTAGES:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: whatever one record does must not stop the others
            if len(taken) == 1:
                self._put_aside(taken[0][0], error)
                return
            middle = len(taken) // 2
            self._divide(taken[:middle])
            self._divide(taken[middle:])

    def _put_aside(self, record: Record, error: Exception) -> None:
        reason = f"{type(error).__name__}: {_first_line(error)}"
        where = "".join(traceback.format_tb(error.__traceback__, -_FRAMES))
        log.error("record put aside", topic=record.topic, offset=record.offset, reason=reason, where=where)
        self._reader.dead_letter(record, reason)


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).partition("\n")[0][:1_000]
