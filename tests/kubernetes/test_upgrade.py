"""From one release to the next under load, old and new side by side: no experiment fails, no job is doubled."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.fixtures.releases import EARLIER, LATER
from tests.kubernetes.installation import NAMESPACE, SANDBOX, Installation
from tests.kubernetes.test_platform import EXAMPLE

pytestmark = [pytest.mark.integration, pytest.mark.timeout(2_400)]

EXPERIMENTS: Final = 30


@pytest.fixture
def earlier(platform: Installation) -> Iterator[Installation]:
    """The earlier release in the place of what was there: tables of its own, nothing run yet."""
    platform.run("delete", "namespace", NAMESPACE, SANDBOX, "--timeout=200s")
    platform.apply(EARLIER)
    platform.await_up()
    with platform.client_pod():
        platform.howdah("apply", "-f", f"{EXAMPLE}/catalogue.yaml")
        yield platform


def test_no_experiment_fails_while_a_release_takes_the_place_of_another(
    earlier: Installation, tell: Callable[..., None]
) -> None:
    tables = earlier.sql("SELECT version_num FROM alembic_version")
    load = earlier.program("load.py", "upgrade", str(EXPERIMENTS), "3")
    assert load.stdout is not None
    assert load.stdout.readline() == "launched\n"
    began = time.monotonic()
    earlier.apply(LATER)
    earlier.await_up()
    rolled_out = time.monotonic() - began
    said, _ = load.communicate()
    assert dict(json.loads(said)) == {"COMPLETED": EXPERIMENTS}
    jobs = earlier.job_names()
    assert len(jobs) == len(set(jobs)) == EXPERIMENTS
    assert earlier.sql("SELECT version_num FROM alembic_version") > tables
    assert earlier.sql("SELECT count(*) FROM dead_letter") == "0"
    images = {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in earlier.objects("deployment")}
    assert images == {f"howdah/platform:{LATER}"}
    tell("upgrade", experiments=EXPERIMENTS, failed=0, jobs=len(jobs), rollout_seconds=round(rolled_out, 1))
