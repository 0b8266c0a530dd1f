"""An agent works on every task type of the platform: what a release adds is not forgotten at the resources."""

from howdah.contracts.params import BUILT_IN
from services.agent.__main__ import TASKS


def test_an_agent_has_every_task_of_the_platform() -> None:
    assert {task.type for task in TASKS} == set(BUILT_IN)
