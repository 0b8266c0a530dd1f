"""The twin's topic administration, held to the same contract."""

from collections.abc import Mapping, Sequence

from howdah.contracts.agents import Access
from howdah.contracts.topics import Topic
from howdah.messaging import ledger
from howdah.messaging.abstract import MessagingError
from howdah.messaging.backend import Partition
from howdah.messaging.memory.broker import Cluster
from howdah.messaging.topic_contract import check_settings, must_grow


class MemoryAdmin:
    """See ``abstract.Admin``."""

    def __init__(self, broker: Cluster) -> None:
        self._broker = broker

    def ensure(self, topics: Sequence[Topic], replication_factor: int = 1) -> None:
        """Create what is missing, grow task topics, refuse what contradicts the contract."""
        if replication_factor != 1:
            raise MessagingError(f"replication factor {replication_factor} is more than the one broker there is")
        for topic in topics:
            existing = self._broker.topic(topic.name)
            if existing is None:
                self._broker.create(topic)
                continue
            grows = must_grow(topic, existing.partitions)
            check_settings(topic, {"cleanup.policy": "delete", **existing.config()})
            if grows:
                self._broker.create(topic)

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        found = self._broker.topic(topic)
        if found is None:
            raise MessagingError(f"topic {topic} does not exist; the administration creates it (Admin.ensure)")
        return found.partitions

    def backlog(self, group: str, topic: str) -> Mapping[int, int]:
        """Return unfinished messages by partition, as the ledger says."""
        backlog = {}
        for number in range(self.partitions(topic)):
            partition = Partition(topic, number)
            with self._broker.changed:
                low, high = self._broker.bounds_locked(partition)
                said = self._broker.group_locked(group).committed.get(partition)
            backlog[number] = high - low if said is None else ledger.backlog(said.offset, said.metadata, high)
        return backlog

    def admit(self, user: str, password: str, access: Access) -> None:  # noqa: ARG002 - nobody logs in to an object
        """Note the rights of ``user``; nobody is refused anything here."""
        self._broker.accounts[user] = access

    def expel(self, user: str) -> None:
        """Forget them."""
        self._broker.accounts.pop(user, None)
