"""What a person means by an id or a name."""

import re
from collections.abc import Callable, Iterator
from typing import Final, Protocol, TypeVar

from howdah.cli.errors import CliError
from howdah.client import Client
from howdah.client.models import ApplicationInterface, ComputeResource
from howdah.client.run_models import Experiment
from howdah.client.schedules import Schedule
from howdah.client.workflows import Workflow

_UUID: Final = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


def find_experiment(client: Client, text: str) -> Experiment:
    """Return the experiment with this id, or the only one with this name; CliError otherwise."""
    return _find("experiment", text, client.experiments.get, lambda: client.experiments.list(name=text))


def newest_experiment(client: Client, text: str | None) -> Experiment:
    """Return the experiment with this id, else the newest with this name, else (without a text) the newest of all.

    For commands that only look.
    """
    if text is not None and _UUID.match(text.lower()):
        return client.experiments.get(text.lower())
    listed = client.experiments.list(name=text)
    found = next((one for one in listed if text is None or one.name == text), None)
    if found is None:
        what = f"with the id or name {text!r}" if text is not None else "yet"
        raise CliError(f"there is no experiment {what}")
    return found


def find_resource(client: Client, text: str) -> ComputeResource:
    """Return the resource with this id or name; CliError otherwise."""
    return _find("compute resource", text, client.resources.get, client.resources.list)


def find_interface(client: Client, text: str) -> ApplicationInterface:
    """Return the application interface with this id or name; CliError otherwise."""
    return _find("application", text, client.interfaces.get, client.interfaces.list)


def find_schedule(client: Client, text: str) -> Schedule:
    """Return the schedule with this id or name; CliError otherwise."""
    return _find("schedule", text, client.schedules.get, client.schedules.list)


def find_workflow(client: Client, text: str) -> Workflow:
    """Return the workflow with this id or name; CliError otherwise."""
    return _find("workflow", text, client.workflows.get, lambda: client.workflows.list(text))


def _find(what: str, text: str, get: Callable[[str], T], listed: Callable[[], Iterator[T]]) -> T:
    if _UUID.match(text.lower()):
        return get(text.lower())
    found = [one for one in listed() if one.name == text]
    if not found:
        raise CliError(f"there is no {what} with the id or name {text!r}")
    if len(found) > 1:
        shown = ", ".join(one.id for one in found[:5]) + (" …" if len(found) > 5 else "")  # noqa: PLR2004 - enough to see
        raise CliError(f"{len(found)} of them are named {text!r}; say which by its id: {shown}")
    return found[0]
