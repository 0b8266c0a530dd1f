"""A job that must ask before it is submitted: its resource has a quota or a maintenance window. Pure.

Only the first publication of a submission asks: later attempts settle what the first one may have begun. Until it is
let in, the task stays CREATED and its process is QUEUED. One writer lets jobs in and says so by ``AdmissionGranted``
(``api_server.orchestrator.admissions``).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from api_server.dag import pausing
from api_server.dag.decisions import Outcome
from howdah.contracts.ids import GatewayId, ResourceId, TaskId
from howdah.contracts.params import JOB_SUBMISSION
from howdah.contracts.requests import (
    AdmissionGranted,
)
from howdah.contracts.states import PHASES, ProcessState, TaskState
from howdah.contracts.tasks import TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft

Gate = Callable[[GatewayId, ResourceId | None], bool]
"""Whether jobs on this resource of the gateway must ask."""


def open_gate(_: GatewayId, __: ResourceId | None) -> bool:
    """No job must ask."""
    return False


def must_ask(draft: "Draft", spec: TaskSpec) -> bool:
    """Tell whether the task is a job that must be let in first."""
    return spec.type == JOB_SUBMISSION and draft.gate(draft.run.identity.gateway_id, spec.resource_id)


def ask(draft: "Draft", spec: TaskSpec) -> None:
    """Put the job in line."""
    draft.decisions.asking.append(spec.task_id)
    if draft.process.state in PHASES:
        draft.set_process(ProcessState.QUEUED)


def let_in(draft: "Draft", event: AdmissionGranted) -> None:
    """Publish a job whose turn has come."""
    if event.task_id not in draft.run.tasks:
        draft.ignore(Outcome.ILLEGAL, "the process has no such task")
        return
    status = draft.status(event.task_id)
    if status.state is not TaskState.CREATED or draft.edge(event.task_id).open or draft.canceling:
        draft.ignore(Outcome.RECORDED, f"the task is {status.state.value} by now")
        return
    if pausing.holds_back(draft, draft.run.dag.by_id[event.task_id]):
        draft.ignore(Outcome.RECORDED, "the process is paused; the job asks again when it goes on")
        return
    draft.publish(event.task_id, attempt=1)
    if draft.process.state is ProcessState.QUEUED and not _others_wait(draft, event.task_id):
        draft.set_process(pausing.phase_reached(draft))


def _others_wait(draft: "Draft", let_in_now: TaskId) -> bool:
    return any(
        spec.type == JOB_SUBMISSION
        and spec.task_id != let_in_now
        and draft.status(spec.task_id).state is TaskState.CREATED
        and draft.edge(spec.task_id).open == 0
        for spec in draft.run.dag.tasks
    )
