"""The SDK to write a task microservice: ``@task``, ``TaskContext``, ``run_service``.

What a user's own service imports stands here; ``howdah.tasks.testing`` runs a handler in a unit test. The room turns a
function into a service that loses nothing; it never decides about retries, and it never touches SQL.
"""

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.tasks.cancel import CancelToken, StoppedError, StopReason
from howdah.tasks.context import TaskContext
from howdah.tasks.declaration import DETACHED, AtCancel, AtDeadline, Leave, Needs, Result, TaskDefinition, task
from howdah.tasks.service import Parts, run_service
from howdah.tasks.settings import ServiceSettings
from howdah.tasks.signals import signal_given

__all__ = [
    "DETACHED",
    "AtCancel",
    "AtDeadline",
    "CancelToken",
    "FailureKind",
    "Leave",
    "Needs",
    "Parts",
    "Result",
    "ServiceSettings",
    "StopReason",
    "StoppedError",
    "TaskContext",
    "TaskDefinition",
    "TaskError",
    "run_service",
    "signal_given",
    "task",
]
