"""What each kind of scheduler can be asked for, so that a job it could never take is refused before it is launched."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from howdah.contracts.native import native_arguments
from howdah.contracts.resources import STANDARD_NAMES, GridEngineNames, SchedulerKind


class Asked(Protocol):
    """What a job asks for, as far as it matters here."""

    @property
    def account(self) -> str | None: ...  # noqa: D102 - the field of JobSpec
    @property
    def reservation(self) -> str | None: ...  # noqa: D102
    @property
    def qos(self) -> str | None: ...  # noqa: D102
    @property
    def nodes(self) -> int | None: ...  # noqa: D102
    @property
    def gpus_per_node(self) -> int | None: ...  # noqa: D102


_NO_SCHEDULER: Final = "plain processes have no scheduler that could grant it; leave it out"
LACKING: Final[dict[SchedulerKind, dict[str, str]]] = {
    SchedulerKind.SLURM: {},
    SchedulerKind.PBS: {"qos": "PBS has no quality of service; leave it out, or name a queue that stands for it"},
    SchedulerKind.LSF: {},
    SchedulerKind.SGE: {"qos": "Grid Engine has no quality of service; leave it out"},
    SchedulerKind.HTCONDOR: {
        "reservation": "HTCondor has no reservations; leave it out",
        "qos": "HTCondor has no quality of service; leave it out",
    },
    SchedulerKind.FORK: {
        "account": _NO_SCHEDULER,
        "reservation": _NO_SCHEDULER,
        "qos": _NO_SCHEDULER,
        "gpus_per_node": _NO_SCHEDULER,
    },
}
"""Field → why this kind of scheduler does not have it, and what to do instead.

A queue is no such field: where the scheduler has none (HTCondor, plain processes) it stands for its limits alone.
"""

_ONE_NODE: Final = {
    SchedulerKind.HTCONDOR: "HTCondor runs such jobs on one machine",
    SchedulerKind.FORK: "plain processes run on the login node alone",
}


_NO_MULTI_NODE: Final = (
    "the resource names no parallel environment for several nodes (grid_engine.multi_node_environment); "
    "the nearest legal value is 1"
)


def impossible(
    kind: SchedulerKind, asked: Asked, grid_engine: GridEngineNames = STANDARD_NAMES
) -> Iterator[tuple[str, str]]:
    """Yield each field of ``asked`` that a scheduler of this kind can't grant, and what would be right."""
    for name, why in LACKING[kind].items():
        if getattr(asked, name) is not None:
            yield name, why
    if (asked.nodes or 1) > 1:
        if kind in _ONE_NODE:
            yield "nodes", f"{_ONE_NODE[kind]}; the nearest legal value is 1"
        elif kind is SchedulerKind.SGE and grid_engine.multi_node_environment is None:
            yield "nodes", _NO_MULTI_NODE


def wrong_directives(kind: SchedulerKind, native: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the index of each directive that can't be passed on, and what is wrong with it."""
    for index, directive in enumerate(native):
        try:
            native_arguments(kind, directive)
        except ValueError as error:
            yield index, str(error)
