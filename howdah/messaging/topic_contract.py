"""Whether an existing topic keeps the contract: pure, for every backend's administration."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from howdah.contracts.topics import Mode, Topic
from howdah.messaging.abstract import MessagingError

log = structlog.get_logger(__name__)

_FOR_EVER: Final = -1


def must_grow(topic: Topic, size: int) -> bool:
    """Tell whether an existing topic of ``size`` partitions is to grow.

    A keyed topic never grows in place, since its keys would move: MessagingError. A task topic that is larger than the
    lanes was grown by a newer release; that is harmless.
    """
    if topic.mode is Mode.WORK_QUEUE:
        if size > topic.partitions:
            log.warning("task topic is larger than the lanes", topic=topic.name, partitions=size)
        return size < topic.partitions
    if size != topic.partitions:
        raise MessagingError(
            f"topic {topic.name} has {size} partitions, the contract says {topic.partitions}; a keyed topic does not "
            "grow in place: drain it into a new version"
        )
    return False


def check_settings(topic: Topic, values: Mapping[str, str]) -> None:
    """Refuse settings that break the contract: another clean-up, less retention, smaller messages (MessagingError).

    Longer retention and larger messages are an operator's right; segment sizes and the like are tuning.
    """
    wanted = topic.config()
    found = []
    if values.get("cleanup.policy") != (policy := wanted.get("cleanup.policy", "delete")):
        found.append(f"cleanup.policy is {values.get('cleanup.policy')}, it must be {policy}")
    checks: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
        ("retention.ms", lambda has, needs: has == _FOR_EVER or has >= needs != _FOR_EVER),
        ("max.message.bytes", lambda has, needs: has >= needs),
    )
    for name, suffices in checks:
        if name in wanted and not suffices(int(values.get(name, "0")), int(wanted[name])):
            found.append(f"{name} is {values.get(name)}, it must be at least {wanted[name]}")
    if found:
        raise MessagingError(f"topic {topic.name} contradicts the contract: {'; '.join(found)}")
