"""The catalogue as YAML text that ``apply`` takes: by name, without ids, versions or secrets."""

from typing import Any, Final

import yaml

from howdah.client.client import Client
from howdah.client.models import Answer

_OWN: Final = {"id", "gateway_id", "version", "created_at", "updated_at", "created_by"}
"""What the server gives an object, and a document does not have."""
_DEFAULTS: Final = {"required": True, "order": 0, "is_default": False, "enabled": True, "read_only": False}
HEADER: Final = (
    "# Credentials are named only: where they are missing, add private_key_file, password_file or generate.\n"
)


def export_catalogue(client: Client) -> str:
    """Return the catalogue of the token's gateway as a multi-document YAML text."""
    credentials = list(client.credentials.list())
    resources = list(client.resources.list())
    modules = list(client.modules.list())
    credential_names = {one.id: one.name for one in credentials}
    resource_names = {one.id: one.name for one in resources}
    by_module = {one.id: {"module": one.name, "module_release": one.release} for one in modules}

    documents: list[dict[str, Any]] = [
        {"kind": "Credential", "name": one.name, "type": one.kind} for one in _by_name(credentials)
    ]
    for resource in _by_name(resources):
        fields = _fields(resource)
        if (credential_id := fields.pop("credential_id", None)) is not None:
            fields["credential"] = credential_names.get(str(credential_id), str(credential_id))
        for hop in fields.get("jump_hosts", ()):
            identity = str(hop.pop("credential_id"))
            hop["credential"] = credential_names.get(identity, identity)
        documents.append({"kind": "ComputeResource", **fields})
    documents += [{"kind": "ApplicationModule", **_fields(one)} for one in _by_name(modules)]
    for interface in _by_name(client.interfaces.list()):
        fields = _fields(interface)
        fields["inputs"] = [_with_whole_limits(one) for one in fields.get("inputs", [])]
        module = by_module[fields.pop("module_id")]
        documents.append({"kind": "ApplicationInterface", "name": fields.pop("name"), **_said(module), **fields})
    for deployment in client.deployments.list():
        fields = _fields(deployment)
        module = by_module[fields.pop("module_id")]
        resource_name = resource_names[fields.pop("resource_id")]
        documents.append({"kind": "ApplicationDeployment", **_said(module), "resource": resource_name, **fields})
    documents += [{"kind": "Workflow", **_definition(client, one.id)} for one in _by_name(client.workflows.list())]
    return HEADER + yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=120)


def _definition(client: Client, workflow_id: str) -> dict[str, Any]:
    """Return the newest definition, as its author wrote it."""
    return dict(client.workflows.get(workflow_id).definition or {})


def _with_whole_limits(one: dict[str, Any]) -> dict[str, Any]:
    """Return an integer's limits as integers: the server keeps all limits as floating point numbers."""
    if one.get("type") != "integer":
        return one
    return {name: int(value) if name in {"minimum", "maximum"} else value for name, value in one.items()}


def _by_name(things: Any) -> list[Any]:  # noqa: ANN401 - any answers that have a name
    return sorted(things, key=lambda one: one.name)


def _fields(thing: Answer) -> dict[str, Any]:
    fields: dict[str, Any] = _said(
        {name: one for name, one in thing.model_dump(mode="json").items() if name not in _OWN}
    )
    return fields


def _said(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the value without what goes without saying."""
    if isinstance(value, dict):
        inner = {name: _said(one) for name, one in value.items()}
        return {
            name: one
            for name, one in inner.items()
            if one not in (None, "", [], {}) and not (name in _DEFAULTS and one is _DEFAULTS[name])
        }
    if isinstance(value, list):
        return [_said(one) for one in value]
    return value
