"""In which order documents are applied: what is referred to first, whatever their order in the file."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from howdah.client.catalogue.documents import WorkflowDocument
from howdah.client.catalogue.errors import DocumentsError
from howdah.client.catalogue.reading import Document
from howdah.contracts.workflows import WorkflowNode


def in_order(documents: Sequence[Document]) -> list[Document]:
    """Return the documents by their kinds, a workflow after those that are its nodes.

    Raises:
        DocumentsError: workflows are nodes of each other.
    """
    workflows = {one.body.name: one for one in documents if isinstance(one.body, WorkflowDocument)}
    others = [one for one in documents if not isinstance(one.body, WorkflowDocument)]
    inner = {name: [used for used in _used(one) if used in workflows] for name, one in workflows.items()}
    try:
        names = list(TopologicalSorter(inner).static_order())
    except CycleError as error:
        circle = error.args[1]
        message = f"workflows are nodes of each other: {' in '.join(circle)}"
        raise DocumentsError([workflows[circle[0]].error("nodes", message)]) from None
    return sorted([*others, *(workflows[name] for name in names)], key=lambda one: one.body.PRECEDENCE)


def _used(document: Document) -> list[str]:
    nodes = document.body.nodes.values() if isinstance(document.body, WorkflowDocument) else ()
    return [node.workflow for node in nodes if isinstance(node, WorkflowNode)]
