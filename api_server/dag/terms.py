"""On which terms a task is run: how long, how often, in which lane. Its author's word goes before the resource's."""

from typing import NamedTuple

from api_server.dag.task_types import KnownType
from howdah.contracts.failures import RetryPolicy
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.task_types import LaneName

DEADLINE_SECONDS = 3_600.0


class Terms(NamedTuple):
    """What the task gets."""

    deadline_seconds: float
    retry: RetryPolicy
    lane: LaneName


def terms(
    known: KnownType | None, target: ResourceTarget | None, retry: RetryPolicy | None, deadline_seconds: float | None
) -> Terms:
    """Return the terms of a task of a type on a resource; None where its author said nothing."""
    policy = retry or RetryPolicy().overridden(target.retry if target is not None else None)
    if known is None:
        return Terms(deadline_seconds or DEADLINE_SECONDS, policy, LaneName.FAST)
    limits = known.description.limits
    if policy.max_attempts > limits.max_attempts:
        policy = policy.model_copy(update={"max_attempts": limits.max_attempts})
    return Terms(deadline_seconds or limits.deadline_seconds, policy, known.description.lane)
