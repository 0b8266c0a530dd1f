"""Makes the catalogue be what the documents say: created, updated or left alone, by name; a second run changes nothing.

A field that a document does not name keeps the value that it has. Nothing is ever deleted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic import BaseModel, JsonValue

from howdah.client.catalogue.credentials import credential_body, is_same_key
from howdah.client.catalogue.documents import (
    ApplicationDeploymentDocument,
    ApplicationInterfaceDocument,
    ApplicationModuleDocument,
    ComputeResourceDocument,
    CredentialDocument,
    ExperimentDocument,
    WorkflowDocument,
)
from howdah.client.catalogue.errors import DocumentError, DocumentsError
from howdah.client.catalogue.names import Names
from howdah.client.catalogue.ordering import in_order
from howdah.client.catalogue.reading import Document
from howdah.client.client import Client
from howdah.client.collections import VersionedCollection
from howdah.client.errors import ConflictError, InvalidRequestError, ProblemError
from howdah.client.models import Versioned
from howdah.contracts.params import MAX_FILE_BYTES

V = TypeVar("V", bound=Versioned)


class Action(StrEnum):
    """What was done about a document."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Applied:
    """One document, done."""

    kind: str
    name: str
    action: Action
    id: str
    public_key: str | None = None
    """Of a key pair that the platform made: the line for authorized_keys."""


def apply_documents(client: Client, documents: Sequence[Document]) -> Iterator[Applied]:
    """Apply the documents, what is referred to first, whatever their order in the file.

    Raises:
        DocumentsError: a document is wrong: nothing of it was done, those yielded before it were.
    """
    _refuse_before_anything_is_done(documents)
    run = _Run(client, Names(client))
    for document in in_order(documents):
        try:
            yield run.apply(document)
        except (InvalidRequestError, ConflictError) as error:
            raise DocumentsError(_placed(document, error)) from error


def _refuse_before_anything_is_done(documents: Sequence[Document]) -> None:
    errors: list[DocumentError] = []
    seen: dict[tuple[str, str, str], Document] = {}
    for document in documents:
        body = document.body
        if isinstance(body, ExperimentDocument):
            errors.append(document.error("kind", "an Experiment is made by: howdah experiments create -f"))
        key = (body.kind, body.name, getattr(body, "release", None) or getattr(body, "module_release", None) or "")
        first = seen.setdefault(key, document)
        if first is not document:
            errors.append(
                document.error("name", f"document {first.index} describes the {body.kind} {body.name} already")
            )
    if errors:
        raise DocumentsError(errors)


class _Run:
    """One run of ``apply``: knows what is there, and learns what it makes."""

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names

    def apply(self, document: Document) -> Applied:
        body = document.body
        match body:
            case CredentialDocument():
                return self._credential(document, body)
            case ComputeResourceDocument():
                return self._resource(document, body)
            case ApplicationModuleDocument():
                key = (body.name, body.release)
                done, module = self._put(self._client.modules, document, self._names.modules.get(key), _fields(body))
                self._names.modules[key] = module
            case ApplicationInterfaceDocument():
                fields = self._with_module(document, body)
                known = self._names.interfaces.get(body.name)
                done, interface = self._put(self._client.interfaces, document, known, fields)
                self._names.interfaces[body.name] = interface
            case ApplicationDeploymentDocument():
                fields = self._with_module(document, body)
                fields["resource_id"] = self._names.resource_id(document, str(fields.pop("resource")))
                pair = (str(fields["module_id"]), fields["resource_id"])
                deployments = self._client.deployments
                done, deployment = self._put(deployments, document, self._names.deployments.get(pair), fields)
                self._names.deployments[pair] = deployment
            case WorkflowDocument():
                return self._workflow(body)
            case ExperimentDocument():
                raise AssertionError("unreachable: refused before anything is done")
        return done

    def _credential(self, document: Document, body: CredentialDocument) -> Applied:
        known = self._names.credentials.get(body.name)
        if known is None:
            made = self._client.credentials.create(credential_body(document, body))
            self._names.credentials[body.name] = made
            return Applied(body.kind, body.name, Action.CREATED, made.id, made.public_key if body.generate else None)
        if known.kind != body.type:
            raise DocumentsError([document.error("type", f"{body.name} is there already, as a {known.kind}")])
        if not is_same_key(document, body, known):
            message = f"{body.name} is there already with another key; give the new key a name of its own"
            raise DocumentsError([document.error("private_key_file", message)])
        return Applied(body.kind, body.name, Action.UNCHANGED, known.id)

    def _resource(self, document: Document, body: ComputeResourceDocument) -> Applied:
        fields = _fields(body)
        if (credential := fields.pop("credential", None)) is not None:
            fields["credential_id"] = self._names.credential_id(document, str(credential))
        for number, hop in enumerate(fields.get("jump_hosts", ())):
            named, field = str(hop.pop("credential")), f"jump_hosts.{number}.credential"
            hop["credential_id"] = self._names.credential_id(document, named, field)
        known = self._names.resources.get(body.name)
        for name in ("timeouts", "grid_engine", "retry"):
            if known is not None and name in fields:
                fields[name] = {**getattr(known, name), **getattr(body, name)}
        done, resource = self._put(self._client.resources, document, known, fields)
        self._names.resources[body.name] = resource
        return done

    def _workflow(self, body: WorkflowDocument) -> Applied:
        """Make a version of the definition, unless it is that of the newest one."""
        calls, definition = self._client.workflows, body.definition
        known = calls.find(body.name)
        if known is None:
            return Applied(body.kind, body.name, Action.CREATED, calls.create(definition).id)
        newest = calls.version(known.id, known.version)
        if newest.definition != definition:
            newest = calls.add_version(known.id, definition, based_on=known.version)
        action = Action.UNCHANGED if newest.version == known.version else Action.UPDATED
        return Applied(body.kind, body.name, action, known.id)

    def _with_module(
        self, document: Document, body: ApplicationInterfaceDocument | ApplicationDeploymentDocument
    ) -> dict[str, Any]:
        fields = _fields(body)
        release = fields.pop("module_release", None)
        fields["module_id"] = self._names.module_id(document, str(fields.pop("module")), release)
        return fields

    def _put(
        self, collection: VersionedCollection[V], document: Document, known: V | None, fields: Mapping[str, Any]
    ) -> tuple[Applied, V]:
        """Make or change one object so that it has ``fields``."""
        kind, name = document.body.kind, document.body.name
        if known is None:
            made = collection.create(fields)
            return Applied(kind, name, Action.CREATED, made.id), made
        present = known.model_dump(mode="json")
        if all(_same(field, value, present.get(field)) for field, value in fields.items()):
            return Applied(kind, name, Action.UNCHANGED, known.id), known
        body = {**{field: present[field] for field in _WRITABLE[kind] if field in present}, **fields}
        return Applied(kind, name, Action.UPDATED, known.id), collection.replace(known, body)


_RENAMED: Final = {"credential": "credential_id", "module": "module_id", "resource": "resource_id"}
_MODELS: Final[dict[str, type[BaseModel]]] = {
    "ComputeResource": ComputeResourceDocument,
    "ApplicationModule": ApplicationModuleDocument,
    "ApplicationInterface": ApplicationInterfaceDocument,
    "ApplicationDeployment": ApplicationDeploymentDocument,
}
_WRITABLE: Final = {
    kind: tuple(_RENAMED.get(field, field) for field in model.model_fields if field not in {"kind", "module_release"})
    for kind, model in _MODELS.items()
}
_DEFAULTS: Final[dict[str, JsonValue]] = {
    "required": True,
    "order": 0,
    "is_default": False,
    "runtime": "apptainer",
    "read_only": False,
    "max_files": 100,
    "max_bytes": MAX_FILE_BYTES,
    "after_failure": False,
}
"""What the server writes into inputs, outputs, queues and containers whose author left it out."""


def _fields(
    body: ComputeResourceDocument
    | ApplicationModuleDocument
    | ApplicationInterfaceDocument
    | ApplicationDeploymentDocument,
) -> dict[str, Any]:
    """Return what the document says, in the API's words as far as no name has to be looked up."""
    fields = body.model_dump(mode="json", exclude_unset=True, exclude={"kind"})
    if isinstance(body, ComputeResourceDocument):
        transport = "local" if body.reach == "agent" else body.transport
        fields = {
            "reach": body.reach,
            "transport": transport,
            "host": body.host,
            "port": body.port,
            "scratch": body.scratch,
            **fields,
        }
    return fields


def _same(field: str, wanted: JsonValue, present: JsonValue) -> bool:
    """Tell whether the server's value is what the document says, in the form that the server keeps it in."""
    kept = _KEPT.get(field, _normal)
    return kept(wanted) == kept(present)


def _normal(value: JsonValue) -> JsonValue:
    """Return the value without what says nothing, so that a document equals what the server made of it."""
    if isinstance(value, dict):
        inner = {name: _normal(one) for name, one in value.items()}
        return {
            name: one
            for name, one in inner.items()
            if one not in (None, "", [], {}) and not (name in _DEFAULTS and one == _DEFAULTS[name])
        }
    return [_normal(one) for one in value] if isinstance(value, list) else value


def _by_name(queues: JsonValue) -> JsonValue:
    named = _normal(queues)
    return sorted(named, key=str) if isinstance(named, list) else named


def _bare_keys(lines: JsonValue) -> JsonValue:
    """Return host keys without host names and comments."""
    if not isinstance(lines, list):
        return lines
    return [_bare_key(str(line).split()) for line in lines]


def _bare_key(words: list[str]) -> str:
    marker = words[:1] if words and words[0].startswith("@") else []
    rest = words[len(marker) :]
    return " ".join(marker + (rest[:2] if rest[:1] and rest[0].startswith(_KEY_TYPES) else rest[1:3]))


def _bare_hops(hops: JsonValue) -> JsonValue:
    if not isinstance(hops, list):
        return hops
    return [{"port": 22, **hop, "host_keys": _bare_keys(hop.get("host_keys"))} for hop in hops if isinstance(hop, dict)]


_KEY_TYPES: Final = ("ssh-", "ecdsa-")
_KEPT: Final[dict[str, Callable[[JsonValue], JsonValue]]] = {
    "queues": _by_name,
    "host_keys": _bare_keys,
    "jump_hosts": _bare_hops,
    "scratch": lambda path: str(path).rstrip("/"),
}


def _placed(document: Document, error: ProblemError) -> list[DocumentError]:
    """Return the server's errors in the document's own words."""
    shown = {api: field for field, api in _RENAMED.items()}
    if not error.errors:
        return [document.error("", str(error))]
    places = (one.field.removeprefix("definition.") for one in error.errors)
    return [document.error(shown.get(at, at), one.message) for at, one in zip(places, error.errors, strict=True)]
