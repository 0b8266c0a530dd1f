"""Requests to run a workflow: which version is meant, what is wrong, the tasks of the run. Writes nothing."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api_server.dag.expansion import resources_of
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.workflows.checking import check_definition
from api_server.dag.workflows.compiling import WorkflowRun, plan_workflow
from api_server.dag.workflows.parameters import check_parameters
from api_server.dag.workflows.surroundings import KnownWorkflow, Surroundings
from api_server.lifecycle.requests import AnyRequest, WorkflowExperiment
from api_server.lifecycle.surroundings import surroundings_of_runs
from howdah.contracts.ids import GatewayId, ProcessId, ResourceId, new_id
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.tasks import Dag
from howdah.contracts.workflows import WorkflowDefinition


class WorkflowPlanner:
    """Plans those of a gateway's requests that run workflows, with a handful of queries for all of them."""

    def __init__(self, session: Session, gateway_id: GatewayId, requests: Sequence[AnyRequest]) -> None:
        runs = [request for request in requests if isinstance(request, WorkflowExperiment)]
        self._gateway_id = gateway_id
        self._around = surroundings_of_runs(session, gateway_id, runs) if runs else Surroundings()

    def version_of(self, request: AnyRequest) -> KnownWorkflow | None:
        """Return the workflow version that the request runs, if it runs one."""
        if not isinstance(request, WorkflowExperiment):
            return None
        return self._around.workflows.get((request.workflow, request.version))

    def pinned(self, request: AnyRequest) -> AnyRequest:
        """Return the request with the version that it runs from now on, whatever versions follow."""
        found = self.version_of(request)
        return request if found is None else request.model_copy(update={"version": found.version})

    def check(self, request: WorkflowExperiment, *, complete: bool) -> list[FieldProblem]:
        """Return everything that is wrong; without ``complete``, what is still missing is not."""
        try:
            definition = self._definition(request)
            if complete:
                plan_workflow(self._run(request, definition, ProcessId(new_id())))
        except UnplannableError as error:
            return list(error.problems)
        given = check_parameters(definition.parameters, request.parameters, self._around, complete=False)
        return [*check_definition(definition, self._around), *given[1]]

    def plan(self, request: WorkflowExperiment, process_id: ProcessId) -> tuple[Dag, dict[ResourceId, ResourceTarget]]:
        """Return the tasks of the run, and the resources that they use; UnplannableError."""
        dag = plan_workflow(self._run(request, self._definition(request), process_id))
        used = resources_of(dag.tasks)
        known = {one.id: one.target for one in self._around.resources.values() if one.target is not None}
        return dag, {key: target for key, target in known.items() if key in used}

    def _run(self, request: WorkflowExperiment, definition: WorkflowDefinition, process_id: ProcessId) -> WorkflowRun:
        return WorkflowRun(self._gateway_id, process_id, definition, request.parameters, self._around)

    def _definition(self, request: WorkflowExperiment) -> WorkflowDefinition:
        found = self.version_of(request)
        if found is None:
            version = f", version {request.version}," if request.version else ""
            text = f"no workflow{version} of this gateway has this name or id; see `howdah workflows list`"
            raise UnplannableError((FieldProblem("workflow", text, request.workflow),))
        return found.definition
