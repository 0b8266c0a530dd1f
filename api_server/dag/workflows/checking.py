"""What is wrong with a workflow definition, all of it at once, each with its place and what would be right."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from pydantic import JsonValue

from api_server.dag.problems import FieldProblem
from api_server.dag.workflows.node_checks import check_node
from api_server.dag.workflows.parameters import trouble_with
from api_server.dag.workflows.ports import out_ports, outputs_of
from api_server.dag.workflows.surroundings import Surroundings, known_names
from howdah.contracts.references import NoReferenceError, Reference, Source, parts_of, texts_in
from howdah.contracts.workflows import (
    ALWAYS,
    FAILURE,
    AnyNode,
    ApprovalNode,
    ChoiceNode,
    Join,
    WorkflowDefinition,
    WorkflowNode,
    values_of,
)

MAX_DEPTH = 10


def check_definition(definition: WorkflowDefinition, around: Surroundings) -> list[FieldProblem]:
    """Return every problem; nothing when a run of it can be planned, given its parameters."""
    return [
        *_of_parameters(definition, around),
        *_of_nodes(definition, around),
        *_of_outputs(definition, around),
        *_of_cycles(definition),
        *_of_nesting(definition, around, (definition.name,), ""),
    ]


def needed_nodes(node: AnyNode) -> Iterator[str]:
    """Yield the nodes that must have ended before this one begins, those that do not exist among them."""
    yield from (edge.node for edge in node.after)
    for _, value in values_of(node):
        for _, text in texts_in(value):
            yield from (one.name for one in references(text) if one.source in {Source.OUTPUT, Source.FAILURE})


def references(text: str) -> list[Reference]:
    """Return the references in a text, none where one of them is wrong."""
    try:
        return [part for part in parts_of(text) if isinstance(part, Reference)] if "${" in text else []
    except NoReferenceError:
        return []


def _of_parameters(definition: WorkflowDefinition, around: Surroundings) -> Iterator[FieldProblem]:
    for name, parameter in definition.parameters.items():
        if parameter.has_default and parameter.default is not None:
            for text in trouble_with(parameter, parameter.default, around):
                yield FieldProblem(f"parameters.{name}.default", text, parameter.default)


def _of_nodes(definition: WorkflowDefinition, around: Surroundings) -> Iterator[FieldProblem]:
    for name, node in definition.nodes.items():
        problems = [*_edges(definition, around, name, node), *_joined(node)]
        for place, value in values_of(node):
            in_item = place != ("for_each", "over") and _is_repeated(node)
            found = _texts(definition, around, value, in_item=in_item, within=name)
            problems += [problem.within(".".join(place)) for problem in found]
        problems += _contradictions(definition, node)
        if not problems:
            problems += check_node(definition, node, around)
        for problem in problems:
            yield problem.within(f"nodes.{name}")


def _is_repeated(node: AnyNode) -> bool:
    return not isinstance(node, ChoiceNode | ApprovalNode) and node.for_each is not None


def _edges(definition: WorkflowDefinition, around: Surroundings, name: str, node: AnyNode) -> Iterator[FieldProblem]:
    for index, edge in enumerate(node.after):
        if edge.node == name:
            yield FieldProblem(f"after.{index}.node", "a node can't come after itself", edge.node)
            continue
        earlier = definition.nodes.get(edge.node)
        if earlier is None:
            text = f"there is no node of this name; there are {known_names(definition.nodes)}"
            yield FieldProblem(f"after.{index}.node", text, edge.node)
            continue
        ports = (*out_ports(earlier, around), ALWAYS)
        if edge.port not in ports:
            text = f"{edge.node!r} has no out-port {edge.port!r}; it has {', '.join(ports)}"
            yield FieldProblem(f"after.{index}.port", text, edge.port)


def _joined(node: AnyNode) -> Iterator[FieldProblem]:
    if node.join is Join.ANY and not node.after:
        yield FieldProblem("join", "'any' chooses among the edges in 'after', and there are none; leave it out", "any")


def _contradictions(definition: WorkflowDefinition, node: AnyNode) -> Iterator[FieldProblem]:
    """Yield a problem for outputs of a node that is waited for to have failed."""
    for place, value in values_of(node):
        for inner, text in texts_in(value):
            for one in references(text):
                earlier = definition.nodes.get(one.name)
                ports = {edge.port for edge in node.after if edge.node == one.name}
                if one.source is not Source.OUTPUT or one.optional or earlier is None or not ports:
                    continue
                if node.join is Join.ALL and ports == {FAILURE}:
                    message = f"{one.name!r} gives no outputs when it leaves by {FAILURE}"
                    yield FieldProblem(".".join(map(str, (*place, *inner))), f"{message}; write {_asked(one)}", text)


def _asked(reference: Reference) -> str:
    return f"{str(reference)[:-1]}?}} for null where there is nothing"


def _texts(
    definition: WorkflowDefinition, around: Surroundings, value: JsonValue, *, in_item: bool, within: str
) -> Iterator[FieldProblem]:
    for place, text in texts_in(value):
        where = ".".join(map(str, place))
        if "${" not in text:
            continue
        try:
            parts = parts_of(text)
        except NoReferenceError as error:
            yield FieldProblem(where, str(error), text)
            continue
        for part in parts:
            if isinstance(part, Reference):
                trouble = _trouble(definition, around, part, in_item=in_item, within=within)
                if trouble is not None:
                    yield FieldProblem(where, trouble, text)


def _trouble(
    definition: WorkflowDefinition, around: Surroundings, reference: Reference, *, in_item: bool, within: str
) -> str | None:
    match reference.source:
        case Source.PARAMETER:
            if reference.name not in definition.parameters:
                return f"there is no parameter {reference.name!r}; there are {known_names(definition.parameters)}"
        case Source.ITEM | Source.INDEX:
            if not in_item:
                return f"{reference} means something only in a node with for_each"
        case Source.OUTPUT | Source.FAILURE:
            return _trouble_with_node(definition, around, reference, within)
    return None


def _trouble_with_node(
    definition: WorkflowDefinition, around: Surroundings, reference: Reference, within: str
) -> str | None:
    node = definition.nodes.get(reference.name)
    if node is None:
        return f"there is no node {reference.name!r}; there are {known_names(definition.nodes)}"
    if reference.name == within:
        return "a node can't need what it gives itself"
    outputs = outputs_of(node, around)
    if reference.source is Source.FAILURE or outputs is None:
        return None
    if reference.path not in outputs and reference.path.partition(".")[0] not in outputs:
        port = reference.path.partition(".")[0]
        return f"{reference.name!r} gives no output {port!r}; it gives {known_names(outputs)}"
    return None


def _of_outputs(definition: WorkflowDefinition, around: Surroundings) -> Iterator[FieldProblem]:
    for name, value in definition.outputs.items():
        for problem in _texts(definition, around, value, in_item=False, within=""):
            yield problem.within(f"outputs.{name}")


def _of_cycles(definition: WorkflowDefinition) -> Iterator[FieldProblem]:
    graph = {
        name: {one for one in needed_nodes(node) if one in definition.nodes and one != name}
        for name, node in definition.nodes.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        path = " → ".join(circle)
        text = f"nodes wait for each other in a circle: {path}; take one of these edges or references away"
        yield FieldProblem(f"nodes.{circle[1]}.after", text)


def _of_nesting(
    definition: WorkflowDefinition, around: Surroundings, names: tuple[str, ...], prefix: str
) -> Iterator[FieldProblem]:
    """Follow workflows in workflows: none may contain itself."""
    for name, node in definition.nodes.items():
        if not isinstance(node, WorkflowNode):
            continue
        place = prefix or f"nodes.{name}.workflow"
        if node.workflow in names:
            path = " → ".join((*names, node.workflow))
            yield FieldProblem(place, f"a workflow can't contain itself: {path}", node.workflow)
        elif len(names) >= MAX_DEPTH:
            yield FieldProblem(place, f"workflows are nested more than {MAX_DEPTH} deep", node.workflow)
        elif (inner := around.workflows.get((node.workflow, node.version))) is not None:
            yield from _of_nesting(inner.definition, around, (*names, node.workflow), place)


def failure_leads_on(definition: WorkflowDefinition) -> Mapping[str, bool]:
    """Return for each node whether another goes on from its failure, so that the run need not fail for it."""
    handled = {edge.node for node in definition.nodes.values() for edge in node.after if edge.port in {FAILURE, ALWAYS}}
    return {name: name in handled for name in definition.nodes}
