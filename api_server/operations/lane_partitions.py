"""Who holds which partition of a task topic: put together from what the instances tell. Pure."""

from collections.abc import Iterable, Iterator

from api_server.operations.lane_schemas import LanePartition, LanePartitions, LaneRebalance
from howdah.contracts import topics
from howdah.contracts.heartbeats import Heartbeat, PartitionReport, QueueReport
from howdah.contracts.topics import LANES

_MOST_REBALANCES = 50


def of_type(task_type: str, heartbeats: Iterable[Heartbeat]) -> LanePartitions:
    """Return the partitions of the type's topic; ``heartbeats`` are those of instances that are alive, in any order.

    Of two that claim the same partition (one was told of its loss a moment later) the one that spoke last is believed.
    """
    topic = topics.tasks(task_type).name
    told = sorted(_told(topic, heartbeats), key=lambda pair: pair[0].at)
    owners = {report.number: (one, report) for one, queue in told for report in queue.partitions}
    rebalances = sorted(_rebalances(told), key=lambda one: one.at, reverse=True)
    return LanePartitions(
        topic=topic,
        items=[_partition(number, *owners.get(number, (None, None))) for number in range(LANES.partitions)],
        rebalances=rebalances[:_MOST_REBALANCES],
    )


def _told(topic: str, heartbeats: Iterable[Heartbeat]) -> Iterator[tuple[Heartbeat, QueueReport]]:
    return ((one, queue) for one in heartbeats for queue in one.queues if queue.topic == topic)


def _rebalances(told: Iterable[tuple[Heartbeat, QueueReport]]) -> Iterator[LaneRebalance]:
    for one, queue in told:
        for rebalance in queue.rebalances:
            yield LaneRebalance(
                at=rebalance.at,
                what=rebalance.what,
                partitions=list(rebalance.partitions),
                instance_id=one.instance_id,
                host=one.host,
                pid=one.pid,
            )


def _partition(number: int, owner: Heartbeat | None, report: PartitionReport | None) -> LanePartition:
    return LanePartition(
        number=number,
        lane=LANES.lane_of(number),
        instance_id=owner.instance_id if owner else None,
        host=owner.host if owner else None,
        pid=owner.pid if owner else None,
        watermark=report.watermark if report else None,
        finished_beyond=report.finished_beyond if report else 0,
        gaps=report.gaps if report else 0,
        in_flight=report.in_flight if report else 0,
        backlog=report.backlog if report else 0,
        oldest_at=report.oldest_at if report else None,
        held=report.held if report else False,
    )
