"""Batch scripts: asked for here, rendered by the service that looks at resources, answered into the registry."""

from datetime import datetime

from api_server.auth.capabilities import Capabilities
from api_server.auth.principal import Principal
from api_server.experiments import service
from api_server.experiments.script_schemas import ScriptShown
from api_server.lifecycle.looks import look_request, new_look, state_of
from api_server.lifecycle.previewing import Submission
from api_server.problems import NotFoundError
from api_server.registry.models import ResourceLook
from api_server.registry.repositories import run_reads
from api_server.registry.repositories.looks import LookRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.failures import Failure
from howdah.contracts.ids import TaskId
from howdah.contracts.looks import BatchScript, LookKind, ScriptRequest
from howdah.contracts.params import JobSubmissionParams
from howdah.contracts.resources import ResourceTarget


def of_task(work: UnitOfWork, gateway_id: str, task_id: str) -> Submission:
    """Return the job that a task submits; NotFoundError where it submits none."""
    task = service.get_task(work, gateway_id, task_id)
    jobs = run_reads.submissions(work.session, gateway_id, task["process_id"])
    job = next((one for one in jobs if one["id"] == task_id), None)
    if job is None:
        raise NotFoundError(f"The task {task['name']!r} submits no job: there is no batch script.", slug="no-job")
    params = JobSubmissionParams.model_validate(job["params"])
    return Submission(TaskId(task_id), params, ResourceTarget.model_validate(job["target"]))


def ask(
    work: UnitOfWork, principal: Principal, wanted: Submission, capabilities: Capabilities, now: datetime
) -> ScriptShown:
    """Ask for the script of a job."""
    look = new_look(principal.gateway_id, wanted.target.resource_id, LookKind.SCRIPT, principal.subject, now)
    request = ScriptRequest(task_id=wanted.task_id, submission=wanted.params)
    look.params = request.model_dump(mode="json", exclude_defaults=True)
    LookRepository(work.session, principal.gateway_id).add(look)
    work.enqueue(look_request(look, wanted.target, capabilities, now))
    return _shown(look, now)


def find(work: UnitOfWork, gateway_id: str, look_id: str, now: datetime) -> ScriptShown:
    """Return what became of the question; NotFoundError."""
    look = LookRepository(work.session, gateway_id).find(look_id)
    if look is None or look.what != LookKind.SCRIPT.value:
        raise NotFoundError.of("batch script", look_id)
    return _shown(look, now)


def _shown(look: ResourceLook, now: datetime) -> ScriptShown:
    told = look.answer or {}
    script = BatchScript.model_validate(told["answer"]) if told.get("answer") else None
    return ScriptShown(
        id=look.id,
        resource_id=look.resource_id,
        state=state_of(look, now),
        text=script.text if script else None,
        truncated=script.truncated if script else False,
        options=list(script.options) if script else [],
        failure=Failure.model_validate(told["failure"]) if told.get("failure") else None,
    )
