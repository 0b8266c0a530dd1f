"""The only way to start or steer a run."""

from api_server.lifecycle.lifecycle import Lifecycle
from api_server.lifecycle.redrive import Redrive
from api_server.lifecycle.requests import (
    EXPERIMENT_REQUEST,
    MAX_BATCH,
    ApplicationExperiment,
    ExperimentRequest,
    TasksExperiment,
)
from api_server.lifecycle.steering import Steering

__all__ = [
    "EXPERIMENT_REQUEST",
    "MAX_BATCH",
    "ApplicationExperiment",
    "ExperimentRequest",
    "Lifecycle",
    "Redrive",
    "Steering",
    "TasksExperiment",
]
