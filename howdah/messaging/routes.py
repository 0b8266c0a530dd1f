"""Other names for the topics and groups of a process: an agent's own stand for those of the platform.

So the same handlers run at a resource as in the platform's own services, and what the process may touch is decided in
one place. Nothing here knows what a message means.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from howdah.contracts.agents import Access, AgentTopics
from howdah.contracts.topics import Topic
from howdah.messaging.abstract import Admin, MessagingError, OnDelivery, Outgoing, Producer


class Routes:
    """Straight on: every name stands for itself."""

    def topic(self, name: str) -> str:
        """Return the name of the topic that stands for ``name``."""
        return name

    def group(self, name: str) -> str:
        """Return the name of the group that stands for ``name``."""
        return name

    def producer(self, straight: Producer) -> Producer:
        """Return a producer that writes to the topics that stand for those it is told."""
        return straight

    def admin(self, straight: Admin) -> Admin:
        """Return an administration of the topics that stand for those it is told."""
        return straight


class AgentRoutes(Routes):
    """An agent's topics for the platform's. A process with these has rights to nothing else, and asks for none."""

    def __init__(self, own: AgentTopics) -> None:
        self.own = own

    def topic(self, name: str) -> str:
        """Return the agent's topic; ConfigurationError when it has none in place of ``name``."""
        return self.own.standing_for(name)

    def group(self, name: str) -> str:
        """Return the name below the prefix that the agent may use."""
        return f"{self.own.groups}{name}"

    def producer(self, straight: Producer) -> Producer:
        """Return a producer that writes to the agent's topics."""
        return _AgentProducer(straight, self)

    def admin(self, straight: Admin) -> Admin:
        """Return an administration that only looks."""
        return _AgentAdmin(straight, self)


class _AgentProducer:
    """Messages keep their key, and with it their order; a partition that was chosen for other topics means nothing."""

    def __init__(self, straight: Producer, routes: AgentRoutes) -> None:
        self._straight = straight
        self._routes = routes

    def send(self, message: Outgoing, on_delivery: OnDelivery | None = None) -> None:
        self._straight.send(self._routed(message), on_delivery)

    def send_all(self, messages: Iterable[Outgoing], timeout_seconds: float = 30.0) -> None:
        self._straight.send_all([self._routed(message) for message in messages], timeout_seconds)

    def trouble(self) -> str | None:
        return self._straight.trouble()

    def beyond_repair(self) -> str | None:
        return self._straight.beyond_repair()

    def close(self, timeout_seconds: float = 10.0) -> None:
        self._straight.close(timeout_seconds)

    def _routed(self, message: Outgoing) -> Outgoing:
        return replace(message, topic=self._routes.topic(message.topic), partition=None)


class _AgentAdmin:
    def __init__(self, straight: Admin, routes: AgentRoutes) -> None:
        self._straight = straight
        self._routes = routes

    def ensure(self, topics: Sequence[Topic], replication_factor: int = 1) -> None:  # noqa: ARG002 - nothing is made here
        """Topics are made by the platform when the resource is registered: MessagingError where that is not so."""
        mine = [own.name for topic in topics if (own := self._routes.own.in_place_of(topic.name)) is not None]
        for name in dict.fromkeys(mine):
            self._straight.partitions(name)

    def partitions(self, topic: str) -> int:
        return self._straight.partitions(self._routes.topic(topic))

    def backlog(self, group: str, topic: str) -> Mapping[int, int]:
        return self._straight.backlog(self._routes.group(group), self._routes.topic(topic))

    def admit(self, user: str, password: str, access: Access) -> None:  # noqa: ARG002 - the interface
        raise MessagingError(f"an agent admits nobody, so not {user} either")

    def expel(self, user: str) -> None:
        raise MessagingError(f"an agent expels nobody, so not {user} either")
