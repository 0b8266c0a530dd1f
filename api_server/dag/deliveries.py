"""Where a run's outputs are put besides the platform's store: what the experiment asks, checked. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from api_server.dag.application import Application
from api_server.dag.problems import FieldProblem
from api_server.dag.sources import STORAGE, SourceKind, read_source
from api_server.dag.staging import ARCHIVE
from howdah.contracts.params import MAX_DELIVERIES
from howdah.contracts.resources import ReachKind, ResourceTarget
from howdah.contracts.storage import Delivery

Asked = Sequence[tuple[str, str]]
"""(output, to) in the order of the request."""
Wanted = Mapping[str, tuple[Delivery, ...]]
"""Output → where it goes."""
_FIELD: Final = "deliveries"


def is_destination(text: str) -> bool:
    """Tell whether the words name a path on a storage resource."""
    source = read_source(text)
    return source is not None and source.kind is SourceKind.STORAGE


def wanted_deliveries(
    application: Application, target: ResourceTarget, asked: Asked, *, archive: bool
) -> tuple[Wanted, list[FieldProblem]]:
    """Return where each output of a run on ``target`` goes, and everything that is wrong with what was asked."""
    known = {item.name for item in application.interface.outputs} | ({ARCHIVE} if archive else set())
    wanted: dict[str, tuple[Delivery, ...]] = {}
    problems, taken = [], set()
    for index, (output, to) in enumerate(asked):
        place = application.places.get(to)
        if output not in known:
            text = f"is no output of this experiment; there are {', '.join(sorted(known)) or 'none'}"
            problems.append(FieldProblem(f"{_FIELD}.{index}.output", text, output))
        elif place is None:
            problems.append(FieldProblem(f"{_FIELD}.{index}.to", _why_not(to), to))
        elif to in taken:
            text = "another delivery goes there already; give each a place of its own"
            problems.append(FieldProblem(f"{_FIELD}.{index}.to", text, to))
        elif len(wanted.get(output, ())) == MAX_DELIVERIES:
            text = f"has more than the {MAX_DELIVERIES} deliveries that one output may have"
            problems.append(FieldProblem(f"{_FIELD}.{index}.output", text, output))
        else:
            taken.add(to)
            wanted[output] = (*wanted.get(output, ()), Delivery(to=to, place=place))
    return wanted, [*problems, *_beyond_an_agent(target, wanted)]


def _beyond_an_agent(target: ResourceTarget, wanted: Wanted) -> list[FieldProblem]:
    """Return a problem for each delivery that takes a credential: none is handed to where an agent works."""
    if target.reach is not ReachKind.AGENT:
        return []
    text = f"it takes a credential to write there, and {target.name} is worked on by an agent, which gets none"
    return [
        FieldProblem(_FIELD, text, delivery.to)
        for deliveries in wanted.values()
        for delivery in deliveries
        if delivery.place.credential_ids
    ]


def _why_not(to: str) -> str:
    if not is_destination(to):
        return f"must be {STORAGE}<name>/<path>: a path on a storage resource"
    return "no enabled storage resource of this gateway has this name"
