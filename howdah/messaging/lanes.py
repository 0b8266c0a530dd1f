"""The lane partitioner: which partition of a task topic a command goes to.

Pure. The publisher names the lane. Within it, shuffle sharding: every compute resource is mapped to a few partitions of
the lane by rendezvous hashing (Thaler and Ravishankar, 1998), so that two resources rarely share all of theirs, and a
lane that grows moves few of them; a resource's tasks spread over its partitions by task.
"""

import itertools
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from howdah.contracts.topics import LANES, Lanes

_TOGETHER: Final = 16


class Partitioner:
    """Chooses the partition of each command that one publisher writes. Thread-safe.

    Where no resource is involved there is nothing to keep apart: such commands take the lane's partitions in turn, some
    at a time, so that those written together travel in one request (as Kafka's sticky partitioner does, KIP-480).
    """

    def __init__(self, lanes: Lanes = LANES) -> None:
        self._lanes = lanes
        self._turns = itertools.count()

    def partition(self, lane: str, resource_id: str | None, task_id: str) -> int:
        """Return the partition; ValueError when the lane is unknown."""
        if resource_id is not None:
            return partition_for(lane, resource_id, task_id, self._lanes)
        span = self._lanes.span(lane)
        return span[next(self._turns) // _TOGETHER % len(span)]


def partition_for(lane: str, shard_key: str, spread_key: str, lanes: Lanes = LANES) -> int:
    """Return the partition, the same on every machine and for ever.

    ``shard_key`` is the resource's id, ``spread_key`` the task's. ValueError when the lane is unknown; it names those
    there are.
    """
    shard = shard_of(lane, shard_key, lanes)
    return shard[_weight("spread", spread_key) % len(shard)]


@lru_cache(maxsize=4_096)
def shard_of(lane: str, shard_key: str, lanes: Lanes = LANES) -> tuple[int, ...]:
    """Return the partitions of ``lane`` that ``shard_key`` is spread over, ascending."""
    span = lanes.span(lane)
    ranked = sorted(span, key=lambda partition: _weight(shard_key, str(partition)), reverse=True)
    return tuple(sorted(ranked[: lanes.shard_size]))


def _weight(key: str, salt: str) -> int:
    return int.from_bytes(blake2b(f"{key}\x1f{salt}".encode(), digest_size=8).digest())
