"""The canceled processes, as every replica knows them."""

from collections.abc import Callable

from howdah.contracts import codec, topics
from howdah.contracts.errors import ContractError
from howdah.contracts.ids import ProcessId
from howdah.contracts.records import Cancellation
from howdah.messaging.abstract import Messaging, MessagingError, Record


class Cancellations:
    """Reads ``howdah.cancellations`` whole, and tells ``on_cancel`` of each process that is to stop."""

    def __init__(self, messaging: Messaging, on_cancel: Callable[[ProcessId], None]) -> None:
        self._listeners = [on_cancel]
        self._table = messaging.table(topics.CANCELLATIONS.name, self._changed)

    def start(self, timeout_seconds: float) -> None:
        """Load all; MessagingError when that takes too long."""
        self._table.start()
        if not self._table.wait_loaded(timeout_seconds):
            trouble = self._table.trouble() or "Kafka did not answer"
            raise MessagingError(f"the cancellations were not loaded within {timeout_seconds:g} s: {trouble}")

    def listen(self, on_cancel: Callable[[ProcessId], None]) -> None:
        """Tell ``on_cancel`` too, of those that come from now on; it must be quick and must not raise."""
        self._listeners.append(on_cancel)

    def __contains__(self, process_id: object) -> bool:
        return isinstance(process_id, str) and self._table.get(process_id) is not None

    def of(self, process_id: ProcessId) -> Cancellation | None:
        """Return the request that the process stop, None when there is none (or none that is understood)."""
        value = self._table.get(process_id)
        try:
            return None if value is None else codec.CANCELLATIONS.decode(value)
        except ContractError:
            return None

    def trouble(self) -> str | None:
        """Return None while the table is being read, else a sentence."""
        return self._table.trouble()

    def close(self) -> None:
        """Stop reading."""
        self._table.close()

    def _changed(self, key: str, value: bytes | None, _: Record) -> None:
        if value is None:
            return
        try:
            self._tell(codec.CANCELLATIONS.decode(value).process_id)
        except ContractError:
            # The key alone says what is to stop: better to stop on a row of a newer version than to go on.
            self._tell(ProcessId(key))
            raise

    def _tell(self, process_id: ProcessId) -> None:
        for listener in self._listeners:
            listener(process_id)
