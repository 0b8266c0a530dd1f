import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.contracts.topics import FAST, LANES, SLOW, Lanes
from howdah.messaging import Partitioner, partition_for
from howdah.messaging.lanes import shard_of

keys = st.text(min_size=1, max_size=40)


@given(st.sampled_from([FAST, SLOW]), keys, keys)
def test_a_task_stays_in_its_lane_and_in_its_resource_s_shard(lane: str, resource: str, task: str) -> None:
    partition = partition_for(lane, resource, task)
    assert partition in LANES.span(lane)
    assert partition in shard_of(lane, resource)
    assert len(shard_of(lane, resource)) == LANES.shard_size
    assert partition == partition_for(lane, resource, task)


def test_the_mapping_never_changes() -> None:
    found = [partition_for(lane, "resource-a", f"task-{index}") for lane in (FAST, SLOW) for index in range(6)]
    assert found == [partition_for(lane, "resource-a", f"task-{index}") for lane in (FAST, SLOW) for index in range(6)]
    assert (shard_of(FAST, "resource-a"), shard_of(FAST, "resource-b")) == ((1, 2, 5), (2, 5, 7))


def test_two_resources_rarely_share_all_partitions() -> None:
    shards = [shard_of(FAST, f"resource-{index}") for index in range(200)]
    pairs = [(a, b) for index, a in enumerate(shards) for b in shards[index + 1 :]]
    assert sum(a == b for a, b in pairs) / len(pairs) < 0.04


def test_resources_and_tasks_spread_evenly() -> None:
    load = Counter(partition_for(FAST, f"r-{index % 300}", f"t-{index}") for index in range(30_000))
    assert set(load) == set(LANES.span(FAST))
    assert max(load.values()) < 1.35 * min(load.values())


def test_a_lane_that_grows_moves_few_shards() -> None:
    larger = Lanes((("fast", 9), ("slow", 4)))
    moved = sum(len(set(shard_of(FAST, f"r-{i}", larger)) - set(shard_of(FAST, f"r-{i}"))) for i in range(300))
    assert moved / 900 < 0.2


def test_an_unknown_lane_is_named() -> None:
    with pytest.raises(ValueError, match="lane 'express' is unknown; there are fast, slow"):
        partition_for("express", "r", "t")


def test_commands_without_a_resource_take_the_lane_s_partitions_in_turn_some_at_a_time() -> None:
    partitioner = Partitioner()
    chosen = [partitioner.partition(FAST, None, f"t-{index}") for index in range(16 * 8)]
    assert [partition for partition, _ in itertools.groupby(chosen)] == list(LANES.span(FAST))
    assert partitioner.partition(SLOW, None, "t") in LANES.span(SLOW)
    assert partitioner.partition(FAST, "resource-a", "t") == partition_for(FAST, "resource-a", "t")
