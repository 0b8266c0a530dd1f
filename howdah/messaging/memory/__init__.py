"""The in-memory twin: the same loops over a broker that is an object, for tests without daemons.

``broker`` keeps logs, groups and offsets and can be told to misbehave; ``consumer``, ``producer`` and ``admin`` are its
clients behind this room's seam. Nothing is written to disk, and nothing crosses the process.
"""

from howdah.contracts.agents import AgentTopics
from howdah.messaging.abstract import Messaging
from howdah.messaging.backend import ConsumerOptions
from howdah.messaging.connected import Connected
from howdah.messaging.memory.admin import MemoryAdmin
from howdah.messaging.memory.broker import Cluster
from howdah.messaging.memory.consumer import MemoryConsumer
from howdah.messaging.memory.producer import MemoryProducer
from howdah.messaging.routes import AgentRoutes


class MemoryBackend:
    """Makes clients of one broker."""

    def __init__(self, cluster: Cluster, client_id: str) -> None:
        self._cluster = cluster
        self._client_id = client_id

    def producer(self) -> MemoryProducer:
        """Return a new producer."""
        return MemoryProducer(self._cluster)

    def admin(self) -> MemoryAdmin:
        """Return a new administration."""
        return MemoryAdmin(self._cluster)

    def consumer(self, options: ConsumerOptions) -> MemoryConsumer:
        """Return a new consumer."""
        return MemoryConsumer(self._cluster, self._client_id, options)

    def give_up_waiting(self) -> None:
        """Nothing here is waited for."""


class InMemoryBroker(Cluster):
    """Kafka as an object; see ``Cluster`` for how it can be made to misbehave."""

    def connect(self, client_id: str = "memory", own: AgentTopics | None = None) -> Messaging:
        """Return what ``howdah.messaging.connect`` returns. One call for each replica."""
        return Connected(MemoryBackend(self, client_id), AgentRoutes(own) if own else None)
