"""The request of an experiment with some of it changed. Pure."""

from api_server.dag.problems import FieldProblem
from api_server.lifecycle.planning import refuse
from api_server.lifecycle.requests import AnyRequest, Changes, TasksExperiment, WorkflowExperiment


def changed_request(request: AnyRequest, changes: Changes) -> AnyRequest:
    """Return ``request`` with ``changes``; InvalidRequestError where it has no such part."""
    notes = request.description if changes.description is None else changes.description
    terms = {"priority": changes.priority, "deadline_seconds": changes.deadline_seconds}
    taken_away = {"deadline_seconds"} & changes.model_fields_set
    named = {"name": changes.name or request.name, "description": notes, "launch": changes.launch}
    named |= {name: value for name, value in terms.items() if value is not None or name in taken_away}
    if isinstance(request, TasksExperiment):
        given = changes.model_fields_set - {"name", "description", "launch", *terms}
        text = "an experiment of tasks has none; it is relaunched as it is, or made anew with other tasks"
        refuse([FieldProblem(name, text) for name in sorted(given)])
        return request.model_copy(update=named)
    if isinstance(request, WorkflowExperiment):
        given = changes.model_fields_set - {"name", "launch", "inputs"}
        text = "a workflow's run has none; give its parameters as inputs"
        refuse([FieldProblem(name, text) for name in sorted(given)])
        told = {**request.parameters, **changes.inputs}
        kept = {name: value for name, value in told.items() if value is not None}
        return request.model_copy(update={**named, "parameters": kept})
    inputs = {name: value for name, value in {**request.inputs, **changes.inputs}.items() if value is not None}
    requirements = request.requirements.model_copy(update=changes.requirements.model_dump(exclude_unset=True))
    places = {
        "resource_id": changes.resource_id,
        "work_directory": changes.work_directory,
        "deliveries": changes.deliveries,
    }
    chosen: dict[str, object] = {name: value for name, value in places.items() if value is not None}
    if changes.resource_id is not None:
        chosen["resource_ids"] = ()
    elif changes.resource_ids:
        chosen |= {"resource_id": None, "resource_ids": changes.resource_ids}
    return request.model_copy(update={**named, **chosen, "inputs": inputs, "requirements": requirements})
