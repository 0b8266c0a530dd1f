"""From requests to runs: checked against the catalogue, planned, and begun in memory. Writes nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api_server.dag.advance import begin
from api_server.dag.application import Requirements
from api_server.dag.deadlines import deadline_of
from api_server.dag.decisions import Decisions
from api_server.dag.deliveries import wanted_deliveries
from api_server.dag.inline import plan_tasks
from api_server.dag.placement import Placement
from api_server.dag.plan import ApplicationRun, check_application, plan_application
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.run import Run, RunIdentity
from api_server.lifecycle.catalogue import Catalogue
from api_server.lifecycle.held import FIRST_VERSION, HeldRun
from api_server.lifecycle.placing import Placer, variants
from api_server.lifecycle.requests import AnyRequest, ApplicationExperiment, TasksExperiment, WorkflowExperiment
from api_server.lifecycle.workflow_planning import WorkflowPlanner
from api_server.problems import FieldError, InvalidRequestError
from howdah.contracts.ids import ExperimentId, GatewayId, ProcessId, ResourceId
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.states import ExperimentState
from howdah.contracts.tasks import Dag
from howdah.runtime.tracing import child_of, current


class Planner:
    """Checks and plans a set of requests of one gateway."""

    def __init__(
        self,
        session: Session,
        gateway_id: GatewayId,
        requests: Sequence[AnyRequest],
        standings: Standings = all_is_well,
    ) -> None:
        self._gateway_id = gateway_id
        self._standings = standings
        self._catalogue = Catalogue.load(
            session,
            gateway_id,
            [
                one
                for request in requests
                for one in (variants(request) if isinstance(request, ApplicationExperiment) else [request])
            ],
        )
        self.workflows = WorkflowPlanner(session, gateway_id, requests)

    def check(self, request: AnyRequest, *, complete: bool) -> list[FieldProblem]:
        """Return everything that is wrong; without ``complete``, what is still missing is not."""
        if isinstance(request, WorkflowExperiment):
            return self.workflows.check(request, complete=complete)
        if isinstance(request, TasksExperiment):
            try:
                plan_tasks(request.tasks, self._catalogue.targets(), self._catalogue.types())
            except UnplannableError as error:
                return list(error.problems)
            return []
        if not request.resource_ids:
            return self._fit(request, complete=complete)[1]
        fits = [self._fit(one, complete=complete)[1] for one in variants(request)]
        return [] if not all(fits) else _of_candidates(fits)

    def place(self, request: AnyRequest, placer: Placer) -> tuple[AnyRequest, Placement | None]:
        """Return the request with a resource chosen where it leaves that open; UnplannableError when none fits."""
        if not isinstance(request, ApplicationExperiment) or not request.resource_ids:
            return request, None
        fits = [(one.place, *self._fit(one, complete=True)) for one in variants(request)]
        placement = placer.place(self._catalogue.names(), self._catalogue.targets(), fits)
        if placement is None:
            raise UnplannableError(tuple(_of_candidates([problems for _, _, problems in fits])))
        return request.model_copy(update={"resource_id": placement.resource_id, "resource_ids": ()}), placement

    def _fit(self, request: ApplicationExperiment, *, complete: bool) -> tuple[Requirements | None, list[FieldProblem]]:
        """Return what the request asks for with all defaults, and everything that is wrong."""
        application, problems = self._catalogue.application(request)
        if application is None:
            return None, problems
        _, resolved, problems = check_application(application, request.inputs, request.requirements, complete=complete)
        target = self._catalogue.targets()[request.place]
        _, undeliverable = wanted_deliveries(application, target, _asked(request), archive=request.archive)
        return resolved, [*problems, *undeliverable]

    def start(
        self, request: AnyRequest, experiment_id: str, process_id: str, before: ExperimentState, now: datetime
    ) -> tuple[HeldRun, Decisions]:
        """Return the run of ``request`` as it is launched; UnplannableError says why it can't be."""
        dag, targets = self.plan(request, ProcessId(process_id))
        identity = RunIdentity(
            gateway_id=self._gateway_id,
            experiment_id=ExperimentId(experiment_id),
            process_id=ProcessId(process_id),
            trace=child_of(current()),
            targets=targets,
            deadline_at=deadline_of(now, request.deadline_seconds),
        )
        run = Run(identity, dag, experiment=before)
        return HeldRun(run, version=FIRST_VERSION, last_seq=0), begin(run, now, standings=self._standings)

    def plan(self, request: AnyRequest, process_id: ProcessId) -> tuple[Dag, dict[ResourceId, ResourceTarget]]:
        """Return the tasks of ``request`` and the resources they need; UnplannableError says why there are none."""
        if isinstance(request, WorkflowExperiment):
            return self.workflows.plan(request, process_id)
        known = self._catalogue.targets()
        if isinstance(request, TasksExperiment):
            dag = plan_tasks(request.tasks, known, self._catalogue.types())
            used = {task.resource_id for task in dag.tasks}
            return dag, {key: target for key, target in known.items() if key in used}
        application, problems = self._catalogue.application(request)
        if application is None:
            raise UnplannableError(tuple(problems))
        target = known[request.place]
        dag = plan_application(
            ApplicationRun(
                gateway_id=self._gateway_id,
                process_id=process_id,
                target=target,
                application=application,
                inputs=request.inputs,
                requirements=request.requirements,
                work_directory=request.work_directory,
                archive=request.archive,
                deliveries=_asked(request),
            )
        )
        return dag, {request.place: target}


def _asked(request: ApplicationExperiment) -> tuple[tuple[str, str], ...]:
    return tuple((one.output, one.to) for one in request.deliveries)


def _of_candidates(fits: Sequence[Sequence[FieldProblem]]) -> list[FieldProblem]:
    """Return what is wrong with all candidates once, and what with single ones at their place."""
    common = [problem for problem in fits[0] if all(problem in others for others in fits)]
    single = [
        problem.within(f"resource_ids.{index}")
        for index, problems in enumerate(fits)
        for problem in problems
        if problem not in common
    ]
    return [*common, *single]


def refuse(problems: Sequence[FieldProblem]) -> None:
    """Raise InvalidRequestError when there is a problem."""
    if problems:
        raise InvalidRequestError(
            errors=[FieldError(problem.field, problem.message, _shown(problem.got)) for problem in problems]
        )


def _shown(got: object) -> str | None:
    return None if got is None else str(got)[:200]
