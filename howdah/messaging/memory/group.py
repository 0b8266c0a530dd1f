"""A consumer group of the twin: who is a member, who owns and who shall own which partition, what is committed.

As with KIP-848 the owner of a partition gives it up first, at its own next poll; only then the next one gets it.
"""

from collections.abc import Collection, Mapping

from howdah.messaging.backend import Committed, Partition


class Group:
    """Guarded by the broker's lock."""

    def __init__(self) -> None:
        self.members: dict[int, frozenset[str]] = {}
        """Member → topics it subscribed to."""
        self.owners: dict[Partition, int] = {}
        self.committed: dict[Partition, Committed] = {}
        self._targets: dict[Partition, int] = {}

    def join(self, member: int, topics: Collection[str], sizes: Mapping[str, int]) -> None:
        """Take a member in."""
        self.members[member] = frozenset(topics)
        self.rebalance(sizes)

    def leave(self, member: int, sizes: Mapping[str, int]) -> None:
        """Let a member go, or throw it out: its partitions are free at once."""
        self.members.pop(member, None)
        self.owners = {partition: owner for partition, owner in self.owners.items() if owner != member}
        self.rebalance(sizes)

    def rebalance(self, sizes: Mapping[str, int]) -> None:
        """Share the partitions out evenly, moving as few as possible."""
        topics = frozenset().union(*self.members.values())
        partitions = [Partition(topic, number) for topic in sorted(topics) for number in range(sizes.get(topic, 0))]
        load = dict.fromkeys(self.members, 0)
        kept: dict[Partition, int] = {}
        most = -(-len(partitions) // max(1, len(load)))
        fewest_with_most = len(partitions) - (most - 1) * max(1, len(load))
        for partition in partitions:
            owner = self._targets.get(partition)
            if owner in load and load[owner] < most:
                full = sum(number == most for number in load.values())
                if load[owner] < most - 1 or full < fewest_with_most:
                    kept[partition] = owner
                    load[owner] += 1
        for partition in partitions:
            if partition not in kept and load:
                owner = min(load, key=lambda member: (load[member], member))
                kept[partition] = owner
                load[owner] += 1
        self._targets = kept

    def to_revoke(self, member: int) -> list[Partition]:
        """Return what ``member`` owns and shall give up."""
        return [p for p, owner in self.owners.items() if owner == member and self._targets.get(p) != member]

    def to_assign(self, member: int) -> list[Partition]:
        """Return what ``member`` shall have and nobody owns."""
        return [p for p, target in self._targets.items() if target == member and p not in self.owners]
