"""The witness of workflows: counts the lines that nodes left when they ran, and asks the tables whether all have ended.

A program of its own that imports nothing of the platform::

    python workflow_witness.py --proof NAME --accepted ids.txt --wanted nodes.json --database URL --traces traces

``ids.txt`` holds the id of every run that the API server accepted; they are named NAME-0, NAME-1 … ``nodes.json`` says
how often each node of a run is to run; what it does not name must not run. ``traces`` has a line ``RUN NODE`` from each
time. It prints one JSON object and ends with status 1 when anything was lost or done twice.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg2

TERMINAL = ("COMPLETED", "FAILED", "CANCELED", "SKIPPED")


@dataclass(frozen=True)
class Run:
    """A run as the tables have it."""

    name: str
    state: str
    open: int
    """How many of its processes and tasks have not ended."""


@dataclass(frozen=True)
class Verdict:
    """What the records say."""

    runs: int
    """Accepted by the API server."""
    completed: int
    nodes_run: int
    """Lines that nodes left."""
    lost: int
    """Runs that are not in the tables or have not COMPLETED, and what of them has not ended."""
    missing: int
    """Times that nodes of runs should have run and have not."""
    ran_twice: int
    """Times beyond those; nodes of branches that were not taken; runs that nobody asked for."""


def judge(accepted: Iterable[str], runs: Mapping[str, Run], wanted: Mapping[str, int], traces: Counter[str]) -> Verdict:
    """Hold the records against each other."""
    asked = set(accepted)
    names = [run.name for identity, run in runs.items() if identity in asked]
    due = Counter({f"{name} {node}": times for name in names for node, times in wanted.items()})
    completed = sum(run.state == "COMPLETED" for run in runs.values())
    return Verdict(
        runs=len(asked),
        completed=completed,
        nodes_run=traces.total(),
        lost=len(asked) - completed + sum(run.open for run in runs.values()),
        missing=(due - traces).total(),
        ran_twice=(traces - due).total() + len(set(runs) - asked),
    )


def read_tables(database: str, proof: str) -> dict[str, Run]:
    """Return the proof's runs by id, straight from the tables."""
    with psycopg2.connect(database.replace("postgresql+psycopg2", "postgresql")) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT e.id::text, e.name, e.state,"
            " (SELECT count(*) FROM task t WHERE t.experiment_id = e.id AND t.state <> ALL(%(ended)s))"
            " + (SELECT count(*) FROM process p WHERE p.experiment_id = e.id AND p.state <> ALL(%(ended)s))"
            " FROM experiment e WHERE starts_with(e.name, %(mine)s)",
            {"ended": list(TERMINAL), "mine": f"{proof}-"},
        )
        return {identity: Run(name, state, still) for identity, name, state, still in cursor.fetchall()}


def main() -> int:
    """Read the records, print the verdict, say by the exit status whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proof", required=True, help="what the runs' names begin with")
    parser.add_argument("--accepted", type=Path, required=True)
    parser.add_argument("--wanted", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--traces", type=Path, required=True)
    options = parser.parse_args()
    accepted = options.accepted.read_text(encoding="utf-8").split()
    lines = options.traces.read_text(encoding="utf-8").splitlines() if options.traces.exists() else []
    wanted = json.loads(options.wanted.read_text(encoding="utf-8"))
    verdict = judge(accepted, read_tables(options.database, options.proof), wanted, Counter(lines))
    print(json.dumps(asdict(verdict)))
    return 1 if verdict.lost or verdict.missing or verdict.ran_twice else 0


if __name__ == "__main__":
    sys.exit(main())
