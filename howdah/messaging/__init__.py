"""Kafka for the platform: four ways to read, one way to write; read ``abstract`` first.

The loops (``work_queue``, ``batches``, ``table``, ``broadcast``) are written once, over the seam in ``backend``;
``kafka`` and ``memory`` are the two backends. The composition root of a process calls ``connect`` and hands the result
down; a test makes an ``InMemoryBroker`` and asks it for as many connections as it wants replicas. Nothing here knows
what a message means.
"""

from howdah.messaging.abstract import (
    DELIVERY_TIMEOUT_SECONDS,
    Admin,
    BatchReader,
    Delivery,
    DeliveryCanceledError,
    DeliveryError,
    Handler,
    Headers,
    Messaging,
    MessagingError,
    OnChange,
    OnDelivery,
    Outgoing,
    PoisonousMessageError,
    Producer,
    Record,
    Runner,
    Table,
    WorkQueueOptions,
)
from howdah.messaging.kafka import connect
from howdah.messaging.lanes import Partitioner, partition_for
from howdah.messaging.memory import InMemoryBroker

__all__ = [
    "DELIVERY_TIMEOUT_SECONDS",
    "Admin",
    "BatchReader",
    "Delivery",
    "DeliveryCanceledError",
    "DeliveryError",
    "Handler",
    "Headers",
    "InMemoryBroker",
    "Messaging",
    "MessagingError",
    "OnChange",
    "OnDelivery",
    "Outgoing",
    "Partitioner",
    "PoisonousMessageError",
    "Producer",
    "Record",
    "Runner",
    "Table",
    "WorkQueueOptions",
    "connect",
    "partition_for",
]
