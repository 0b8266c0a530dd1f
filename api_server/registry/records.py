"""Rows as plain data, where an ORM object would cost too much or promise too much."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ExperimentRecord:
    """An experiment as it stands in its row."""

    id: str
    gateway_id: str
    owner: str
    name: str
    description: str
    kind: str
    spec: dict[str, Any]
    interface_id: str | None
    resource_id: str | None
    workflow_id: str | None
    workflow_version: int | None
    cloned_from: str | None
    state: str
    failure: dict[str, Any] | None
    process_id: str | None
    last_seq: int
    version: int
    created_at: datetime
    updated_at: datetime
    launched_at: datetime | None
    ended_at: datetime | None
