"""Topic administration on confluent_kafka."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Final, TypeVar

import structlog
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its __init__ imports them without re-exporting
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from howdah.contracts.agents import Access
from howdah.contracts.topics import Topic
from howdah.messaging import ledger
from howdah.messaging.abstract import MessagingError
from howdah.messaging.backend import Committed, Partition
from howdah.messaging.kafka import accounts, configuration
from howdah.messaging.kafka.asking import ANSWER_SECONDS, Asking
from howdah.messaging.kafka.errors import in_words, passes
from howdah.messaging.topic_contract import check_settings, must_grow
from howdah.runtime.settings import KafkaSettings

log = structlog.get_logger(__name__)

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 20.0
_VISIBLE_WITHIN_SECONDS: Final = 15.0
_VISIBLE_POLL_SECONDS: Final = 0.05
_COORDINATOR_TRIES: Final = 50
_COORDINATOR_AGAIN_SECONDS: Final = 0.2


class KafkaAdmin:
    """See ``abstract.Admin``. Safe to share among threads."""

    def __init__(self, settings: KafkaSettings, client_id: str, asking: Asking) -> None:
        self._asking = asking
        self._options = configuration.connection(settings, client_id)
        self._client = AdminClient(self._options)

    def ensure(self, topics: Sequence[Topic], replication_factor: int = 1) -> None:
        """Create what is missing, grow task topics, refuse what contradicts the contract."""
        existing = self._sizes()
        missing = [topic for topic in topics if topic.name not in existing]
        present = [topic for topic in topics if topic.name in existing]
        self._create(missing, replication_factor)
        grown = [topic for topic in present if must_grow(topic, existing[topic.name])]
        self._grow(grown)
        self._check_configuration(present)
        self._await_visible([*missing, *grown])

    def partitions(self, topic: str) -> int:
        """Return the number of partitions."""
        size = self._sizes(topic).get(topic)
        if size is None:
            raise MessagingError(f"topic {topic} does not exist; the administration creates it (Admin.ensure)")
        return size

    def backlog(self, group: str, topic: str) -> Mapping[int, int]:
        """Return unfinished messages by partition, as the ledger says."""
        partitions = [Partition(topic, number) for number in range(self.partitions(topic))]
        committed = self._committed(group, partitions)
        highs = self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # untyped upstream
        unknown = [partition for partition in partitions if partition not in committed]
        earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # untyped upstream
        lows = self._offsets(unknown, earliest) if unknown else {}
        backlog = {partition.number: highs[partition] - lows[partition] for partition in unknown}
        for partition, said in committed.items():
            backlog[partition.number] = ledger.backlog(said.offset, said.metadata, highs[partition])
        return dict(sorted(backlog.items()))

    def admit(self, user: str, password: str, access: Access) -> None:
        """Give ``user`` a password and rights."""
        accounts.admit(self._client, user, password, access)

    def expel(self, user: str) -> None:
        """Take them away."""
        accounts.expel(self._client, user)

    def _sizes(self, topic: str | None = None) -> dict[str, int]:
        def question() -> ClusterMetadata:
            try:
                return self._client.list_topics(topic, timeout=ANSWER_SECONDS)
            except KafkaException:
                # Nobody looks at this client's statistics: it may have forgotten all brokers (``Connectivity``).
                self._client = AdminClient(self._options)
                raise

        found = self._asking.ask("the topics", question).topics
        return {name: len(entry.partitions) for name, entry in found.items() if entry.error is None}

    def _create(self, topics: Sequence[Topic], replication_factor: int) -> None:
        if not topics:
            return
        wanted = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=replication_factor,
                config=topic.config(),
            )
            for topic in topics
        ]
        for name, future in self._client.create_topics(wanted, request_timeout=_TIMEOUT_SECONDS).items():
            # Somebody else may create it at the same moment: it is there, that is what counts.
            _done(f"topic {name} could not be created", future, ignored=KafkaError.TOPIC_ALREADY_EXISTS)
            log.info("topic created", topic=name)

    def _grow(self, topics: Sequence[Topic]) -> None:
        if not topics:
            return
        wanted = [NewPartitions(topic.name, topic.partitions) for topic in topics]
        for name, future in self._client.create_partitions(wanted, request_timeout=_TIMEOUT_SECONDS).items():
            _done(f"topic {name} could not grow", future, ignored=KafkaError.INVALID_PARTITIONS)
            log.info("task topic grew", topic=name)

    def _check_configuration(self, topics: Sequence[Topic]) -> None:
        if not topics:
            return
        by_name = {topic.name: topic for topic in topics}
        asked = [ConfigResource(ResourceType.TOPIC, name) for name in by_name]
        answers = self._client.describe_configs(asked, request_timeout=_TIMEOUT_SECONDS)
        for resource, future in answers.items():
            found = _done(f"the settings of topic {resource.name} could not be read", future)
            values = {name: str(entry.value) for name, entry in (found or {}).items()}
            check_settings(by_name[resource.name], values)

    def _await_visible(self, topics: Sequence[Topic]) -> None:
        end = time.monotonic() + _VISIBLE_WITHIN_SECONDS
        while topics:
            sizes = self._sizes()
            if all(sizes.get(topic.name, 0) >= topic.partitions for topic in topics):
                return
            if time.monotonic() > end:
                raise MessagingError(f"created topics are not visible after {_VISIBLE_WITHIN_SECONDS:g} s")
            time.sleep(_VISIBLE_POLL_SECONDS)  # nothing tells when the metadata has come round

    def _committed(self, group: str, partitions: Sequence[Partition]) -> Mapping[Partition, Committed]:
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(*partition) for partition in partitions])
        answer = _asked(
            f"the offsets of group {group} could not be read",
            lambda: self._client.list_consumer_group_offsets([asked], request_timeout=_TIMEOUT_SECONDS)[group],
            ignored=KafkaError.GROUP_ID_NOT_FOUND,
        )
        return {
            Partition(found.topic, found.partition): Committed(found.offset, found.metadata or "")
            for found in ((answer.topic_partitions or []) if answer is not None else [])
            if found.error is None and found.offset >= 0
        }

    def _offsets(self, partitions: Sequence[Partition], which: OffsetSpec) -> Mapping[Partition, int]:
        asked = {TopicPartition(*partition): which for partition in partitions}
        found: dict[Partition, int] = {}
        for partition, future in self._client.list_offsets(asked, request_timeout=_TIMEOUT_SECONDS).items():
            answer = _done(f"the offsets of {partition.topic}[{partition.partition}] could not be read", future)
            found[Partition(partition.topic, partition.partition)] = answer.offset if answer is not None else 0
        return found


def _asked(what: str, ask: "Callable[[], Future[T]]", ignored: int) -> T | None:
    """Ask again while the coordinator is only just starting: librdkafka does not, for this request."""
    for _ in range(_COORDINATOR_TRIES):
        try:
            return ask().result(timeout=_TIMEOUT_SECONDS + 5)
        except KafkaException as error:
            if error.args[0].code() == ignored:
                return None
            if not passes(error.args[0]):
                raise in_words(what, error) from None
            time.sleep(_COORDINATOR_AGAIN_SECONDS)  # nothing tells when it has loaded
    raise MessagingError(f"{what}: the group's coordinator is not ready")


def _done(what: str, future: "Future[T]", ignored: int | None = None) -> T | None:
    try:
        return future.result(timeout=_TIMEOUT_SECONDS + 5)
    except KafkaException as error:
        if ignored is not None and error.args[0].code() == ignored:
            return None
        raise in_words(what, error) from None
    except TimeoutError:
        raise MessagingError(f"{what}: no answer within {_TIMEOUT_SECONDS:g} s") from None
