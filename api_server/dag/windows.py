"""How many tasks of a run may be on their way to one resource: published, and never yet taken up. Pure.

What is beyond that stands in line, CREATED, as those do that wait for a slot of their fan-out (``slots``), and is begun
by whoever is taken up, ends, or is parked. So a resource that hangs never has more than a few commands of a run on the
partitions that it shares with others, however many tasks the run has; one that works is not slowed: each start calls
the next.

Submissions and monitoring are left out: a quota is their line, and what follows a job must not wait.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from api_server.dag.decisions import TaskStatus
from howdah.contracts.ids import TaskId
from howdah.contracts.params import OF_JOBS
from howdah.contracts.states import is_terminal
from howdah.contracts.tasks import TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft

MOST_ON_THEIR_WAY: Final = 64
"""Of one run, to one resource. A task service takes fewer of one resource at a time: a share of its threads."""


def pool_of(spec: TaskSpec) -> TaskId | None:
    """Return the pool whose places the task takes on its way; None: it takes none."""
    if spec.resource_id is None or spec.type in OF_JOBS:
        return None
    return TaskId(spec.resource_id)


def is_on_its_way(status: TaskStatus) -> bool:
    """Tell whether a task was published, and neither taken up nor ended since; also one that was handed back.

    One that is parked while its resource is away has left its way: it comes back by nobody's clock.
    """
    published = status.publications > 0 and status.parked is None
    return published and status.started_at is None and not is_terminal(status.state)


def has_room(draft: "Draft", spec: TaskSpec) -> bool:
    """Tell whether the task, which is about to begin, may be on its way; without room it stands in line."""
    pool = pool_of(spec)
    if pool is None or _has_room(draft, pool):
        return True
    draft.decisions.lined_up.append((pool, spec.task_id))
    return False


def note(draft: "Draft", spec: TaskSpec, before: TaskStatus, after: TaskStatus) -> None:
    """Count a task that has come onto its way, or left it."""
    pool = pool_of(spec)
    if pool is not None and (change := is_on_its_way(after) - is_on_its_way(before)):
        draft.decisions.slots[pool] += change
        if change < 0:
            draft.freed.add(pool)


def freed(draft: "Draft") -> Iterator[TaskId]:
    """Yield a pool as often as it has room since a task left its way; who finds nobody in line takes it out."""
    while draft.freed:
        pool = min(draft.freed)
        if _has_room(draft, pool):
            yield pool
        else:
            draft.freed.discard(pool)


def _has_room(draft: "Draft", pool: TaskId) -> bool:
    return draft.run.slots.taken[pool] + draft.decisions.slots[pool] < MOST_ON_THEIR_WAY
