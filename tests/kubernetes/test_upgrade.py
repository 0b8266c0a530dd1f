"""From one release to the next under load, and back, old and new side by side: none fails, no job is doubled."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.fixtures.releases import EARLIER, LATER
from tests.kubernetes.installation import NAMESPACE, SANDBOX, Installation
from tests.kubernetes.test_platform import EXAMPLE

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_400)]

EXPERIMENTS: Final = 30


@pytest.fixture(scope="module")
def earlier(platform: Installation) -> Iterator[Installation]:
    """The earlier release in the place of what was there: tables of its own, nothing run yet."""
    platform.run("delete", "namespace", NAMESPACE, SANDBOX, "--timeout=200s")
    platform.apply(EARLIER)
    platform.await_up()
    with platform.client_pod():
        platform.howdah("apply", "-f", f"{EXAMPLE}/catalogue.yaml")
        yield platform


@pytest.fixture
def later(earlier: Installation) -> Installation:
    """The later release, to which the earlier one was upgraded."""
    if images(earlier) != {f"howdah/platform:{LATER}"}:
        earlier.apply(LATER)
        earlier.await_up()
    return earlier


def images(installation: Installation) -> set[str]:
    deployments = installation.objects("deployment")
    return {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in deployments}


def under_load(installation: Installation, name: str, change: Callable[[], None]) -> dict[str, Any]:
    """Make the change while experiments are launched and run; return what came of it."""
    before = installation.job_names()
    load = installation.program("load.py", name, str(EXPERIMENTS), "3")
    assert load.stdout is not None
    assert load.stdout.readline() == "launched\n"
    began = time.monotonic()
    change()
    installation.await_up()
    rolled_out = time.monotonic() - began
    said, _ = load.communicate()
    assert dict(json.loads(said)) == {"COMPLETED": EXPERIMENTS}
    jobs = installation.job_names()[len(before) :]
    assert len(jobs) == len(set(jobs)) == EXPERIMENTS
    # What the earlier release can't read in the table of resources it leaves out, and writes a dead letter about it.
    assert installation.sql("SELECT count(*) FROM dead_letter WHERE topic <> 'howdah.resources'") == "0"
    return {"experiments": EXPERIMENTS, "failed": 0, "jobs": len(jobs), "rollout_seconds": round(rolled_out, 1)}


def test_no_experiment_fails_while_a_release_takes_the_place_of_another(
    earlier: Installation, tell: Callable[..., None]
) -> None:
    tables = earlier.sql("SELECT version_num FROM alembic_version")
    measured = under_load(earlier, "upgrade", lambda: earlier.apply(LATER))
    assert earlier.sql("SELECT version_num FROM alembic_version") > tables
    assert images(earlier) == {f"howdah/platform:{LATER}"}
    tell("upgrade", **measured)


def test_no_experiment_fails_while_a_release_gives_its_place_back(
    later: Installation, tell: Callable[..., None]
) -> None:
    tables = later.sql("SELECT version_num FROM alembic_version")
    for verb in ("pause", "resume"):  # leaves a row that the earlier release does not know
        later.howdah("lanes", verb, "command", "slow")

    def roll_back() -> None:
        for one in later.objects("deployment"):
            later.run("-n", NAMESPACE, "rollout", "undo", f"deployment/{one['metadata']['name']}")

    measured = under_load(later, "roll-back", roll_back)
    assert later.sql("SELECT version_num FROM alembic_version") == tables, "the newer tables stay"
    assert images(later) == {f"howdah/platform:{EARLIER}"}
    tell("roll-back", **measured)
