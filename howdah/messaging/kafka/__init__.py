"""The Kafka backend: the only place of the platform that imports ``confluent_kafka``.

``configuration`` knows librdkafka's options, ``producer``, ``consumer`` and ``admin`` are the clients behind this
room's seam. No loop and no decision lives here.
"""

from howdah.contracts.agents import AgentTopics
from howdah.messaging.abstract import Messaging
from howdah.messaging.backend import ConsumerOptions
from howdah.messaging.connected import Connected
from howdah.messaging.kafka.admin import KafkaAdmin
from howdah.messaging.kafka.asking import Asking
from howdah.messaging.kafka.consumer import KafkaConsumer
from howdah.messaging.kafka.producer import KafkaProducer
from howdah.messaging.routes import AgentRoutes
from howdah.runtime.settings import KafkaSettings


class KafkaBackend:
    """Makes clients of one cluster."""

    def __init__(self, settings: KafkaSettings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._asking = Asking()

    def producer(self) -> KafkaProducer:
        """Return a new idempotent producer."""
        return KafkaProducer(self._settings, self._client_id)

    def admin(self) -> KafkaAdmin:
        """Return a new administration."""
        return KafkaAdmin(self._settings, self._client_id, self._asking)

    def consumer(self, options: ConsumerOptions) -> KafkaConsumer:
        """Return a new consumer."""
        return KafkaConsumer(self._settings, self._client_id, options, self._asking)

    def give_up_waiting(self) -> None:
        """Ask nothing a second time from now on."""
        self._asking.give_up()


def connect(settings: KafkaSettings, client_id: str, own: AgentTopics | None = None) -> Messaging:
    """Return a connection to the cluster that ``settings`` name. Nothing is sent before it is used.

    With ``own`` it is an agent's: its topics stand for those of the platform.
    """
    return Connected(KafkaBackend(settings, client_id), AgentRoutes(own) if own else None)
