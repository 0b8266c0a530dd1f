"""``howdah.resources`` as every replica knows it: how it stands with each login account, looked up from memory."""

from howdah.contracts import codec, topics
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.standings import ResourceStanding, standing_key
from howdah.messaging.abstract import Messaging, Record


class StandingsTable:
    """Reads the whole topic on a thread of its own. Until it is loaded nothing is known to be out of the ordinary."""

    def __init__(self, messaging: Messaging) -> None:
        self._rows: dict[str, ResourceStanding] = {}
        self._table = messaging.table(topics.RESOURCES.name, self._changed)

    def start(self) -> None:
        """Begin to read."""
        self._table.start()

    def __call__(self, target: ResourceTarget) -> ResourceStanding | None:
        """Return how it stands with the target's account; None when nothing is out of the ordinary."""
        return self._rows.get(standing_key(target.resource_id, target.account)) if self._rows else None

    def trouble(self) -> str | None:
        """Return None while the table is being read, else a sentence."""
        return self._table.trouble()

    def close(self) -> None:
        """Stop reading."""
        self._table.close()

    def _changed(self, key: str, value: bytes | None, _: Record) -> None:
        self._rows.pop(key, None)
        if value is not None:
            self._rows[key] = codec.RESOURCES.decode(value)
