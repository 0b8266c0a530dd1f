"""The tables. Importing this package makes all of them known to the metadata."""

from api_server.registry.models.access import AuditRecord, Credential, Gateway, IdempotencyKey, Token
from api_server.registry.models.admission import Admission, MaintenanceWindow, Quota
from api_server.registry.models.catalogue import (
    Agent,
    ApplicationDeployment,
    ApplicationInterface,
    ApplicationModule,
    BatchQueue,
    ComputeResource,
    ResourceLook,
    StoredObject,
    TaskType,
)
from api_server.registry.models.data import DataProduct, DataReplica, StorageResource
from api_server.registry.models.execution import Attempt, Event, Experiment, Job, Process, Task, TaskLog
from api_server.registry.models.health import ResourceControl, ResourceHealth, ResourceHealthEvent, ResourceSample
from api_server.registry.models.lanes import LaneControl
from api_server.registry.models.live import LiveFile, LivePart
from api_server.registry.models.scheduling import Schedule, ScheduleRun
from api_server.registry.models.wire import DeadLetter, Lease, OutboxMessage
from api_server.registry.models.workflows import Workflow, WorkflowVersion

__all__ = [
    "Admission",
    "Agent",
    "ApplicationDeployment",
    "ApplicationInterface",
    "ApplicationModule",
    "Attempt",
    "AuditRecord",
    "BatchQueue",
    "ComputeResource",
    "Credential",
    "DataProduct",
    "DataReplica",
    "DeadLetter",
    "Event",
    "Experiment",
    "Gateway",
    "IdempotencyKey",
    "Job",
    "LaneControl",
    "Lease",
    "LiveFile",
    "LivePart",
    "MaintenanceWindow",
    "OutboxMessage",
    "Process",
    "Quota",
    "ResourceControl",
    "ResourceHealth",
    "ResourceHealthEvent",
    "ResourceLook",
    "ResourceSample",
    "Schedule",
    "ScheduleRun",
    "StorageResource",
    "StoredObject",
    "Task",
    "TaskLog",
    "TaskType",
    "Token",
    "Workflow",
    "WorkflowVersion",
]
