"""Kafka's errors in the platform's words: which mean "again", which "given up", which "stop"."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

from howdah.messaging.abstract import MessagingError
from howdah.messaging.backend import Refusal

# ruff: noqa: SLF001 - confluent_kafka names librdkafka's local errors with an underscore
_GIVEN_UP: Final = frozenset(
    {
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.OFFSET_METADATA_TOO_LARGE,
    }
)
"""Another try of the same commit can't succeed: somebody else owns the partition, or it is malformed."""
_PASSING: Final = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TRANSPORT,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._WAIT_COORD,
        KafkaError._WAIT_CACHE,
        KafkaError._MAX_POLL_EXCEEDED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.REBALANCE_IN_PROGRESS,
    }
)
"""What a broker that starts or moves answers for a while: a consumer recovers by itself, a question is asked again."""


def refusal(error: KafkaError) -> Refusal:
    """Return what a commit's error means."""
    return Refusal(error.name(), error.code() not in _GIVEN_UP and not error.fatal())


def passes(error: KafkaError) -> bool:
    """Tell whether ``error`` passes by itself (``KafkaError.retriable`` knows the transactional ones only)."""
    return not error.fatal() and (error.code() in _PASSING or error.retriable())


def in_words(what: str, error: KafkaException) -> MessagingError:
    """Return the exception as one of the platform's."""
    cause = error.args[0] if error.args else None
    why = f"{cause.name()}: {cause.str()}" if isinstance(cause, KafkaError) else str(error)
    return MessagingError(f"{what}: {why}")
