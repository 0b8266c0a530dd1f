"""A resource that is away: its runs are BLOCKED and say why, others go on, and all complete when it is back.

The orchestrator is killed in the middle of it. Nothing is accelerated: the last probe is asked for by hand.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from howdah.client import Client, ClientError
from howdah.contracts.states import ProcessState
from tests.failure.proof.gateway import launched
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.ssh_faults import command, resource, switch
from tests.failure.proof.verdicts import ask_witness, open_experiments
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.waiting import holds_within

_RETRY: dict[str, object] = {"max_attempts": 6, "initial_delay_seconds": 1.0, "max_delay_seconds": 4.0}
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class OutageSize:
    """How many runs meet the outage, how many run beside it, and how long it lasts."""

    sick: int
    healthy: int
    down_seconds: float
    fault: str = "refuse"
    """What becomes of a connection: ``refuse`` resets it before the banner, ``hang`` swallows all."""
    timeout_seconds: float = 4.0


FULL = (
    OutageSize(sick=60, healthy=30, down_seconds=120.0, fault="hang"),
    OutageSize(sick=60, healthy=30, down_seconds=30.0),
)
SMALL = (OutageSize(sick=8, healthy=4, down_seconds=4.0),)


def resource_outage(ground: Ground, size: OutageSize) -> Line:
    """Take a resource away under load, kill the orchestrator, bring the resource back; return the line."""
    ground.begin(Scale(0))
    proof = f"outage-{size.fault}"
    with FaultProxy(ground.sshd.port) as proxy, ground.client() as client:
        away = resource(client, ground, f"away-{proof}", proxy.port, size.timeout_seconds, outage_seconds=3_600)
        healthy = resource(client, ground, f"beside-{proof}", ground.sshd.port, size.timeout_seconds)
        switch(proxy, size.fault)
        sick = [launched(client, command(away, f"{proof}-{number}", _RETRY)) for number in range(size.sick)]
        all_blocked = holds_within(lambda: len(_blocked(client, sick)) == size.sick, _PATIENCE_SECONDS)
        ground.platform.kill("orchestrator")
        attempts = _attempts(client, sick)
        beside = [launched(client, command(healthy, f"beside-{n}", _RETRY)) for n in range(size.healthy)]
        beside_ended = holds_within(lambda: not open_experiments(ground, beside), _PATIENCE_SECONDS)
        time.sleep(size.down_seconds)
        still_blocked, tried = len(_blocked(client, sick)), _attempts(client, sick) - attempts
        standing = client.resources.standing(away)
        switch(proxy, "none")
        client.resources.try_now(away)
        ended = holds_within(lambda: not open_experiments(ground, sick), _PATIENCE_SECONDS)
        history = [event.kind for event in client.resources.health_history(away)]
    verdict = ask_witness(ground, proof, sick)
    not_completed = verdict["experiments"] - verdict["completed"]
    return {
        "proof": proof,
        "all_ended": ended and beside_ended,
        "down_seconds": size.down_seconds,
        "blocked": still_blocked,
        "circuit": standing.circuit,
        "lane": standing.lane,
        "failed_probes": standing.accounts[0].failed_probes if standing.accounts else 0,
        "attempts_while_blocked": tried,
        "history": sorted(set(history)),
        "not_as_designed": not_completed + tried + (size.sick - still_blocked) + (not all_blocked),
        **verdict,
    }


def _blocked(client: Client, experiments: Sequence[str]) -> list[str]:
    """Return those that are BLOCKED and say by what, and what comes next."""
    try:
        found = [client.experiments.get(one) for one in experiments]
    except ClientError:
        return []
    return [
        one.id
        for one in found
        if one.process_state is ProcessState.BLOCKED and one.blocked and one.blocked["cause"] and "probe" in one.next
    ]


def _attempts(client: Client, experiments: Sequence[str]) -> int:
    return sum(next(client.experiments.tasks(one)).attempt for one in experiments)
