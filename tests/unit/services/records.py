"""Job records for unit tests."""

from datetime import UTC, datetime
from typing import Any

from howdah.contracts.ids import CommandId, ExperimentId, GatewayId, ProcessId, ResourceId, TaskId, new_id
from howdah.contracts.records import JobRecord
from howdah.contracts.resources import ResourceTarget, TransportKind

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def target(host: str = "login.example.org") -> ResourceTarget:
    """Return a resource."""
    return ResourceTarget(
        resource_id=ResourceId(new_id()), name="Example cluster", transport=TransportKind.LOCAL, host=host
    )


def job_record(**fields: Any) -> JobRecord:  # noqa: ANN401 - the model validates
    """Return a record as job-submission writes it."""
    defaults: dict[str, Any] = {
        "at": NOW,
        "gateway_id": GatewayId(new_id()),
        "experiment_id": ExperimentId(new_id()),
        "process_id": ProcessId(new_id()),
        "task_id": TaskId(new_id()),
        "attempt": 1,
        "generation": 1,
        "job_name": "howdah-x",
        "native_id": "4711",
        "work_dir": "/scratch/x",
        "target": target(),
        "monitoring_task_id": TaskId(new_id()),
    }
    return JobRecord(**(defaults | fields))


def awaited(record: JobRecord, attempt: int = 1) -> JobRecord:
    """Return the record as the monitoring command's handler writes it: as fresh as the submission's."""
    return record.model_copy(
        update={
            "monitoring_attempt": attempt,
            "monitoring_command_id": CommandId(new_id()),
            "revision": 0,
            "missing_since": None,
        }
    )
