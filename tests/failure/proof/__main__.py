"""Runs the proofs: a JSON line each, and status 1 when a promise was broken.

With ``--sabotage`` the witnesses are the ones on trial: the run succeeds when they report what the sabotage broke.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator

from tests.failure.proof import (
    bad_bytes,
    faulty_link,
    login_nodes,
    outages,
    queues,
    resource_outage,
    ssh_faults,
    steered_runs,
    storm,
    workflows,
)
from tests.failure.proof.ground import Ground, Line, proving_ground
from tests.failure.proof.sabotage import MODES, sabotaged
from tests.failure.proof.verdicts import holds

Proof = Callable[[Ground], list[Line]]


def _proofs(*, full: bool, seed: int) -> dict[str, Proof]:
    """Return the proofs by name, in the order in which they share a ground."""
    storms, outage = (storm.FULL, outages.FULL) if full else (storm.SMALL, outages.SMALL)
    classic, long = (queues.FULL_CLASSIC, queues.FULL_LONG) if full else (queues.SMALL_CLASSIC, queues.SMALL_LONG)
    return {
        "kill-storm": lambda ground: [storm.kill_storm(ground, storms, seed)],
        "kafka-outage": lambda ground: [outages.kafka_outage(ground, outage)],
        "postgres-outage": lambda ground: [outages.postgres_outage(ground, outage)],
        "ssh-faults": lambda ground: ssh_faults.ssh_faults(ground, ssh_faults.FULL if full else ssh_faults.SMALL),
        "faulty-link": lambda ground: [
            faulty_link.submissions(ground, faulty_link.FULL if full else faulty_link.SMALL, seed)
        ],
        "cancels": lambda ground: [
            faulty_link.cancels(ground, faulty_link.CANCELS if full else faulty_link.FEW_CANCELS, seed)
        ],
        "login-nodes": lambda ground: [login_nodes.stopped_submitter(ground, 10 if full else 1)],
        "outage": lambda ground: [
            resource_outage.resource_outage(ground, size)
            for size in (resource_outage.FULL if full else resource_outage.SMALL)
        ],
        "steered-runs": lambda ground: [steered_runs.steered_runs(ground)],
        "workflows": lambda ground: [workflows.workflows(ground, workflows.FULL if full else workflows.SMALL, seed)],
        "classic-demonstration": lambda ground: [queues.classic_demonstration(ground, classic, seed)],
        "long-handler": lambda ground: queues.long_handler(ground, long),
        "frozen-consumer": lambda ground: queues.frozen_consumer(
            ground, queues.FULL_FROZEN if full else queues.SMALL_FROZEN
        ),
        "bad-bytes": lambda ground: [bad_bytes.bad_bytes(ground, bad_bytes.FULL if full else bad_bytes.SMALL)],
    }


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.failure.proof", description=__doc__)
    names = list(_proofs(full=False, seed=0))
    parser.add_argument("proofs", nargs="*", metavar="PROOF", help=f"of {', '.join(names)}; all unless told")
    parser.add_argument("--full", action="store_true", help="the full size, as `make proof` runs it")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--sabotage", choices=(*MODES, "all"), help="break the platform on purpose; the witnesses must see it"
    )
    options = parser.parse_args()
    if unknown := set(options.proofs) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(names)}")
    good = True
    with proving_ground(lambda: not good) as ground:
        for line, fine in _results(ground, options):
            print(json.dumps(line), flush=True)
            good = good and fine
    return 0 if good else 1


def _results(ground: Ground, options: argparse.Namespace) -> Iterator[tuple[Line, bool]]:
    if options.sabotage:
        for mode in MODES if options.sabotage == "all" else (options.sabotage,):
            line = sabotaged(ground, mode, options.seed, full=options.full)
            yield line, not holds(line)
        return
    proofs = _proofs(full=options.full, seed=options.seed)
    for name in options.proofs or proofs:
        yield from ((line, holds(line)) for line in proofs[name](ground))


if __name__ == "__main__":
    sys.exit(main())
