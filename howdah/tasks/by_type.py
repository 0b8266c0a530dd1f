"""One work queue for the tasks of every type: what an agent has, whose one topic carries them all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from howdah.contracts import codec
from howdah.messaging.abstract import Delivery, Handler, PoisonousMessageError
from howdah.tasks.declaration import AnyTask

ONE_QUEUE_GROUP: Final = "tasks"
ONE_QUEUE_THREADS: Final = 32
SHARE_OF_A_TYPE: Final = 0.5
"""All is done on one resource: what is to be kept apart are the types, so that long transfers leave room for jobs."""


class ByType:
    """Gives each command to the handler of its type."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def __call__(self, delivery: Delivery) -> None:
        """Handle one delivery; PoisonousMessageError when no handler here is meant."""
        command = codec.COMMANDS.decode(delivery.record.value)
        handler = self._handlers.get(command.type)
        if handler is None:
            raise PoisonousMessageError(
                f"type: {command.type!r} is not worked on here, only {', '.join(self._handlers)}"
            )
        handler(delivery)


def for_one_queue(task: AnyTask) -> AnyTask:
    """Return the task with the share of the threads that its type may take where all types share them."""
    share = max(task.options.bulkhead_share, SHARE_OF_A_TYPE)
    return replace(task, options=replace(task.options, bulkhead_share=share))
