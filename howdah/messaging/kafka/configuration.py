"""librdkafka's options: one function for each kind of client, every value with its reason."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from confluent_kafka import KafkaError

from howdah.contracts.errors import ConfigurationError
from howdah.messaging.abstract import DELIVERY_TIMEOUT_SECONDS
from howdah.messaging.backend import ConsumerOptions
from howdah.runtime.settings import KafkaSettings

log = structlog.get_logger(__name__)

MAX_RECORD_BYTES: Final = 1_048_588
"""The topics' max.message.bytes: what is larger is refused before it is queued."""
_STATISTICS_MS: Final = 2_000
_MISSING_LOOKS: Final = 2
"""So many statistics in a row without a connection, though one was tried, are called an outage."""
_LOST_LOOKS: Final = 3
"""So many statistics in a row without any broker: none will ever be found again."""
_IN_VAIN: Final = frozenset(
    {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE}  # noqa: SLF001 - its names of local errors
)
"""What comes of trying to connect to a broker that is away."""
_REAL_BROKERS: Final = frozenset({"learned", "configured"})


class Connectivity:
    """Whether any broker is reachable, as the client's own statistics say; and its fatal error, if it has one.

    With hysteresis: a connection that is up is believed at once, the lack of any only when it lasts (connections are
    closed and opened in the best of times), and only while the client tries to connect (an idle one need not).
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._missing = 0
        self._tried = False
        self._empty = 0
        self._fatal: str | None = None

    def on_statistics(self, text: str) -> None:
        """Read the states of the connections from librdkafka's statistics.

        While all brokers are away the client forgets those that it has learned of and goes back to the bootstrap
        servers, so that these count, too. What does not count is the logical broker, the group's coordinator.

        A broker that only just starts may answer that the cluster has no brokers. librdkafka believes it, forgets the
        bootstrap servers with the rest, and has nobody left to ask for good (its issue 5301).
        """
        brokers = [one for one in orjson.loads(text)["brokers"].values() if one["source"] in _REAL_BROKERS]
        self._empty = 0 if brokers else self._empty + 1
        if self._empty == _LOST_LOOKS:
            self._failed("it has forgotten every broker and will find none again")
        if any(one["state"] == "UP" for one in brokers):
            if self._missing >= _MISSING_LOOKS:
                log.info("kafka is reachable again", client=self._name)
            self._missing = 0
        elif self._tried:
            self._missing += 1
            if self._missing == _MISSING_LOOKS:
                log.warning("no kafka broker is reachable", client=self._name)
        self._tried = False

    def on_error(self, error: KafkaError) -> None:
        """Note what librdkafka reports beside any one request. It recovers from all but fatal ones by itself.

        What comes with every try to connect that fails is no judgement: the statistics are.
        """
        log.debug("kafka client error", client=self._name, error=error.name(), text=error.str())
        if error.fatal():
            self._failed(error.str())
        if error.code() in _IN_VAIN:
            self._tried = True

    def beyond_repair(self) -> str | None:
        """Return None, or a sentence: the client is of no more use, and only another one may be."""
        return f"{self._name}: the Kafka client failed for good: {self._fatal}" if self._fatal is not None else None

    def trouble(self) -> str | None:
        """Return None while a broker is reachable, else a sentence."""
        unreachable = f"{self._name}: no Kafka broker is reachable" if self._missing >= _MISSING_LOOKS else None
        return self.beyond_repair() or unreachable

    def _failed(self, why: str) -> None:
        self._fatal = why
        log.error("the kafka client failed for good", client=self._name, error=why)


def connection(settings: KafkaSettings, client_id: str, connectivity: Connectivity | None = None) -> dict[str, Any]:
    """Return what every client needs. ``kafka_options`` come last and win."""
    watched: dict[str, Any] = {}
    if connectivity is not None:
        watched = {
            "error_cb": connectivity.on_error,
            "stats_cb": connectivity.on_statistics,
            "statistics.interval.ms": _STATISTICS_MS,
        }
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "client.id": client_id,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,  # a broker that comes back is found within a second
        "socket.timeout.ms": 10_000,
        # An address that swallows everything (a pod that is gone) is given up sooner than after half a minute …
        "socket.connection.setup.timeout.ms": 5_000,
        # … and where no broker that was learned of answers, the bootstrap servers are asked again, which know the new
        # addresses. By default a client waits five minutes before it does.
        "metadata.recovery.strategy": "rebootstrap",
        "metadata.recovery.rebootstrap.trigger.ms": 20_000,
        "socket.nagle.disable": True,
        "log.connection.close": False,
        "log_level": 2,  # its own lines would break our structured log; ``Connectivity`` hears of errors
        "topic.metadata.refresh.interval.ms": 30_000,  # a topic that grew is noticed
        **watched,
        **_security(settings),
        **settings.kafka_options,
    }


def _security(settings: KafkaSettings) -> dict[str, str]:
    """Return how to encrypt and as whom to log in; ConfigurationError when the password's file can't be read.

    The brokers' names are checked against their certificates: librdkafka's default, said here so that it stays.
    """
    protocol = settings.kafka_security_protocol
    found: dict[str, str] = {"security.protocol": protocol}
    if protocol.endswith("SSL"):
        found["ssl.endpoint.identification.algorithm"] = "https"
        if settings.kafka_ca_file is not None:
            found["ssl.ca.location"] = str(settings.kafka_ca_file)
        if settings.kafka_ca_pem is not None:
            found["ssl.ca.pem"] = settings.kafka_ca_pem
    if protocol.startswith("SASL"):
        found["sasl.mechanism"] = settings.kafka_sasl_mechanism
        found["sasl.username"] = settings.kafka_username or ""
        found["sasl.password"] = _password(settings)
    return found


def _password(settings: KafkaSettings) -> str:
    if settings.kafka_password is not None:
        return settings.kafka_password.get_secret_value()
    path = settings.kafka_password_file
    try:
        text = path.read_text().strip() if path is not None else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"HOWDAH_KAFKA_PASSWORD_FILE: {path} can't be read ({type(error).__name__})") from None
    if not text:
        raise ConfigurationError(f"HOWDAH_KAFKA_PASSWORD_FILE: {path} is empty")
    return text


def producer(settings: KafkaSettings, client_id: str, connectivity: Connectivity) -> dict[str, Any]:
    """Return the producer's options: acknowledged by all in-sync replicas, no second copy, none lost.

    One request at a time: a broker takes the first batch it sees of a producer whatever its number. Were more on their
    way to a partition whose leader is only just ready, the first refused and a later one taken, librdkafka would call
    the refused ones acknowledged, too, and they would be gone (``docs/decisions/0024``).
    """
    return {
        **connection(settings, client_id, connectivity),
        "enable.idempotence": True,
        "acks": "all",
        "max.in.flight.requests.per.connection": 1,
        "linger.ms": settings.kafka_linger_ms,
        "delivery.timeout.ms": int(DELIVERY_TIMEOUT_SECONDS * 1_000),
        "partitioner": "murmur2_random",  # the same as Java's, so that every client finds a key where it is
        "message.max.bytes": MAX_RECORD_BYTES,
        "queue.buffering.max.messages": 50_000,
        "queue.buffering.max.kbytes": 65_536,
    }


def consumer(
    settings: KafkaSettings, client_id: str, options: ConsumerOptions, connectivity: Connectivity
) -> dict[str, Any]:
    """Return a consumer's options.

    A pause throws away what was prefetched, so little is. Under KIP-848 session and heartbeat times are the broker's
    (``group.consumer.session.timeout.ms``); librdkafka refuses them here.
    """
    return {
        **connection(settings, client_id, connectivity),
        "group.id": options.group,
        **_membership(settings, options),
        "max.poll.interval.ms": options.max_poll_interval_ms,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error" if options.strict_offsets else "earliest",
        "enable.partition.eof": options.ends,
        # New data ends the wait at once; only an idle consumer waits it out, and each time costs the broker a request.
        "fetch.wait.max.ms": 500,
        "fetch.error.backoff.ms": 50,
        "fetch.message.max.bytes": 262_144,
        "queued.min.messages": 500,
        # By default a partition whose small queue was full is fetched again after a second: 1,200 messages/s at most.
        "fetch.queue.backoff.ms": 5,
        "queued.max.messages.kbytes": 2_048,
    }


def _membership(settings: KafkaSettings, options: ConsumerOptions) -> Mapping[str, Any]:
    if settings.kafka_group_protocol == "consumer":
        return {"group.protocol": "consumer"}
    return {
        "group.protocol": "classic",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": options.session_timeout_ms,
        "heartbeat.interval.ms": max(500, options.session_timeout_ms // 6),
    }
