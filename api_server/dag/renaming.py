"""Tasks of an earlier run under the ids that they have in a new one. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from api_server.dag.expansion import place_of
from howdah.contracts.flow import ORCHESTRATED
from howdah.contracts.ids import ProcessId, TaskId
from howdah.contracts.tasks import TaskSpec

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")


class Renaming:
    """Old id → new id. What a workflow says of a task is renamed throughout, its parameters only where it decides them.

    The parameters of a job say under which earlier ids it was submitted: they are their planner's matter.
    """

    def __init__(self, ids: Mapping[TaskId, TaskId], before: ProcessId, after: ProcessId) -> None:
        self._names: dict[str, str] = {place_of(old): place_of(new) for old, new in ids.items()}
        self._names.update(ids.items())
        self._outputs = (f"/outputs/{before}/", f"/outputs/{after}/")

    def of(self, spec: TaskSpec) -> TaskSpec:
        """Return the task, its parameters as they were unless the orchestrator decides it itself."""
        decided = spec.type in ORCHESTRATED
        told = {"task_id", "bindings", "flow", "depends_on"} | ({"params"} if decided else set())
        text = spec.model_dump_json(include=told)
        renamed = TaskSpec.model_validate_json(
            f'{{"name": "-", "type": "{spec.type}", {self._renamed(text)[1:]}'.replace(*self._outputs)
        )
        return spec.model_copy(update={name: getattr(renamed, name) for name in told})

    def _renamed(self, text: str) -> str:
        return _ID.sub(lambda found: self._names.get(found[0], found[0]), text)
