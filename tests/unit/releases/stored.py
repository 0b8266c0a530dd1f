"""What is kept, or is on its way, from one release to the next: the models of all stored documents and messages.

``PYTHONPATH=. python tests/unit/releases/stored.py`` writes ``earlier.json`` anew. Run it in a checkout of the release
that ``tests/fixtures/releases.py`` names, when that changes: the record says what that release reads.
"""

import importlib.util
import json
import subprocess
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api_server.lifecycle import requests
from howdah.contracts import codec, tasks

EARLIER: Final = Path(__file__).with_name("earlier.json")

Recorded = dict[str, dict[str, Any]]
"""Model → its fields as they are written, those that a reader demands, whether others are refused, versions."""


def models() -> dict[str, type[BaseModel]]:
    """Return every model of a stored document or a message, and all that they are made of, by name."""
    found: dict[str, type[BaseModel]] = {}
    waiting = list(_roots())
    while waiting:
        model = waiting.pop()
        known = found.setdefault(model.__name__, model)
        assert known is model, f"two stored models are called {model.__name__}"
        waiting += [
            inner
            for field in model.model_fields.values()
            for inner in _models_in(field.annotation)
            if inner.__name__ not in found
        ]
    return found


def _roots() -> Iterator[type[BaseModel]]:
    yield tasks.Dag
    for known in codec.ALL:
        yield from known.models
    request = get_args(requests.ExperimentRequest)[0]
    yield from get_args(request)
    for module in _modules():
        own = (one for one in vars(module).values() if isinstance(one, type) and issubclass(one, BaseModel))
        yield from (one for one in own if one.__module__ == module.__name__ and not one.__name__.startswith("_"))


def _modules() -> Iterator[types.ModuleType]:
    names = ("params", "flow", "workflows", "task_types", "storage", "exchange", "services")
    for name in names:
        if importlib.util.find_spec(f"howdah.contracts.{name}"):  # a release before workflows is asked as well
            yield importlib.import_module(f"howdah.contracts.{name}")


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any type
    if get_origin(annotation) is None and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def written_as(name: str, field: FieldInfo) -> str:
    """Return the name of a field in the document."""
    return field.serialization_alias or field.alias or name


def refuses_others(model: type[BaseModel]) -> bool:
    """Tell whether a document with a field that the model has not is refused."""
    return model.model_config.get("extra") == "forbid"


def versions(model: type[BaseModel]) -> list[int]:
    """Return the versions of a message that are read; none of what is no message."""
    field = model.model_fields.get("version")
    literal = field is not None and get_origin(field.annotation) is Literal
    return sorted(get_args(field.annotation)) if field is not None and literal else []


def record() -> Recorded:
    """Describe what this checkout reads."""
    return {
        name: {
            "fields": sorted(written_as(*field) for field in model.model_fields.items()),
            "demanded": sorted(written_as(*one) for one in model.model_fields.items() if one[1].is_required()),
            "refuses_others": refuses_others(model),
            "versions": versions(model),
        }
        for name, model in sorted(models().items())
    }


if __name__ == "__main__":
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    EARLIER.write_text(json.dumps({"release": commit, "models": record()}, indent=1) + "\n")
