"""An instance of a service tells that it is alive, every few seconds, and once more when it leaves."""

import os
import socket
from collections.abc import Callable, Sequence

import howdah
from howdah.contracts import codec, topics
from howdah.contracts.heartbeats import Heartbeat, QueueReport
from howdah.contracts.ids import InstanceId, new_id
from howdah.messaging.abstract import Outgoing, Producer
from howdah.runtime.clock import Clock


class Heartbeats:
    """Broadcasts ``Heartbeat`` for one instance."""

    def __init__(  # noqa: PLR0913 - what an instance tells of, by keyword
        self,
        service: str,
        producer: Producer,
        clock: Clock,
        *,
        in_flight: Callable[[], int],
        last_error: Callable[[], str | None],
        queues: Callable[[], Sequence[QueueReport]] = tuple,
    ) -> None:
        self.instance_id = InstanceId(new_id())
        self._service = service
        self._producer = producer
        self._clock = clock
        self._in_flight = in_flight
        self._last_error = last_error
        self._queues = queues
        self._started_at = clock.now()

    def beat(self) -> None:
        """Tell that the instance is alive; nobody waits for it."""
        self._producer.send(self._message(stopping=False))

    def leave(self) -> None:
        """Tell that the instance stops, and wait until that is known; DeliveryError when it is not."""
        self._producer.send_all([self._message(stopping=True)], timeout_seconds=5.0)

    def _message(self, *, stopping: bool) -> Outgoing:
        error = self._last_error()
        heartbeat = Heartbeat(
            at=self._clock.now(),
            instance_id=self.instance_id,
            service=self._service,
            release=howdah.__version__,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            in_flight=self._in_flight(),
            stopping=stopping,
            last_error=error[:2_000] if error else None,
            queues=tuple(self._queues()),
        )
        return Outgoing(topic=topics.HEARTBEATS.name, key=self.instance_id.encode(), value=codec.encode(heartbeat))
