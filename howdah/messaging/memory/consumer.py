"""The twin's consumer, behind this room's seam. Belongs to one thread."""

import time
from collections.abc import Collection, Mapping, Sequence

from howdah.messaging.abstract import MessagingError, Record
from howdah.messaging.backend import Committed, ConsumerOptions, Listener, Partition, Refusal
from howdah.messaging.memory.broker import NO_MEMBER, Cluster


class MemoryConsumer:
    """See ``backend.Consumer``. Partitions change hands inside ``poll`` and ``close``, as with Kafka."""

    def __init__(self, broker: Cluster, client_id: str, options: ConsumerOptions) -> None:
        self._broker = broker
        self._client_id = client_id
        self._options = options
        self._member = NO_MEMBER
        self._topics: tuple[str, ...] = ()
        self._listener: Listener | None = None
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._ended: set[Partition] = set()
        self._turn = 0

    def subscribe(self, topics: Sequence[str], listener: Listener) -> None:
        """Join the group."""
        self._listener = listener
        self._topics = tuple(topics)
        self._join()

    def assign(self, positions: Mapping[Partition, int], listener: Listener) -> None:
        """Read exactly these partitions."""
        self._listener = listener
        self._positions = dict(positions)

    def partitions(self, topic: str) -> Sequence[Partition]:
        """Return the partitions of ``topic``, none when it does not exist."""
        return [Partition(topic, number) for number in range(self._broker.sizes().get(topic, 0))]

    def bounds(self, partition: Partition) -> tuple[int, int]:
        """Return the first offset there is and the next to be written."""
        with self._broker.changed:
            return self._broker.bounds_locked(partition)

    def high(self, partition: Partition) -> int:
        """Return the next offset to be written."""
        return self.bounds(partition)[1]

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, Committed]:
        """Return the group's commits."""
        with self._broker.changed:
            found = self._broker.group_locked(self._options.group).committed
            return {partition: found[partition] for partition in partitions if partition in found}

    def poll(self, timeout_seconds: float, limit: int) -> list[Record]:
        """Return what is there, waiting for the first."""
        end = time.monotonic() + timeout_seconds
        while True:
            self._settle()
            records = self._take(limit)
            left = end - time.monotonic()
            if records or left <= 0:
                return records
            self._announce_ends()
            with self._broker.changed:
                if not self._stirred():
                    self._broker.changed.wait(left)

    def commit(self, offsets: Mapping[Partition, Committed]) -> Mapping[Partition, Refusal]:
        """Commit as the member that this consumer is."""
        return self._broker.commit(self._options.group, self._member, offsets)

    def pause(self, partitions: Collection[Partition]) -> None:
        """Return no records of these until resumed."""
        self._paused.update(partitions)

    def resume(self, partitions: Collection[Partition]) -> None:
        """Return their records again."""
        self._paused.difference_update(partitions)

    def seek(self, positions: Mapping[Partition, int]) -> None:
        """Go on reading from these offsets."""
        self._positions.update(positions)

    def trouble(self) -> str | None:
        """Return None while the broker answers, else a sentence."""
        return None if self._broker.up_locked() else "consumer: no Kafka broker is reachable"

    def close(self) -> None:
        """Give up all partitions and leave the group."""
        if self._member == NO_MEMBER:
            self._positions.clear()
            return
        with self._broker.changed:
            expelled = self._member not in self._broker.group_locked(self._options.group).members
        self._give_up(list(self._positions), lost=expelled)
        with self._broker.changed:
            self._broker.group_locked(self._options.group).leave(self._member, self._broker.sizes())
            self._broker.changed.notify_all()
        self._member = NO_MEMBER

    # ------------------------------------------------------------ membership

    def _join(self) -> None:
        self._member = self._broker.new_member(self._client_id)
        with self._broker.changed:
            group = self._broker.group_locked(self._options.group)
            group.join(self._member, self._topics, self._broker.sizes())
            self._broker.changed.notify_all()

    def _settle(self) -> None:
        if self._member == NO_MEMBER:
            return
        with self._broker.changed:
            if not self._broker.up_locked():
                return
            group = self._broker.group_locked(self._options.group)
            expelled = self._member not in group.members
            revoked = group.to_revoke(self._member)
        if expelled:
            self._give_up(list(self._positions), lost=True)
            self._join()
            return
        if revoked:
            self._give_up(revoked, lost=False)
        with self._broker.changed:
            arrived = group.to_assign(self._member)
            group.owners.update(dict.fromkeys(arrived, self._member))
        if arrived and self._listener is not None:
            self._positions.update(self._listener.assigned(arrived))

    def _give_up(self, partitions: list[Partition], *, lost: bool) -> None:
        if self._listener is not None and partitions:
            (self._listener.lost if lost else self._listener.revoked)(partitions)
        for partition in partitions:
            self._positions.pop(partition, None)
            self._paused.discard(partition)
            self._ended.discard(partition)
        with self._broker.changed:
            owners = self._broker.group_locked(self._options.group).owners
            for partition in partitions:
                if owners.get(partition) == self._member:
                    del owners[partition]
            self._broker.changed.notify_all()

    # ------------------------------------------------------------ reading

    def _take(self, limit: int) -> list[Record]:
        """Read a few of every partition, beginning with another one each time."""
        records: list[Record] = []
        with self._broker.changed:
            if not self._broker.up_locked():
                return records
            owned = list(self._positions)
            self._turn += 1
            for index in range(len(owned)):
                partition = owned[(index + self._turn) % len(owned)]
                if partition not in self._paused and len(records) < limit:
                    position = self._checked(partition)
                    found = self._broker.read_locked(partition, position, limit - len(records))
                    self._positions[partition] = position + len(found)
                    records.extend(found)
        return records

    def _checked(self, partition: Partition) -> int:
        position = self._positions[partition]
        low, high = self._broker.bounds_locked(partition)
        if low <= position <= high:
            return position
        if self._options.strict_offsets:
            raise MessagingError(
                f"group {self._options.group}: the position in {partition.topic}[{partition.number}] is outside the "
                "log: messages may have been deleted before they were handled. Set the group's offset by hand to "
                "where it should go on"
            )
        return low

    def _stirred(self) -> bool:
        """Tell whether there is something to do at once; with the broker's lock held."""
        if not self._broker.up_locked():
            return False
        if self._member != NO_MEMBER:
            group = self._broker.group_locked(self._options.group)
            if self._member not in group.members or group.to_revoke(self._member) or group.to_assign(self._member):
                return True
        return any(
            self._broker.bounds_locked(partition)[1] > position
            for partition, position in self._positions.items()
            if partition not in self._paused
        )

    def _announce_ends(self) -> None:
        if not self._options.ends or self._listener is None:
            return
        for partition, position in list(self._positions.items()):
            if partition not in self._ended and position >= self.bounds(partition)[1]:
                self._ended.add(partition)
                self._listener.reached_end(partition)
