"""The description of a task type, read off its declaration: what is registered is what the code says."""

import inspect
from typing import Any, Final, get_type_hints

from pydantic import BaseModel

from howdah.contracts.task_types import Port, PortType, ResourceUse, TaskTypeDescription
from howdah.tasks.declaration import AnyTask, Needs

_USE: Final = {
    Needs.RESOURCE: ResourceUse.REQUIRED,
    Needs.RESOURCE_IF_GIVEN: ResourceUse.OPTIONAL,
    Needs.NOTHING: ResourceUse.NONE,
}


def describe(task: AnyTask) -> TaskTypeDescription:
    """Return what the declaration says: parameters, outputs (of a handler that returns a model), use of a resource.

    Lane, limits, branches, module and image stand in no declaration: they are left as they are by default.
    """
    return TaskTypeDescription(
        description=(inspect.getdoc(task.handler) or "").partition("\n\n")[0],
        parameters=task.params.model_json_schema(),
        outputs=tuple(_ports(get_type_hints(task.handler).get("return"))),
        resource=_USE[task.options.needs],
    )


def _ports(returned: Any) -> list[Port]:  # noqa: ANN401 - whatever the handler's annotation is
    if not (inspect.isclass(returned) and issubclass(returned, BaseModel)):
        return []
    properties = returned.model_json_schema(mode="serialization").get("properties", {})
    return [
        Port(name=name, type=_type_of(schema), description=str(schema.get("description", ""))[:1_000])
        for name, schema in properties.items()
    ]


def _type_of(schema: dict[str, Any]) -> PortType:
    kind = schema.get("type")
    return PortType(kind) if isinstance(kind, str) and kind in set(PortType) else PortType.ANY
