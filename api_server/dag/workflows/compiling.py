"""From a workflow definition and its parameters to the tasks of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Final, assert_never

from pydantic import JsonValue, ValidationError

from api_server.dag.expansion import place_of
from api_server.dag.late import Late, is_mark
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.workflows.checking import check_definition, failure_leads_on, needed_nodes
from api_server.dag.workflows.nodes import NodePlans
from api_server.dag.workflows.parameters import check_parameters
from api_server.dag.workflows.ports import good_ports, outputs_of
from api_server.dag.workflows.scope import Scope
from api_server.dag.workflows.sites import Entry, Site
from api_server.dag.workflows.surroundings import Surroundings
from howdah.contracts.flow import (
    FAN_IN,
    FAN_OUT,
    JOIN,
    FailureMeans,
    FanInParams,
    FanOutParams,
    Flow,
    Guard,
    OutputRef,
    Slot,
)
from howdah.contracts.ids import GatewayId, ProcessId, TaskId, new_id
from howdah.contracts.references import Source, references_in
from howdah.contracts.tasks import MAX_TASKS, Dag, TaskSpec
from howdah.contracts.workflows import (
    ALWAYS,
    SUCCESS,
    AnyNode,
    ApplicationNode,
    ApprovalNode,
    ChoiceNode,
    FanOut,
    Join,
    TaskNode,
    WorkflowDefinition,
    WorkflowNode,
    values_of,
)
from howdah.contracts.wrong_fields import first_wrong

OUTPUTS: Final = "@outputs"
"""The task that gives what the whole run gives; no node has such a name."""
_MOST_PROBLEMS: Final = 50


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """What one run is made of."""

    gateway_id: GatewayId
    process_id: ProcessId
    definition: WorkflowDefinition
    parameters: Mapping[str, JsonValue]
    around: Surroundings


def plan_workflow(run: WorkflowRun) -> Dag:
    """Return the DAG of a run; UnplannableError names every wrong field."""
    values, problems = check_parameters(run.definition.parameters, run.parameters, run.around)
    if problems := [*check_definition(run.definition, run.around), *problems]:
        raise UnplannableError(tuple(problems))
    late = Late()
    plan = _Plan(run.around, run.gateway_id, run.process_id, late)
    scope = Scope(late, values)
    plan.definition(run.definition, scope, _Whereabouts())
    if run.definition.outputs:
        given = {name: plan.optional(value, scope) for name, value in run.definition.outputs.items()}
        plan.add(OUTPUTS, JOIN, {"outputs": given}, depends_on=tuple(scope.ends.values()))
    if len(plan.tasks) > MAX_TASKS:
        text = f"the run would have {len(plan.tasks)} tasks; {MAX_TASKS} are the most"
        raise UnplannableError((FieldProblem("", text),))
    try:
        return Dag(tasks=tuple(plan.tasks))
    except ValidationError as error:
        raise UnplannableError((FieldProblem("nodes", first_wrong(error).message),)) from None


@dataclass(frozen=True, slots=True)
class _Whereabouts:
    """Where a definition is planned: as the run itself, or inside another one."""

    name: str = ""
    place: str = ""
    field: str = "nodes"
    gate: TaskId | None = None
    parent: TaskId | None = None


class _Plan(NodePlans):
    """Adds what has others inside: definitions, workflows in workflows, fan-outs."""

    def definition(self, definition: WorkflowDefinition, scope: Scope, at: _Whereabouts) -> None:
        """Plan all nodes; ``scope.ends`` says afterwards by which tasks they are left."""
        order = TopologicalSorter({name: needed_nodes(node) for name, node in definition.nodes.items()}).static_order()
        handled = failure_leads_on(definition)
        problems: list[FieldProblem] = []
        for name in order:
            node = definition.nodes[name]
            of_parent = FailureMeans.RUN if at.parent is None else FailureMeans.PARENT
            try:
                site = Site(
                    name=f"{at.name}{name}",
                    place=f"{at.place}{name}",
                    field=f"{at.field}.{name}",
                    scope=scope,
                    entry=self._entry(definition, node, scope, at.gate),
                    parent=at.parent,
                    means=FailureMeans.BRANCH if handled[name] else of_parent,
                )
                scope.ends[name] = self._node(node, site)
            except UnplannableError as error:
                problems += error.problems
                scope.ends[name] = TaskId(new_id())
        if problems:
            raise UnplannableError(tuple(problems[:_MOST_PROBLEMS]))

    def optional(self, value: JsonValue, scope: Scope) -> JsonValue:
        """Return a value that is null where a node gave nothing."""
        found = scope.resolved(value)
        return self.late.made_optional(found)

    # ------------------------------------------------------------ how a node is reached

    def _entry(self, definition: WorkflowDefinition, node: AnyNode, scope: Scope, gate: TaskId | None) -> Entry:
        routes: dict[TaskId, tuple[str, ...]] = {}
        for edge in node.after:
            task_id = scope.ends[edge.node]
            routes[task_id] = (*routes.get(task_id, ()), edge.port)
        ended: dict[TaskId, None] = {}
        for _, value in values_of(node):
            for reference in references_in(value):
                if reference.source not in {Source.OUTPUT, Source.FAILURE}:
                    continue
                task_id = scope.ends[reference.name]
                ended[task_id] = None
                if reference.source is Source.OUTPUT and not reference.optional and node.join is Join.ALL:
                    ports = good_ports(definition.nodes[reference.name], self.around)
                    routes.setdefault(task_id, (SUCCESS,) if SUCCESS in ports else ports)
        if gate is not None and not routes:
            routes[gate] = (ALWAYS,)
        guard = None if _is_of_items(node) else self._guard(node, scope)
        return Entry(tuple(dict.fromkeys((*routes, *ended))), routes, node.join, guard)

    def _guard(self, node: AnyNode, scope: Scope) -> Guard | None:
        if node.when is None:
            return None
        condition, bindings = self.late.bound(self.condition(node.when, scope))
        return Guard(condition=condition, bindings=bindings)

    # ------------------------------------------------------------ nodes

    def _node(self, node: AnyNode, site: Site) -> TaskId:
        if isinstance(node, ChoiceNode | ApprovalNode) or node.for_each is None:
            return self._single(node, site)
        return self._fan_out(node, node.for_each, site)

    def _single(self, node: AnyNode, site: Site) -> TaskId:
        match node:
            case TaskNode():
                return self.task(node, site)
            case ApplicationNode():
                return self.application(node, site)
            case WorkflowNode():
                return self._workflow(node, site)
            case ChoiceNode():
                return self.choice(node, site)
            case ApprovalNode():
                return self.approval(node, site)
            case _:
                assert_never(node)

    def _workflow(self, node: WorkflowNode, site: Site) -> TaskId:
        inner = self.around.workflows[node.workflow, node.version].definition
        given = {name: self._resolved(value, site, f"inputs.{name}") for name, value in node.inputs.items()}
        values, problems = check_parameters(inner.parameters, given, self.around, field=f"{site.field}.inputs")
        if problems:
            raise UnplannableError(tuple(problems))
        end = TaskId(new_id())
        gate_flow = site.first(parent=end, failure_means=FailureMeans.PARENT)
        gate = self.add(f"{site.name}/begin", JOIN, {}, **gate_flow)
        scope = Scope(self.late, values)
        inside = _Whereabouts(f"{site.name}/", f"{site.place}/", f"{site.field}.nodes", gate, end)
        self.definition(inner, scope, inside)
        outputs = {name: self.optional(value, scope) for name, value in inner.outputs.items()}
        flow = Flow(routes={gate: (ALWAYS,)}, **site.last(gate))
        needed = (gate, *scope.ends.values())
        return self.add(site.name, JOIN, {"outputs": outputs}, task_id=end, depends_on=needed, flow=flow)

    # ------------------------------------------------------------ fan-outs

    def _fan_out(self, node: TaskNode | ApplicationNode | WorkflowNode, each: FanOut, site: Site) -> TaskId:
        fan_out, fan_in = TaskId(new_id()), TaskId(new_id())
        slot = Slot(pool=fan_out, limit=each.concurrency) if each.concurrency else None
        inside = {"parent": fan_in, "means": FailureMeans.PARENT, "slot": slot}
        over = self._resolved(each.over, site, "for_each.over")
        params = FanOutParams(fan_in=fan_in)
        ends: list[TaskId] = []
        if isinstance(over, list):
            for index, item in enumerate(over):
                scope = site.scope.of_item(item, index)
                one = site.item(str(index), scope, entry=self._entry_of_item(node, fan_out, scope), **inside)
                ends.append(self._single(node, one))
        elif isinstance(over, str) and is_mark(over):
            its = [self.late.mark(OutputRef(task_id=fan_out, output=name)) for name in ("item", "index")]
            scope = site.scope.of_item(*its)
            apart = _Plan(self.around, self.gateway_id, self.process_id, self.late)
            entry = apart._entry_of_item(node, fan_out, scope)
            end = apart._single(node, site.item(place_of(fan_out), scope, entry=entry, **inside))
            body = tuple(_made_by(fan_out, task).model_dump(mode="json") for task in apart.tasks)
            params = FanOutParams(items=over, body=body, end=end, fan_in=fan_in)
        else:
            text = "is done once for each item of a list, and this is none"
            raise UnplannableError((FieldProblem(f"{site.field}.for_each.over", text, over),))
        first = site.first(parent=fan_in, failure_means=FailureMeans.PARENT)
        first["flow"] = first["flow"].model_copy(update={"slot": None})
        self.add(f"{site.name}[]", FAN_OUT, params.model_dump(mode="json"), task_id=fan_out, **first)
        return self._fan_in(node, each, site, (fan_out, fan_in, ends))

    def _entry_of_item(self, node: AnyNode, fan_out: TaskId, scope: Scope) -> Entry:
        return Entry.after(fan_out, self._guard(node, scope) if _is_of_items(node) else None)

    def _fan_in(
        self,
        node: TaskNode | ApplicationNode | WorkflowNode,
        each: FanOut,
        site: Site,
        ids: tuple[TaskId, TaskId, list[TaskId]],
    ) -> TaskId:
        fan_out, fan_in, ends = ids
        declared = outputs_of(node.model_copy(update={"for_each": None}), self.around)
        gathers = FanInParams(outputs=tuple(declared or ()), max_failed=each.max_failed)
        flow = Flow(routes={fan_out: (ALWAYS,)}, **site.last(fan_out))
        told = gathers.model_dump(mode="json")
        return self.add(site.name, FAN_IN, told, task_id=fan_in, depends_on=(fan_out, *ends), flow=flow)


def _made_by(fan_out: TaskId, task: TaskSpec) -> TaskSpec:
    return task.model_copy(update={"flow": task.way.model_copy(update={"made_by": fan_out})})


def _is_of_items(node: AnyNode) -> bool:
    """Tell whether the condition of a fan-out is one of its items, not of all of it."""
    if node.when is None:
        return False
    written = node.when.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return any(one.source in {Source.ITEM, Source.INDEX} for one in references_in(written))
