"""What a command bears beside its task."""

from datetime import UTC, datetime

import pytest

from api_server.auth.callbacks import CallbackGrant
from api_server.auth.capabilities import Grant
from api_server.dag.advance import begin
from api_server.dag.run import Run, RunIdentity
from api_server.lifecycle.commands import Commands
from howdah.contracts import codec
from howdah.contracts.ids import ExperimentId, GatewayId, ProcessId, ResourceId, new_id
from howdah.contracts.resources import ReachKind, ResourceTarget, TransportKind
from howdah.contracts.standings import ResourceStanding
from howdah.contracts.tasks import Dag
from tests.unit.dag.world import spec

NOW = datetime(2026, 11, 28, tzinfo=UTC)
RESOURCE = ResourceId(new_id())


class NoMint:
    def mint(self, grant: Grant) -> str:
        return grant.task_id

    def mint_callback(self, grant: CallbackGrant, ends: datetime) -> str:
        return f"{grant.task_id} {ends}"


@pytest.mark.parametrize(("reach", "told"), [(ReachKind.AGENT, 2), (ReachKind.SSH, None)])
def test_an_operator_s_limit_travels_with_the_command_where_it_can_not_be_read(
    reach: ReachKind, told: int | None
) -> None:
    target = ResourceTarget(
        resource_id=RESOURCE, name="there", reach=reach, transport=TransportKind.LOCAL, scratch="/scratch"
    )
    standing = ResourceStanding(
        at=NOW, gateway_id=GatewayId(new_id()), resource_id=RESOURCE, account=target.account, since=NOW, handlers=2
    )
    identity = RunIdentity(GatewayId(new_id()), ExperimentId(new_id()), ProcessId(new_id()), targets={RESOURCE: target})
    run = Run(identity, Dag(tasks=(spec("work", resource_id=RESOURCE),)))
    decisions = begin(run, NOW)
    run.apply(decisions)
    [publication] = decisions.publications
    message = Commands(NoMint(), lambda _: standing).message(run, publication, NOW)
    assert codec.COMMANDS.decode(message.value).handlers == told
