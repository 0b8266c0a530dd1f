"""What both control planes promise, seen through the one interface."""

from collections.abc import Callable

import pytest

from api_server.problems import ConflictError, InvalidRequestError, NotFoundError
from howdah.contracts.services import InstanceState, ServiceDeployment, ServiceKind
from tests.conformance.cluster.harness import LocalHarness, PlaneHarness
from tests.fixtures.kubernetes import BUILT_IN, PLATFORM

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

OWN = "word-count"


def test_services_are_listed_with_whose_they_are_and_how_many_are_ready(plane: PlaneHarness) -> None:
    found = {one.name: one for one in plane.plane.services()}
    assert {name: one.kind for name, one in found.items()} == {
        PLATFORM: ServiceKind.PLATFORM,
        BUILT_IN: ServiceKind.BUILT_IN,
    }
    assert found[BUILT_IN].replicas == 1
    assert not found[BUILT_IN].can_roll_back


def test_a_task_service_is_scaled_up_and_down(plane: PlaneHarness) -> None:
    plane.plane.scale(BUILT_IN, 3)
    report = plane.settled(BUILT_IN, 3)
    assert len({one.name for one in report.instances}) == 3
    assert {one.state for one in report.instances} == {InstanceState.READY}
    plane.plane.scale(BUILT_IN, 0)
    assert plane.settled(BUILT_IN, 0).instances == ()
    plane.plane.scale(BUILT_IN, 1)
    plane.settled(BUILT_IN, 1)


def test_a_restart_replaces_every_instance(plane: PlaneHarness) -> None:
    plane.plane.scale(BUILT_IN, 2)
    before = plane.settled(BUILT_IN, 2)
    plane.plane.restart(BUILT_IN)
    plane.until(BUILT_IN, lambda one: one.revision != before.revision)
    after = plane.settled(BUILT_IN, 2)
    old = {(one.name, one.where, one.since) for one in before.instances}
    assert old.isdisjoint({(one.name, one.where, one.since) for one in after.instances})
    assert not after.can_roll_back, "what was only restarted has nothing to go back to"


def test_the_platforms_own_may_be_restarted_and_nothing_else(plane: PlaneHarness) -> None:
    plane.plane.restart(PLATFORM)
    steps: list[Callable[[], object]] = [
        lambda: plane.plane.scale(PLATFORM, 2),
        lambda: plane.plane.remove(PLATFORM),
        lambda: plane.plane.deploy(PLATFORM, plane.deployment()),
        lambda: plane.plane.remove(BUILT_IN),
        lambda: plane.plane.deploy(BUILT_IN, plane.deployment()),
        lambda: plane.plane.roll_back(BUILT_IN),
    ]
    for steer in steps:
        with pytest.raises(ConflictError):
            steer()


def test_what_does_not_exist_is_said_not_to_exist(plane: PlaneHarness) -> None:
    steps: list[Callable[[], object]] = [
        lambda: plane.plane.report("nobody"),
        lambda: plane.plane.scale("nobody", 1),
        lambda: plane.plane.restart("nobody"),
        lambda: plane.plane.roll_back("nobody"),
        lambda: plane.plane.remove("nobody"),
    ]
    for steer in steps:
        with pytest.raises(NotFoundError, match="nobody"):
            steer()


def test_a_service_of_ones_own_is_deployed_replaced_rolled_back_and_removed(plane: PlaneHarness) -> None:
    first, second = plane.deployment("1.0", 2), plane.deployment("2.0", 2, LIMIT="5")
    plane.plane.deploy(OWN, first)
    report = plane.settled(OWN, 2)
    assert (report.kind, report.release, report.deployment) == (ServiceKind.CUSTOM, "1.0", first)
    with pytest.raises(ConflictError, match="no earlier revision"):
        plane.plane.roll_back(OWN)

    plane.plane.deploy(OWN, second)
    plane.until(OWN, lambda one: one.revision != report.revision)
    replaced = plane.settled(OWN, 2)
    assert (replaced.release, replaced.deployment, replaced.can_roll_back) == ("2.0", second, True)
    assert {one.revision for one in replaced.instances} == {replaced.revision}

    plane.plane.roll_back(OWN)
    plane.until(OWN, lambda one: one.revision != replaced.revision)
    back = plane.settled(OWN, 2)
    assert (back.release, back.deployment) == ("1.0", first)
    plane.plane.roll_back(OWN)
    plane.until(OWN, lambda one: one.revision != back.revision)
    assert plane.settled(OWN, 2).deployment == second, "rolling back twice undoes it"

    plane.plane.remove(OWN)
    with pytest.raises(NotFoundError):
        plane.until(OWN, lambda _: False)
    assert OWN not in {one.name for one in plane.plane.services()}


def test_the_same_deployment_again_changes_nothing_but_the_number_of_instances(plane: PlaneHarness) -> None:
    plane.plane.deploy(OWN, plane.deployment())
    before = plane.settled(OWN, 1)
    plane.plane.deploy(OWN, plane.deployment(replicas=2))
    after = plane.settled(OWN, 2)
    assert after.revision == before.revision
    assert {one.name for one in before.instances} < {one.name for one in after.instances}
    assert not after.can_roll_back


def test_a_service_that_breaks_down_says_so_and_can_be_rolled_back(plane: PlaneHarness) -> None:
    plane.plane.deploy(OWN, plane.deployment("1.0"))
    good = plane.settled(OWN, 1)
    plane.plane.deploy(OWN, plane.deployment("2.0", BROKEN="yes"))
    broken = plane.until(
        OWN,
        lambda one: any(
            each.state is InstanceState.WAITING and each.trouble and each.revision == one.revision != good.revision
            for each in one.instances
        ),
    )
    assert any(one.trouble for one in broken.instances)
    plane.plane.roll_back(OWN)
    assert plane.until(OWN, lambda one: one.ready == 1 and one.release == "1.0").deployment == plane.deployment("1.0")


def test_what_happened_to_the_instances_is_told(plane: PlaneHarness) -> None:
    plane.plane.scale(BUILT_IN, 2)
    plane.settled(BUILT_IN, 2)
    events = plane.until(BUILT_IN, lambda one: len(one.events) > 1).events
    assert [one.at for one in events] == sorted((one.at for one in events), reverse=True)
    assert all(one.reason and one.message and one.about.startswith(BUILT_IN) for one in events)


def test_a_deployment_without_its_program_is_refused(plane: PlaneHarness) -> None:
    with pytest.raises(InvalidRequestError):
        plane.plane.deploy(OWN, ServiceDeployment(task_type="word-count", module="word_count"))


def test_a_local_stack_goes_on_from_what_was_wanted_last(plane: PlaneHarness) -> None:
    if not isinstance(plane, LocalHarness):
        pytest.skip("a cluster's memory is its own")
    plane.plane.scale(BUILT_IN, 2)
    plane.plane.deploy(OWN, plane.deployment("1.0"))
    plane.settled(BUILT_IN, 2)
    plane.settled(OWN, 1)
    plane.stop()
    plane.start()
    plane.settled(BUILT_IN, 2)
    assert plane.settled(OWN, 1).deployment == plane.deployment("1.0")
