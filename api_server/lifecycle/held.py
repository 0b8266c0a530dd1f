"""A run in the hands of whoever writes it, and what is told of it to its history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from orjson import Fragment
from pydantic import JsonValue

from api_server.dag.run import Run
from howdah.contracts.ids import TaskId

FIRST_VERSION: Final = 1
"""A process's version at its launch, before any event."""


@dataclass(slots=True)
class HeldRun:
    """A run in the hands of its writer, with what fences off others: the version and sequence it was read with."""

    run: Run
    version: int
    last_seq: int
    applied: set[str] = field(default_factory=set)
    """The ids of the events that it has taken in."""
    adopted_from: Mapping[TaskId, TaskId] = field(default_factory=dict)
    """Of a new run: task → the finished task of an earlier run that it is."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What happened, for the history: the envelope of the event row."""

    event_id: str
    kind: str
    actor: str
    at: datetime
    payload: JsonValue | Fragment
    task_id: str | None = None
    attempt: int | None = None
    reason: str = ""
