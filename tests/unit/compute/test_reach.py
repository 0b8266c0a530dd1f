"""Which transport a target gets; and that what an agent works on is nobody else's."""

from pathlib import Path

import pytest

from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import ResourceId, new_id
from howdah.contracts.resources import ReachKind, ResourceTarget
from howdah.tasks.api import Grant
from howdah.tasks.context import SecretOf
from howdah.tasks.testing import NoExchange, local_target

SECRET = SecretOf(NoExchange(), None, Grant(None))


def of_an_agent(folder: Path) -> ResourceTarget:
    return local_target(folder).model_copy(update={"reach": ReachKind.AGENT})


def test_an_agent_works_on_its_own_resource(tmp_path: Path) -> None:
    target = of_an_agent(tmp_path)
    with PooledReach(agent_of=target.resource_id) as reach, reach.connect(target, SECRET) as connection:
        assert connection.run_script("printf here", {}).stdout == b"here"


@pytest.mark.parametrize("agent_of", [None, ResourceId(new_id())], ids=["no agent", "another agent"])
def test_nobody_else_works_on_his_own_machine_in_its_place(tmp_path: Path, agent_of: ResourceId | None) -> None:
    target = of_an_agent(tmp_path)
    reach = PooledReach(agent_of=agent_of)
    with pytest.raises(TaskError, match="its agent alone") as refused, reach.connect(target, SECRET):
        pass
    reach.close()
    assert refused.value.failure.kind is FailureKind.PERMANENT
