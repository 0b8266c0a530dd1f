from datetime import UTC, datetime
from pathlib import Path

import pytest

from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.ids import ResourceId, new_id
from howdah.contracts.messages import RunTask
from howdah.contracts.resources import ResourceTarget, TransportKind
from howdah.contracts.standings import CircuitState, ResourceStanding
from howdah.contracts.topics import SLOW
from howdah.runtime.clock import SystemClock
from howdah.tasks import Result, TaskContext, task
from howdah.tasks.admission import Admission
from howdah.tasks.testing import command_for
from tests.unit.tasks.test_service import Params


@task("work", params=Params)
def work(_: TaskContext[Params]) -> Result:
    return {}


def target(name: str = "here") -> ResourceTarget:
    return ResourceTarget(
        resource_id=ResourceId(new_id()), name=name, host=name, transport=TransportKind.LOCAL, scratch=str(Path("/tmp"))
    )


def admission(standing: ResourceStanding | None = None, *, canceled: bool = False) -> Admission:
    return Admission(16, 4, SystemClock(), standings=lambda _: standing, process_canceled=lambda _: canceled)


def standing_of(place: ResourceTarget, **values: object) -> ResourceStanding:
    now = datetime.now(UTC)
    known = {
        "at": now,
        "gateway_id": new_id(),
        "resource_id": place.resource_id,
        "account": place.account,
        "since": now,
    }
    return ResourceStanding.model_validate(known | values)


def admitted(gate: Admission, command: RunTask, times: int = 10) -> int:
    return sum(gate.enter(command) is None for _ in range(times))


def test_a_resource_gets_its_share_and_others_theirs() -> None:
    gate = admission()
    assert admitted(gate, command_for(work, {}, target=target("one"))) == 4
    assert admitted(gate, command_for(work, {}, target=target("other"))) == 4


def test_an_operator_lowers_the_share() -> None:
    place = target()
    gate = admission(standing_of(place, handlers=2))
    assert admitted(gate, command_for(work, {}, target=place)) == 2


def test_an_agent_is_told_of_the_lower_share_by_the_command() -> None:
    command = command_for(work, {}, target=target()).model_copy(update={"handlers": 1})
    assert admitted(admission(), command) == 1


def test_all_slow_resources_together_get_half_of_the_threads() -> None:
    gate, commands = admission(), [command_for(work, {}, target=target(f"slow-{n}")) for n in range(5)]
    taken = sum(admitted(gate, one.model_copy(update={"lane": SLOW})) for one in commands)
    assert taken == 8


@pytest.mark.parametrize(("canceled", "through"), [(False, False), (True, True)])
def test_nothing_goes_to_a_resource_that_is_away_but_what_ends_a_job(canceled: bool, through: bool) -> None:
    place = target()
    cause = Failure(kind=FailureKind.TRANSIENT, sentence="No route to host.")
    gate = admission(standing_of(place, circuit=CircuitState.OPEN, cause=cause), canceled=canceled)
    refusal = gate.enter(command_for(work, {}, target=place))
    assert (refusal is None) is through
    if refusal is not None:
        assert refusal.reason == "here is away: No route to host."
