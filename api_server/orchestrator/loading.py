"""The runs that events are about: from the cache that keeps those that are likely to be needed again, or read anew."""

from collections import OrderedDict
from collections.abc import Collection

from sqlalchemy.orm import Session

from api_server.lifecycle.held import HeldRun
from api_server.lifecycle.loading import load
from api_server.registry.repositories import runs
from howdah.contracts.states import is_terminal


class RunCache:
    """The runs that were written last, up to a number of tasks. Right only together with the version in the row."""

    def __init__(self, max_tasks: int) -> None:
        self._max_tasks = max_tasks
        self._held: OrderedDict[str, HeldRun] = OrderedDict()
        self._tasks = 0

    def get(self, process_id: str) -> HeldRun | None:
        """Return the run as it was last written here, None when it is not known."""
        held = self._held.get(process_id)
        if held is not None:
            self._held.move_to_end(process_id)
        return held

    def put(self, held: HeldRun) -> None:
        """Keep a run after its commit; one that has ended is let go."""
        process_id = held.run.identity.process_id
        self.drop(process_id)
        if is_terminal(held.run.process.state):
            return
        self._held[process_id] = held
        self._tasks += len(held.run.dag.tasks)
        while self._tasks > self._max_tasks:
            self.drop(next(iter(self._held)))

    def drop(self, process_id: str) -> None:
        """Forget a run: what is in memory may not be what is in the registry."""
        held = self._held.pop(process_id, None)
        if held is not None:
            self._tasks -= len(held.run.dag.tasks)

    def __len__(self) -> int:
        return len(self._held)


def hold(session: Session, process_ids: Collection[str], cache: RunCache) -> dict[str, HeldRun]:
    """Return the runs of the processes that there are.

    When all are in the cache nothing is read: should another replica have written one since, the version in its row
    has changed, and the write is refused (``ConflictingWriteError``). Otherwise all are locked, and read where the
    cache is not right.
    """
    cached = {process_id: run for process_id in process_ids if (run := cache.get(process_id)) is not None}
    if len(cached) == len(process_ids):
        return cached
    locked = runs.lock(session, process_ids)
    right = {row.id: cached[row.id] for row in locked if row.id in cached and cached[row.id].version == row.version}
    missing = [row for row in locked if row.id not in right]
    return right | load(session, missing) if missing else right
