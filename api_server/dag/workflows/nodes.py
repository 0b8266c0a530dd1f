"""The tasks of one node of a workflow: of a task, an application, a choice or an approval."""

from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from api_server.dag.application import Requirements, WorkDirectory
from api_server.dag.late import Late, is_late
from api_server.dag.plan import ApplicationRun, plan_application
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.signals import FOR_EVER_SECONDS
from api_server.dag.terms import terms
from api_server.dag.workflows.node_checks import against_schema
from api_server.dag.workflows.parameters import resource_trouble
from api_server.dag.workflows.scope import NothingThereError
from api_server.dag.workflows.sites import Site
from api_server.dag.workflows.surroundings import KnownResource, Surroundings, port_type_of
from howdah.contracts import params
from howdah.contracts.flow import CHOICE, JOIN, SIGNAL, FailureMeans, Flow, OutputRef, SignalParams
from howdah.contracts.ids import GatewayId, ProcessId, TaskId, new_id
from howdah.contracts.task_types import PortType
from howdah.contracts.tasks import TaskSpec, Trigger
from howdah.contracts.workflows import ALWAYS, ApplicationNode, ApprovalNode, ChoiceNode, Condition, TaskNode
from howdah.contracts.wrong_fields import wrong_fields

_APPLICATION_FIELDS: Final = {"resource_id": "resource", "interface_id": "application"}


@dataclass(slots=True)
class NodePlans:
    """Collects the tasks of a run, node by node. Every method returns the task by which its node is left."""

    around: Surroundings
    gateway_id: GatewayId
    process_id: ProcessId
    late: Late
    tasks: list[TaskSpec] = field(default_factory=list)

    def add(self, name: str, task_type: str, given: dict[str, Any], **fields: Any) -> TaskId:  # noqa: ANN401 - of TaskSpec
        """Add a task; what of its parameters is known only later becomes bindings."""
        told, bindings = self.late.bound(given)
        spec: dict[str, Any] = {"task_id": TaskId(new_id()), "trigger": Trigger.ALL_DONE}
        task = TaskSpec(**(spec | {"name": name, "type": task_type, "params": told, "bindings": bindings} | fields))
        self.tasks.append(task)
        return task.task_id

    # ------------------------------------------------------------ tasks

    def task(self, node: TaskNode, site: Site) -> TaskId:
        """Plan a task; one that calls back is left by the signal that waits for that."""
        if node.callback is None:
            task_id = TaskId(new_id())
            return self._task(node, site, site.name, task_id, **site.last(task_id))
        end = TaskId(new_id())
        part = {"parent": end, "failure_means": FailureMeans.PARENT, "callback": True}
        start = self._task(node, site, f"{site.name}/start", TaskId(new_id()), **part)
        asked = SignalParams(choices=node.callback.branches)
        flow = Flow(routes={start: (ALWAYS,)}, **site.last(start))
        deadline = min(node.callback.deadline_seconds, FOR_EVER_SECONDS)
        told = asked.model_dump(mode="json")
        alone = {"task_id": end, "depends_on": (start,), "flow": flow, "deadline_seconds": deadline}
        return self.add(site.name, SIGNAL, told, **alone)

    def _task(self, node: TaskNode, site: Site, name: str, task_id: TaskId, **flow: Any) -> TaskId:  # noqa: ANN401 - of Flow
        known = self.around.type_of(node.type)
        if known is None:
            raise UnplannableError((FieldProblem(f"{site.field}.type", "is registered no more", node.type),))
        resource = None if node.resource is None else self._resource(node.resource, site)
        given = {name: self._resolved(value, site, f"inputs.{name}") for name, value in node.inputs.items()}
        told, bindings = self.late.bound(dict(given))
        if problems := list(against_schema(known, told, bindings)):
            raise UnplannableError(tuple(problem.within(site.field) for problem in problems))
        target = resource.target if resource is not None else None
        deadline_seconds, retry, lane = terms(known, target, node.retry, node.deadline_seconds)
        return self.add(
            name,
            node.type,
            given,
            task_id=task_id,
            resource_id=None if resource is None else resource.id,
            deadline_seconds=deadline_seconds,
            retry=retry,
            lane=node.lane or lane,
            **site.first(**flow),
        )

    # ------------------------------------------------------------ applications

    def application(self, node: ApplicationNode, site: Site) -> TaskId:
        """Plan a run of an application; the join that ends it gives the outputs' URIs."""
        tasks = self._application_tasks(node, site)
        end, first = TaskId(new_id()), tasks[0].task_id
        part = {"parent": end, "failure_means": FailureMeans.PARENT}
        for task in tasks:
            self._add_part(node, site, task, first, part)
        known = self.around.applications[node.application].interface
        staged = {task.params["name"]: task for task in tasks if task.type == params.OUTPUT_STAGING}
        outputs: dict[str, JsonValue] = {}
        for item in known.outputs:
            output = "files" if port_type_of(item) is PortType.ARRAY else "uri"
            ref = OutputRef(task_id=staged[item.name].task_id, output=output, optional=not item.required)
            outputs[item.name] = self.late.mark(ref)
        flow = Flow(routes={first: (ALWAYS,)}, **site.last(first))
        needed = tuple(task.task_id for task in tasks)
        return self.add(site.name, JOIN, {"outputs": outputs}, task_id=end, depends_on=needed, flow=flow)

    def _application_tasks(self, node: ApplicationNode, site: Site) -> tuple[TaskSpec, ...]:
        resource = self._resource(node.resource, site)
        known = self.around.applications.get(node.application)
        application = None if known is None else self.around.application_on(known, resource.id)
        if application is None or resource.target is None:
            text = f"the application is not deployed on {resource.name}; deploy it there, or choose another resource"
            raise UnplannableError((FieldProblem(f"{site.field}.resource", text, node.resource),))
        try:
            return plan_application(
                ApplicationRun(
                    gateway_id=self.gateway_id,
                    process_id=self.process_id,
                    target=resource.target,
                    application=application,
                    inputs={name: self._resolved(one, site, f"inputs.{name}") for name, one in node.inputs.items()},
                    requirements=self._requirements(node, site),
                    work_directory=WorkDirectory(node.work_directory),
                    archive=node.archive,
                    place=site.place,
                )
            ).tasks
        except UnplannableError as error:
            problems = tuple(
                FieldProblem(f"{site.field}.{_APPLICATION_FIELDS.get(one.field, one.field)}", one.message, one.got)
                for one in error.problems
            )
            raise UnplannableError(problems) from None

    def _requirements(self, node: ApplicationNode, site: Site) -> Requirements:
        given = {name: self._known(value, site, f"requirements.{name}") for name, value in node.requirements.items()}
        try:
            return Requirements.model_validate(given)
        except ValidationError as error:
            problems = tuple(
                FieldProblem(f"{site.field}.requirements.{wrong.field}", wrong.message) for wrong in wrong_fields(error)
            )
            raise UnplannableError(problems) from None

    def _add_part(self, node: ApplicationNode, site: Site, task: TaskSpec, first: TaskId, part: dict[str, Any]) -> None:
        told, bindings = self.late.bound(task.params)
        changed: dict[str, Any] = {"name": f"{site.name}/{task.name}", "flow": Flow(**part)}
        if task.task_id == first:
            changed |= site.first(**part)
        elif task.trigger in {Trigger.ALL_DONE, Trigger.ANY_FAILED}:
            # What tidies up after anything tidies up after nothing where the node was left out.
            changed |= {"depends_on": (first, *task.depends_on), "flow": Flow(routes={first: (ALWAYS,)}, **part)}
        if task.type == params.OUTPUT_STAGING:
            told = {**told, "name": f"{site.place.replace('/', '.')}.{task.params['name']}"}
        if node.retry is not None and task.type != params.JOB_MONITORING:
            changed["retry"] = node.retry
        changed |= {"params": told, "bindings": {**task.bindings, **bindings}}
        self.tasks.append(task.model_copy(update=changed))

    # ------------------------------------------------------------ decisions

    def choice(self, node: ChoiceNode, site: Site) -> TaskId:
        """Plan a choice."""
        branches = [{"port": port, "when": self.condition(when, site.scope)} for port, when in node.branches.items()]
        given = {"branches": branches, "otherwise": node.otherwise}
        task_id = TaskId(new_id())
        return self.add(site.name, CHOICE, given, task_id=task_id, **site.first(**site.last(task_id)))

    def approval(self, node: ApprovalNode, site: Site) -> TaskId:
        """Plan an approval."""
        asked = SignalParams(choices=node.choices, by=node.by, on_deadline=node.on_deadline)
        given = asked.model_dump(mode="json") | {"message": self._resolved(node.message, site, "message")}
        deadline = min(node.deadline_seconds or FOR_EVER_SECONDS, FOR_EVER_SECONDS)
        task_id = TaskId(new_id())
        first = site.first(**site.last(task_id))
        return self.add(site.name, SIGNAL, given, task_id=task_id, deadline_seconds=deadline, **first)

    def condition(self, condition: Condition, scope: Any) -> dict[str, Any]:  # noqa: ANN401 - Scope
        """Return a condition with its references replaced."""
        written = condition.model_dump(mode="json", exclude_unset=True, by_alias=True)
        found: dict[str, Any] = scope.resolved(written)
        return found

    # ------------------------------------------------------------ values

    def _resolved(self, value: JsonValue, site: Site, where: str) -> JsonValue:
        try:
            return site.scope.resolved(value)
        except NothingThereError as error:
            raise UnplannableError((FieldProblem(f"{site.field}.{where}", str(error), value),)) from None

    def _known(self, value: JsonValue, site: Site, where: str) -> JsonValue:
        found = self._resolved(value, site, where)
        if is_late(found):
            text = "must be known when the run is launched: give a value, or refer to a parameter"
            raise UnplannableError((FieldProblem(f"{site.field}.{where}", text, value),))
        return found

    def _resource(self, name: str, site: Site) -> KnownResource:
        found = self._known(name, site, "resource")
        trouble = resource_trouble(found, self.around) if isinstance(found, str) else "must be the name of a resource"
        if trouble is not None:
            raise UnplannableError((FieldProblem(f"{site.field}.resource", trouble, found),))
        return self.around.resources[str(found)]
