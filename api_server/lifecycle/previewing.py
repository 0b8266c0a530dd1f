"""What a launch would submit, planned as the launch would plan it. Writes nothing."""

from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from api_server.lifecycle.placing import variants
from api_server.lifecycle.planning import Planner, refuse
from api_server.lifecycle.requests import ApplicationExperiment
from howdah.contracts.ids import GatewayId, ProcessId, TaskId
from howdah.contracts.params import JOB_SUBMISSION, JobSubmissionParams
from howdah.contracts.resources import ResourceTarget

_NOBODY: Final = ProcessId("00000000-0000-7000-8000-000000000000")
"""The process that a preview stands for."""


class Submission(NamedTuple):
    """A job that would be submitted, or was."""

    task_id: TaskId
    params: JobSubmissionParams
    target: ResourceTarget


def submission_of(session: Session, gateway_id: GatewayId, request: ApplicationExperiment) -> Submission:
    """Return the job of ``request``, on the first of several resources that it fits; InvalidRequestError."""
    planner = Planner(session, gateway_id, [request])
    refuse(planner.check(request, complete=True))
    chosen = next(one for one in variants(request) if not planner.check(one, complete=True))
    dag, targets = planner.plan(chosen, _NOBODY)
    spec = next(task for task in dag.tasks if task.type == JOB_SUBMISSION)
    return Submission(spec.task_id, JobSubmissionParams.model_validate(spec.params), targets[chosen.place])
