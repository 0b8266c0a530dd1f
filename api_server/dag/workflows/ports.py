"""The ports of a node: by which it can be left, what outputs it has, of which types."""

from collections.abc import Mapping

from api_server.dag.workflows.surroundings import Surroundings, port_type_of
from howdah.contracts.task_types import PortType
from howdah.contracts.workflows import (
    FAILURE,
    SUCCESS,
    AnyNode,
    ApplicationNode,
    ApprovalNode,
    ChoiceNode,
    TaskNode,
    WorkflowNode,
)


def out_ports(node: AnyNode, around: Surroundings) -> tuple[str, ...]:
    """Return the ports by which a node can be left."""
    match node:
        case ChoiceNode():
            return (*dict.fromkeys((*node.branches, node.otherwise)), FAILURE)
        case ApprovalNode():
            late = (node.on_deadline,) if node.on_deadline else ()
            return (*dict.fromkeys((*node.choices, *late)), FAILURE)
        case TaskNode(for_each=None):
            known = around.type_of(node.type)
            declared = node.callback.branches if node.callback else known.description.branches if known else ()
            return (SUCCESS, *declared, FAILURE)
        case _:
            return (SUCCESS, FAILURE)


def good_ports(node: AnyNode, around: Surroundings) -> tuple[str, ...]:
    """Return the ports by which a node is left that has given its outputs."""
    return tuple(port for port in out_ports(node, around) if port != FAILURE)


def outputs_of(node: AnyNode, around: Surroundings) -> Mapping[str, PortType] | None:
    """Return the outputs of a node with their types; None where they are not declared, so that any may be meant."""
    single = outputs_of_item(node, around)
    if isinstance(node, ChoiceNode | ApprovalNode) or node.for_each is None:
        return single
    gathered = {"count": PortType.INTEGER, "failed": PortType.INTEGER}
    return None if single is None else {**dict.fromkeys(single, PortType.ARRAY), **gathered}


def outputs_of_item(node: AnyNode, around: Surroundings) -> Mapping[str, PortType] | None:
    """Return the outputs of a node that is done once, or of one item where it is fanned out; None as above."""
    match node:
        case ChoiceNode():
            return {"branch": PortType.STRING}
        case ApprovalNode():
            told = {"choice": PortType.STRING, "by": PortType.STRING, "comment": PortType.STRING}
            return {**told, "in_time": PortType.BOOLEAN, "data": PortType.ANY}
        case TaskNode():
            return _of_task(node, around)
        case ApplicationNode():
            application = around.applications.get(node.application)
            if application is None:
                return None
            return {item.name: port_type_of(item) for item in application.interface.outputs}
        case WorkflowNode():
            inner = around.workflows.get((node.workflow, node.version))
            return None if inner is None else dict.fromkeys(inner.definition.outputs, PortType.ANY)


def _of_task(node: TaskNode, around: Surroundings) -> Mapping[str, PortType] | None:
    known = around.type_of(node.type)
    ports = node.callback.outputs if node.callback else known.description.outputs if known else ()
    return {port.name: port.type for port in ports} or None
