"""A consumer on confluent_kafka, behind this room's seam. Belongs to one thread.

Offsets are committed between two polls, on the polling thread: confluent_kafka's lock starves a commit from any other.
"""

from collections.abc import Collection, Mapping, Sequence

import structlog
from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from howdah.messaging.abstract import Headers, MessagingError, Record
from howdah.messaging.backend import Committed, ConsumerOptions, Listener, Partition, Refusal
from howdah.messaging.kafka import configuration
from howdah.messaging.kafka.asking import ANSWER_SECONDS, Asking
from howdah.messaging.kafka.errors import in_words, passes, refusal
from howdah.runtime.settings import KafkaSettings

log = structlog.get_logger(__name__)


class KafkaConsumer:
    """See ``backend.Consumer``."""

    def __init__(self, settings: KafkaSettings, client_id: str, options: ConsumerOptions, asking: Asking) -> None:
        self._asking = asking
        self._group = options.group
        self._connectivity = configuration.Connectivity(f"consumer {options.group}")
        self._client = Client(configuration.consumer(settings, client_id, options, self._connectivity))
        self._listener: Listener | None = None
        self._closing = False
        self._gone: set[Partition] = set()
        """Partitions taken away since the first call of the poll under way returned."""
        self._ends: list[Partition] = []
        """Whose end the last poll met: told with the next one, when what stood before it is taken in."""

    def subscribe(self, topics: Sequence[str], listener: Listener) -> None:
        """Join the group."""
        self._listener = listener
        self._client.subscribe(
            list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def assign(self, positions: Mapping[Partition, int], listener: Listener) -> None:
        """Read exactly these partitions."""
        self._listener = listener
        self._client.assign([TopicPartition(*partition, offset) for partition, offset in positions.items()])

    def partitions(self, topic: str) -> Sequence[Partition]:
        """Return the partitions of ``topic``, none when it does not exist."""
        found = self._asking.ask(
            f"the partitions of {topic}", lambda: self._client.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
        )
        return [] if found.error is not None else [Partition(topic, number) for number in sorted(found.partitions)]

    def bounds(self, partition: Partition) -> tuple[int, int]:
        """Return the first offset there is and the next to be written."""
        return self._asking.ask(
            f"the bounds of {partition.topic}[{partition.number}]",
            lambda: self._client.get_watermark_offsets(TopicPartition(*partition), timeout=ANSWER_SECONDS),
        )

    def high(self, partition: Partition) -> int:
        """Return the next offset to be written, as the last fetch told."""
        try:
            answer = self._client.get_watermark_offsets(TopicPartition(*partition), cached=True)
        except KafkaException:
            return -1
        return answer[1] if answer is not None else -1

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, Committed]:
        """Return the group's commits."""
        asked = [TopicPartition(*partition) for partition in partitions]

        def question() -> list[TopicPartition]:
            answer = self._client.committed(asked, timeout=ANSWER_SECONDS)
            wrong = next((found.error for found in answer if found.error is not None), None)
            if wrong is not None:
                raise KafkaException(wrong)
            return answer

        return {
            Partition(found.topic, found.partition): Committed(found.offset, found.metadata or "")
            for found in self._asking.ask(f"the offsets of group {self._group}", question)
            if found.offset >= 0
        }

    def poll(self, timeout_seconds: float, limit: int) -> list[Record]:
        """Return what is there. One blocking poll and then the rest without waiting."""
        if (lost := self._connectivity.beyond_repair()) is not None:
            raise MessagingError(lost)
        self._announce_ends()
        try:
            first = self._client.poll(timeout_seconds)
            # What was taken away during this call and given back in it is ours: the message came after.
            self._gone.clear()
            if first is None:
                return []
            more = self._client.consume(limit - 1, 0) if limit > 1 else []
        except KafkaException as error:
            raise in_words(f"group {self._group} can't read on", error) from None
        # The second call may have taken away the partition that the first one read.
        stale = bool(self._gone) and Partition(first.topic() or "", _known(first.partition())) in self._gone
        messages = more if stale else [first, *more]
        return [record for message in messages if (record := self._record(message)) is not None]

    def commit(self, offsets: Mapping[Partition, Committed]) -> Mapping[Partition, Refusal]:
        """Commit synchronously and look at every partition's answer."""
        wanted = [TopicPartition(*partition, said.offset, said.metadata) for partition, said in offsets.items()]
        try:
            answers = self._client.commit(offsets=wanted, asynchronous=False)
        except KafkaException as error:
            return dict.fromkeys(offsets, refusal(error.args[0]))
        return {
            Partition(answer.topic, answer.partition): refusal(answer.error)
            for answer in answers
            if answer.error is not None
        }

    def pause(self, partitions: Collection[Partition]) -> None:
        """Return no records of these until resumed."""
        self._client.pause([TopicPartition(*partition) for partition in partitions])

    def resume(self, partitions: Collection[Partition]) -> None:
        """Return their records again."""
        self._client.resume([TopicPartition(*partition) for partition in partitions])

    def seek(self, positions: Mapping[Partition, int]) -> None:
        """Go on reading from these offsets."""
        for partition, offset in positions.items():
            try:
                self._client.seek(TopicPartition(*partition, offset))
            except KafkaException as error:
                raise in_words(f"{partition.topic}[{partition.number}] could not be read again", error) from None

    def trouble(self) -> str | None:
        """Return None while a broker is reachable, else a sentence."""
        return self._connectivity.trouble()

    def close(self) -> None:
        """Leave the group; partitions still owned are revoked first."""
        self._closing = True
        self._client.close()

    def _on_assign(self, client: Client, partitions: list[TopicPartition]) -> None:
        if self._closing:  # the coordinator answers no more questions, and nothing will be read
            client.incremental_assign(partitions)
        elif self._listener is not None:
            begin = self._listener.assigned(_named(partitions))
            client.incremental_assign([TopicPartition(*partition, offset) for partition, offset in begin.items()])

    def _on_revoke(self, client: Client, partitions: list[TopicPartition]) -> None:
        if self._listener is not None:
            self._listener.revoked(_named(partitions))
        self._gone.update(_named(partitions))
        client.incremental_unassign(partitions)

    def _on_lost(self, client: Client, partitions: list[TopicPartition]) -> None:
        if self._listener is not None:
            self._listener.lost(_named(partitions))
        self._gone.update(_named(partitions))
        client.incremental_unassign(partitions)

    def _announce_ends(self) -> None:
        ends, self._ends = self._ends, []
        for partition in ends:
            if self._listener is not None:
                self._listener.reached_end(partition)

    def _record(self, message: Message) -> Record | None:
        error = message.error()
        if error is not None:
            self._heard(message, error)
            return None
        return Record(
            message.topic() or "",
            _known(message.partition()),
            _known(message.offset()),
            message.key(),
            message.value(),
            _headers(message),
            message.timestamp()[1],
        )

    def _heard(self, message: Message, error: KafkaError) -> None:
        where = f"{message.topic()}[{message.partition()}]"
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - how confluent_kafka names local errors
            if (partition := Partition(message.topic() or "", _known(message.partition()))) not in self._gone:
                self._ends.append(partition)
        elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):  # noqa: SLF001 - as above
            raise MessagingError(
                f"group {self._group}: the position in {where} is outside the log ({error.str()}): messages may have "
                "been deleted before they were handled. Set the group's offset by hand to where it should go on"
            )
        elif passes(error):
            log.warning("kafka consumer error", group=self._group, where=where, error=error.name(), text=error.str())
        else:
            raise MessagingError(f"group {self._group} can't read {where}: {error.name()}: {error.str()}")


def _named(partitions: Sequence[TopicPartition]) -> list[Partition]:
    return [Partition(partition.topic, partition.partition) for partition in partitions]


def _known(number: int | None) -> int:
    return -1 if number is None else number


def _headers(message: Message) -> Headers:
    found = message.headers()
    if not found:
        return ()
    pairs = found.items() if isinstance(found, dict) else found
    return tuple((name, value.encode() if isinstance(value, str) else value or b"") for name, value in pairs)
