from datetime import UTC, datetime, timedelta

from api_server.operations import lane_partitions
from howdah.contracts.heartbeats import Heartbeat, PartitionReport, QueueReport, Rebalance
from howdah.contracts.ids import InstanceId, new_id
from howdah.contracts.topics import LANES

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def heartbeat(pid: int, *numbers: int, seconds: int = 0) -> Heartbeat:
    at = NOW + timedelta(seconds=seconds)
    held = tuple(
        PartitionReport(number=number, watermark=40, finished_beyond=3, gaps=2, in_flight=1, backlog=5)
        for number in numbers
    )
    moves = (Rebalance(at=at, what="assigned", partitions=numbers),)
    return Heartbeat(
        at=at,
        instance_id=InstanceId(new_id()),
        service="command",
        release="1",
        host="h",
        pid=pid,
        started_at=NOW,
        in_flight=0,
        queues=(QueueReport(topic="howdah.tasks.command", partitions=held, rebalances=moves),),
    )


def test_every_partition_is_shown_with_its_owner_and_one_without_an_owner_says_so() -> None:
    shown = lane_partitions.of_type("command", [heartbeat(1, 0, 1), heartbeat(2, 8)])
    assert [one.number for one in shown.items] == list(range(LANES.partitions))
    assert [one.pid for one in shown.items][:3] == [1, 1, None]
    assert (shown.items[8].pid, shown.items[8].lane, shown.items[8].gaps) == (2, "slow", 2)
    assert shown.items[2].watermark is None


def test_of_two_that_claim_a_partition_the_one_that_spoke_last_is_believed() -> None:
    shown = lane_partitions.of_type("command", [heartbeat(2, 0, seconds=5), heartbeat(1, 0)])
    assert shown.items[0].pid == 2
    assert [one.pid for one in shown.rebalances] == [2, 1], "the latest first"


def test_what_an_instance_holds_of_another_type_is_not_shown() -> None:
    assert all(one.pid is None for one in lane_partitions.of_type("env-setup", [heartbeat(1, 0)]).items)
