"""The twin's broker: logs, groups and offsets in memory, shared by the connections of one process."""

import itertools
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from howdah.contracts.agents import Access
from howdah.contracts.topics import Topic
from howdah.messaging.abstract import Outgoing, Record
from howdah.messaging.backend import Committed, Partition, Refusal
from howdah.messaging.ledger import MAX_METADATA_CHARS
from howdah.messaging.memory.group import Group

NO_MEMBER: Final = -1
_UNKNOWN_MEMBER: Final = Refusal("UNKNOWN_MEMBER_ID", again=False)
_DOWN: Final = Refusal("_TRANSPORT", again=True)
_TOO_LARGE: Final = Refusal("OFFSET_METADATA_TOO_LARGE", again=False)


class Cluster:
    """Kafka's memory and manners, as far as this room's loops can tell.

    For tests it can be told to misbehave: ``stop``/``start`` (an outage), ``refuse_commits``, ``refuse_writes``,
    ``expel`` (a session that ran out), ``delete_records`` (retention). ``foreign_commits`` records every commit of a
    partition that its committer did not own: there must be none.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.foreign_commits: list[tuple[str, Partition]] = []
        self.accounts: dict[str, Access] = {}
        self._up = True
        self._topics: dict[str, Topic] = {}
        self._logs: dict[Partition, list[Record]] = {}
        self._lows: dict[Partition, int] = {}
        self._groups: dict[str, Group] = defaultdict(Group)
        self._clients: dict[int, str] = {}
        self._numbers = itertools.count()
        self._spread = itertools.count()
        self._commit_refusals: deque[Refusal] = deque()
        self._write_refusals: dict[str, int] = defaultdict(int)

    # ------------------------------------------------------------ misbehaviour, for tests

    def stop(self) -> None:
        """Answer nobody until ``start``."""
        with self.changed:
            self._up = False

    def start(self) -> None:
        """Answer again."""
        with self.changed:
            self._up = True
            self.changed.notify_all()

    def refuse_commits(self, *refusals: Refusal) -> None:
        """Refuse as many of the next commits, with these answers."""
        with self.changed:
            self._commit_refusals.extend(refusals)

    def refuse_writes(self, topic: str, times: int) -> None:
        """Refuse the next ``times`` messages to ``topic``."""
        with self.changed:
            self._write_refusals[topic] += times

    def expel(self, client_id: str) -> None:
        """Throw the client's members out of their groups, as though their sessions had run out."""
        with self.changed:
            for group in self._groups.values():
                for member in [number for number in group.members if self._clients.get(number) == client_id]:
                    group.leave(member, self.sizes())
            self.changed.notify_all()

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """Forget the records of a partition below offset ``before``."""
        with self.changed:
            self._lows[Partition(topic, partition)] = before

    def commit_by_hand(self, group: str, topic: str, partition: int, offset: int, metadata: str = "") -> None:
        """Set a group's offset as an operator would."""
        with self.changed:
            self._groups[group].committed[Partition(topic, partition)] = Committed(offset, metadata)

    # ------------------------------------------------------------ the clients' side (``…_locked``: ``changed`` is held)

    def up_locked(self) -> bool:
        """Tell whether the broker answers."""
        return self._up

    def sizes(self) -> Mapping[str, int]:
        """Return the number of partitions of every topic."""
        return {name: topic.partitions for name, topic in self._topics.items()}

    def topic(self, name: str) -> Topic | None:
        """Return the topic as it was created."""
        return self._topics.get(name)

    def create(self, topic: Topic) -> None:
        """Create a topic, or grow it to ``topic.partitions``."""
        with self.changed:
            self._topics[topic.name] = topic
            for number in range(topic.partitions):
                self._logs.setdefault(Partition(topic.name, number), [])
            for group in self._groups.values():
                group.rebalance(self.sizes())
            self.changed.notify_all()

    def append(self, message: Outgoing) -> str | None:
        """Write a message, waiting while the broker is down; return None, or why it was refused."""
        with self.changed:
            self.changed.wait_for(lambda: self._up)
            topic = self._topics.get(message.topic)
            if topic is None:
                return "UNKNOWN_TOPIC_OR_PART: no such topic"
            if self._write_refusals[message.topic] > 0:
                self._write_refusals[message.topic] -= 1
                return "MSG_TIMED_OUT: refused on request"
            number = self._partition_of(message, topic.partitions)
            entries = self._logs.get(Partition(message.topic, number))
            if entries is None:
                return f"UNKNOWN_PARTITION: {message.topic} has no partition {number}"
            at = int(time.time() * 1_000)
            entries.append(Record(message.topic, number, len(entries), message.key, message.value, message.headers, at))
            self.changed.notify_all()
            return None

    def _partition_of(self, message: Outgoing, partitions: int) -> int:
        if message.partition is not None:
            return message.partition
        return (next(self._spread) if message.key is None else crc32(message.key)) % partitions

    def read_locked(self, partition: Partition, offset: int, limit: int) -> Sequence[Record]:
        """Return records from ``offset`` on."""
        return self._logs[partition][offset : offset + limit]

    def bounds_locked(self, partition: Partition) -> tuple[int, int]:
        """Return the first offset there is and the next to be written."""
        return self._lows.get(partition, 0), len(self._logs[partition])

    def group_locked(self, name: str) -> Group:
        """Return the group, made when it is asked for."""
        return self._groups[name]

    def new_member(self, client_id: str) -> int:
        """Return a member's number."""
        number = next(self._numbers)
        self._clients[number] = client_id
        return number

    def commit(self, name: str, member: int, offsets: Mapping[Partition, Committed]) -> Mapping[Partition, Refusal]:
        """Commit as ``member``, or as a client without membership, which an active group refuses."""
        with self.changed:
            group = self._groups[name]
            refusal = self._refusal(group, member)
            if refusal is not None:
                return dict.fromkeys(offsets, refusal)
            refusals = {}
            for partition, said in offsets.items():
                if len(said.metadata) > MAX_METADATA_CHARS:
                    refusals[partition] = _TOO_LARGE
                    continue
                if member != NO_MEMBER and group.owners.get(partition) != member:
                    self.foreign_commits.append((name, partition))  # taken, as the real broker takes it
                group.committed[partition] = said
            return refusals

    def _refusal(self, group: Group, member: int) -> Refusal | None:
        if not self._up:
            return _DOWN
        if self._commit_refusals:
            return self._commit_refusals.popleft()
        stranger = bool(group.members) if member == NO_MEMBER else member not in group.members
        return _UNKNOWN_MEMBER if stranger else None
