"""``howdah.resources`` as every replica knows it: how it stands with accounts and lanes, looked up from memory."""

from datetime import datetime

import structlog

from howdah.contracts import codec, topics
from howdah.contracts.errors import UnknownKindError
from howdah.contracts.lanes import LaneControl, lane_key
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.standings import ResourceStanding, standing_key
from howdah.contracts.topics import LANES, TASKS_PREFIX
from howdah.messaging.abstract import Messaging, MessagingError, Record

log = structlog.get_logger(__name__)


class StandingsTable:
    """Reads the whole topic on a thread of its own. Until it is loaded nothing is known to be out of the ordinary."""

    def __init__(self, messaging: Messaging) -> None:
        self._rows: dict[str, ResourceStanding] = {}
        self._lanes: dict[str, LaneControl] = {}
        self._table = messaging.table(topics.RESOURCES.name, self._changed)

    def start(self) -> None:
        """Begin to read."""
        self._table.start()

    def wait_loaded(self, timeout_seconds: float) -> None:
        """Return when all there was is read; MessagingError when that takes too long."""
        if not self._table.wait_loaded(timeout_seconds):
            trouble = self._table.trouble() or "Kafka did not answer"
            raise MessagingError(f"the resources' rows were not loaded within {timeout_seconds:g} s: {trouble}")

    def __call__(self, target: ResourceTarget) -> ResourceStanding | None:
        """Return how it stands with the target's account; None when nothing is out of the ordinary."""
        return self._rows.get(standing_key(target.resource_id, target.account)) if self._rows else None

    def is_held(self, topic: str, partition: int) -> bool:
        """Tell whether the partition of a task topic lies in a lane that is paused."""
        if not self._lanes or not topic.startswith(TASKS_PREFIX) or partition >= LANES.partitions:
            return False
        row = self._lanes.get(lane_key(topic.removeprefix(TASKS_PREFIX), LANES.lane_of(partition)))
        return row is not None and row.paused

    def was_held(self, task_type: str, lane: str, since: datetime) -> bool:
        """Tell whether the lane was paused at some time after ``since``, as far as its last pause says."""
        row = self._lanes.get(lane_key(task_type, lane))
        return row is not None and (row.paused or row.since > since)

    def trouble(self) -> str | None:
        """Return None while the table is being read, else a sentence."""
        return self._table.trouble()

    def close(self) -> None:
        """Stop reading."""
        self._table.close()

    def _changed(self, key: str, value: bytes | None, _: Record) -> None:
        try:
            row = None if value is None else codec.RESOURCES.decode(value)
        except UnknownKindError as error:  # of a later release, before it was rolled back: nothing to act on or redrive
            log.warning("a row that only another release knows was left out", key=key, reason=str(error))
            return
        if isinstance(row, LaneControl):
            self._lanes[key] = row
            return
        self._rows.pop(key, None)
        if row is not None:
            self._rows[key] = row
