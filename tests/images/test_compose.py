"""The whole platform by Docker Compose: it comes up by one command, works, is restricted, and keeps its data."""

from collections.abc import Iterator

import pytest

from howdah.contracts.ids import new_id
from howdah.local.composition import SERVICES
from tests.fixtures.docker import built
from tests.images.compose import EXAMPLE, Compose

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3_000)]


@pytest.fixture(scope="module")
def stack() -> Iterator[Compose]:
    with built():
        compose = Compose(f"howdah-test-{new_id()[-8:]}")
        try:
            compose.up()
            yield compose
        finally:
            compose.down("--volumes")


def test_the_example_experiment_runs_to_its_end(stack: Compose) -> None:
    stack.howdah("apply", "-f", f"{EXAMPLE}/catalogue.yaml")
    watched = stack.howdah("experiments", "create", "-f", f"{EXAMPLE}/experiment.yaml", "--launch", "--watch")
    assert "experiment corals is COMPLETED" in watched


def test_everything_of_ours_runs_without_rights_on_a_file_system_that_it_cannot_write(stack: Compose) -> None:
    ours = {"api-server", "orchestrator", *(module.replace("_", "-") for module in SERVICES)}
    found = {
        one["Config"]["Labels"]["com.docker.compose.service"]: one
        for one in stack.containers()
        if one["Config"]["Labels"]["com.docker.compose.service"] in ours
    }
    assert set(found) == ours
    for name, one in found.items():
        host = one["HostConfig"]
        assert one["Config"]["User"] == "10001:10001", name
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert not host["Privileged"], name
        assert one["RestartCount"] == 0, name


def test_what_ran_is_there_when_the_stack_comes_back(stack: Compose) -> None:
    before = stack.howdah("experiments", "list", "--json")
    stack.down()
    stack.up()
    assert stack.howdah("experiments", "list", "--json") == before
    again = stack.howdah("experiments", "create", "-f", f"{EXAMPLE}/experiment.yaml", "--launch", "--watch")
    assert "experiment corals is COMPLETED" in again
