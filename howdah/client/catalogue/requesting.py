"""Experiment documents to requests: names become ids, local files are uploaded once each."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from howdah.client.catalogue.documents import ExperimentDocument
from howdah.client.catalogue.errors import DocumentError, DocumentsError
from howdah.client.catalogue.names import Names
from howdah.client.catalogue.reading import Document
from howdah.client.client import Client
from howdah.client.errors import FieldProblem, InvalidRequestError
from howdah.client.run_models import Experiment

_IN_BATCH: Final = re.compile(r"^experiments\.(\d{1,3})\.?(.*)$")


def experiment_requests(
    client: Client, documents: Sequence[Document], *, resource: str | None = None
) -> list[dict[str, Any]]:
    """Return a request for each document, to be given to ``client.experiments``.

    ``resource`` is taken instead of the one that the documents name. All files are looked at before the first one is
    uploaded.

    Raises:
        DocumentsError: a document is no experiment, a name is unknown, or a file can't be read.
    """
    names = Names(client)
    uploads = _Uploads(client)
    drafts = []
    errors: list[DocumentError] = []
    for document in documents:
        for step in (lambda one: drafts.append(_draft(one, names, resource)), uploads.check):
            try:
                step(document)
            except DocumentsError as error:
                errors += error.errors
    if errors:
        raise DocumentsError(errors)
    return [uploads.done(document, draft) for document, draft in zip(documents, drafts, strict=True)]


def submit_experiments(
    client: Client, documents: Sequence[Document], *, launch: bool = False, resource: str | None = None
) -> list[Experiment]:
    """Make an experiment of each document, all or none; with ``launch`` they are started at once.

    Raises:
        DocumentsError: as above, or the server refused a value; its error is told where it stands.
    """
    requests = [{**one, "launch": launch} for one in experiment_requests(client, documents, resource=resource)]
    try:
        if len(requests) == 1:
            return [client.experiments.submit(requests[0])]
        return list(client.experiments.create_batch(requests))
    except InvalidRequestError as error:
        if not error.errors:
            raise
        raise DocumentsError(_placed(documents, one) for one in error.errors) from error


def _placed(documents: Sequence[Document], problem: FieldProblem) -> DocumentError:
    """Return the server's error with the document that it is about (a batch names its index)."""
    match = _IN_BATCH.match(problem.field)
    index = int(match[1]) if match else 0
    document = documents[min(index, len(documents) - 1)]
    return document.error(match[2] if match else problem.field, problem.message)


def _draft(document: Document, names: Names, resource: str | None) -> dict[str, Any]:
    body = _experiment(document)
    request: dict[str, Any] = {"name": body.name, "description": body.description}
    terms = {"priority": body.priority, "deadline_seconds": body.deadline_seconds}
    request |= {name: value for name, value in terms.items() if value is not None}
    if body.tasks:
        return {**request, "kind": "tasks", "tasks": [_task(document, names, task, resource) for task in body.tasks]}
    if body.workflow is not None:
        return {**request, **_of_workflow(document, body, resource)}
    request |= {
        "kind": "application",
        "interface_id": names.interface_id(document, body.interface or ""),
        **_places(document, body, names, resource),
        "inputs": dict(body.inputs),
        "requirements": dict(body.requirements),
    }
    if body.deliveries:
        request["deliveries"] = [one.model_dump() for one in body.deliveries]
    return request if body.work_directory is None else {**request, "work_directory": body.work_directory}


def _of_workflow(document: Document, body: ExperimentDocument, resource: str | None) -> dict[str, Any]:
    if resource is not None:
        message = "another resource can't be named for a workflow; give it as one of its parameters"
        raise DocumentsError([document.error("workflow", message)])
    version = {} if body.version is None else {"version": body.version}
    return {"kind": "workflow", "workflow": body.workflow, **version, "parameters": dict(body.parameters)}


def _places(document: Document, body: ExperimentDocument, names: Names, resource: str | None) -> dict[str, Any]:
    """Return where it runs, or where it may run; ``resource`` is what the caller wants instead."""
    if body.resources and resource is None:
        return {"resource_ids": [names.resource_id(document, one, "resources") for one in body.resources]}
    return {"resource_id": names.resource_id(document, resource or body.resource or "")}


def _task(document: Document, names: Names, task: dict[str, JsonValue], resource: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = dict(task)
    named = fields.pop("resource", None)
    if named is not None:
        fields["resource_id"] = names.resource_id(document, resource or str(named), "tasks.resource")
    return fields


def _experiment(document: Document) -> ExperimentDocument:
    if not isinstance(document.body, ExperimentDocument):
        message = f"an Experiment was expected; a {document.body.kind} is put into the catalogue by: howdah apply -f"
        raise DocumentsError([document.error("kind", message)])
    return document.body


class _Uploads:
    """Uploads each local file once, however often it is named."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._uris: dict[Path, str] = {}

    def check(self, document: Document) -> None:
        """Refuse files that can't be read, and inputs that are mappings but no file; a parameter may be a mapping."""
        body = _experiment(document)
        errors = []
        for place, value in (*_values("inputs", body.inputs), *_values("parameters", body.parameters)):
            path = _file(value)
            if path is None and isinstance(value, dict) and place.startswith("inputs."):
                errors.append(document.error(place, "a value, or {file: path}, was expected"))
            elif path is not None and not document.beside(path).is_file():
                errors.append(document.error(f"{place}.file", f"there is no file {document.beside(path)}"))
        if errors:
            raise DocumentsError(errors)

    def done(self, document: Document, request: dict[str, Any]) -> dict[str, Any]:
        """Return the request with uploaded files in place of local ones."""
        done = dict(request)
        for part in request.keys() & {"inputs", "parameters"}:
            done[part] = {name: self._value(document, one) for name, one in request[part].items()}
        return done

    def _value(self, document: Document, value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [self._value(document, one) for one in value]
        named = _file(value)
        if named is None:
            return value
        path = document.beside(named).resolve()
        if path not in self._uris:
            self._uris[path] = self._client.files.upload(path).uri
        return self._uris[path]


def _values(place: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Yield the fields of a mapping with their places; of a list in it, its elements."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        if isinstance(one, list):
            yield from _values(f"{place}.{name}", one)
        else:
            yield f"{place}.{name}", one


def _file(value: JsonValue) -> str | None:
    """Return the path of a value that is ``{file: path}``."""
    path = value.get("file") if isinstance(value, dict) and set(value) == {"file"} else None
    return path if isinstance(path, str) else None
