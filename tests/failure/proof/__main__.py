"""Runs the proofs: a JSON line each, and status 1 when a promise was broken.

With ``--sabotage`` the witness is the one on trial: the run succeeds when it reports what the sabotage broke.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator

from tests.failure.proof import bad_bytes, outages, ssh_faults, storm
from tests.failure.proof.sabotage import MODES

Line = dict[str, object]
_BROKEN = ("lost", "duplicates", "not_as_designed", "missing")


def _proofs(*, full: bool, seed: int) -> dict[str, Callable[[], list[Line]]]:
    storms = storm.FULL if full else storm.SMALL
    outage = outages.FULL if full else outages.SMALL
    return {
        "kill-storm": lambda: [storm.kill_storm(storms, seed)],
        "kafka-outage": lambda: [outages.kafka_outage(outage)],
        "postgres-outage": lambda: [outages.postgres_outage(outage)],
        "ssh-faults": lambda: ssh_faults.ssh_faults(ssh_faults.FULL if full else ssh_faults.SMALL),
        "bad-bytes": lambda: [bad_bytes.bad_bytes(bad_bytes.FULL if full else bad_bytes.SMALL)],
    }


def holds(line: Line) -> bool:
    """Tell whether the line shows every promise kept."""
    return not any(line.get(name) for name in _BROKEN) and line.get("all_ended", True) is True


def _sabotaged(mode: str, *, full: bool, seed: int) -> Iterator[tuple[Line, bool]]:
    command = [sys.executable, "-m", "tests.failure.proof.sabotage", mode]
    size = storm.FULL if full else storm.SABOTAGE
    line = storm.kill_storm(size, seed, sabotage={"job-submission": command})
    yield {**line, "sabotage": mode}, bool(line["lost"] or line["duplicates"])


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.failure.proof", description=__doc__)
    names = list(_proofs(full=False, seed=0))
    parser.add_argument("proofs", nargs="*", metavar="PROOF", help=f"of {', '.join(names)}; all unless told")
    parser.add_argument("--full", action="store_true", help="the full size, as `make proof` runs it")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sabotage", choices=MODES, help="break the platform on purpose; the witness must see it")
    options = parser.parse_args()
    if unknown := set(options.proofs) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(names)}")
    good = True
    for line, fine in _results(options):
        print(json.dumps(line), flush=True)
        good = good and fine
    return 0 if good else 1


def _results(options: argparse.Namespace) -> Iterator[tuple[Line, bool]]:
    if options.sabotage:
        yield from _sabotaged(options.sabotage, full=options.full, seed=options.seed)
        return
    proofs = _proofs(full=options.full, seed=options.seed)
    for name in options.proofs or proofs:
        yield from ((line, holds(line)) for line in proofs[name]())


if __name__ == "__main__":
    sys.exit(main())
