"""Rows of the jobs table: what job-submission writes and job-monitoring follows."""

from hashlib import blake2b

from howdah.contracts import codec, topics
from howdah.contracts.ids import ResourceId
from howdah.contracts.records import JobRecord
from howdah.messaging.abstract import Outgoing


def partition_of(resource_id: ResourceId) -> int:
    """Return the partition of a resource's jobs: all of them in one, so that one replica asks for all at once."""
    return int.from_bytes(blake2b(resource_id.encode(), digest_size=8).digest()) % topics.JOBS.partitions


def row(record: JobRecord) -> Outgoing:
    """Return the message that writes the record."""
    return _message(record, codec.encode(record))


def tombstone(record: JobRecord) -> Outgoing:
    """Return the message that removes it."""
    return _message(record, None)


def _message(record: JobRecord, value: bytes | None) -> Outgoing:
    return Outgoing(
        topic=topics.JOBS.name,
        key=record.key().encode(),
        value=value,
        partition=partition_of(record.target.resource_id),
    )
