"""Where a group begins to read, and when it must refuse to.

A missing offset must never be taken for a new group: the ledger would be forgotten without a word. So a *brand-new*
group, one without any offset in any partition of its topics, registers before it joins: it commits the first offset of
every partition, as a client without membership, which the broker only takes while the group has no members. From then
on an offset is there; librdkafka runs with ``auto.offset.reset=error``, and a partition without a commit can only be
one by which a topic grew. Such a one starts at 0; if records have been deleted from it already, that is an error.
"""

from collections.abc import Mapping, Sequence

import structlog

from howdah.messaging.abstract import MessagingError
from howdah.messaging.backend import Committed, Consumer, Partition

log = structlog.get_logger(__name__)


def register(consumer: Consumer, group: str, topics: Sequence[str]) -> None:
    """Give a brand-new group its first offsets; MessagingError when a topic does not exist."""
    partitions: list[Partition] = []
    for topic in topics:
        found = consumer.partitions(topic)
        if not found:
            raise MessagingError(f"topic {topic} does not exist; the administration creates it (Admin.ensure)")
        partitions.extend(found)
    if consumer.committed(partitions):
        return
    first = {partition: Committed(consumer.bounds(partition)[0]) for partition in partitions}
    refusals = consumer.commit(first)
    if refusals:  # another replica was quicker and has joined: the offsets are there, or on_assign will say so
        log.info("group registered by another", group=group, errors=sorted({why.error for why in refusals.values()}))
    else:
        log.info("new group registered at the earliest offsets", group=group, partitions=len(first))


def resume(consumer: Consumer, group: str, partitions: Sequence[Partition]) -> Mapping[Partition, Committed]:
    """Return where to go on in ``partitions``; MessagingError where messages would be skipped without a word."""
    committed = dict(consumer.committed(partitions))
    for partition in partitions:
        if partition not in committed:
            low, _ = consumer.bounds(partition)
            if low > 0:
                raise MessagingError(
                    f"group {group} has no offset for {partition.topic}[{partition.number}], whose first {low} "
                    "messages are gone: they may not have been handled. Set the group's offset by hand to where it "
                    "should go on"
                )
            committed[partition] = Committed(0)
    return committed
