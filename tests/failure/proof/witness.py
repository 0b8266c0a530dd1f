"""The independent witness: counts from Slurm's own records and the database's rows, never from the platform's counters.

A program of its own that imports nothing of the platform::

    python witness.py --proof NAME --accepted ids.txt --database URL --jobcomp jobcomp.txt --runs runs.txt

``ids.txt`` holds the id of every experiment that the API server accepted; they are named NAME-1, NAME-2 … ``runs.txt``
has a line from each run of the application (its job name). It prints one JSON object and ends with status 1 when
anything was lost or done twice.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg2

TERMINAL = {"COMPLETED", "FAILED", "CANCELED"}
_NAME = re.compile(r"\bName=(\S+)")


@dataclass(frozen=True)
class Row:
    """An experiment of the proof as the tables have it."""

    state: str
    tasks: tuple[str, ...]
    """Its submission tasks."""


@dataclass(frozen=True)
class Verdict:
    """What the records say."""

    experiments: int
    """Accepted by the API server."""
    completed: int
    failed: int
    canceled: int
    lost: int
    """Not in the database, not terminal, or COMPLETED although the application never ran."""
    jobs: int
    """Jobs of the proof's tasks, or of no task at all, in the scheduler's completion file and queue."""
    duplicates: int
    """Jobs and application runs beyond the first of each task; experiments and jobs that nobody asked for."""


def job_names(jobcomp: Path, squeue: str | None) -> Counter[str]:
    """Count the platform's jobs by name, finished (completion file) and live (queue)."""
    text = jobcomp.read_text(encoding="utf-8", errors="replace") if jobcomp.exists() else ""
    names = Counter(found for found in _NAME.findall(text) if found.startswith("howdah-"))
    if squeue is not None:
        answer = subprocess.run([squeue, "-h", "-o", "%j"], capture_output=True, text=True, check=True, timeout=30)
        names.update(name for name in answer.stdout.split() if name.startswith("howdah-"))
    return names


def task_of(job_name: str) -> str:
    """Return the task in a job's name."""
    return job_name.removeprefix("howdah-").rsplit("-g", 1)[0]


def read_tables(database: str, proof: str, accepted: list[str]) -> tuple[dict[str, Row], set[str]]:
    """Return the proof's experiments by id, and the submission tasks of all others, straight from the tables."""
    with psycopg2.connect(database.replace("postgresql+psycopg2", "postgresql")) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT e.id::text, e.state, array_remove(array_agg(t.id::text), NULL),"
            " starts_with(e.name, %s) OR e.id = ANY(%s::uuid[]) FROM experiment e"
            " LEFT JOIN task t ON t.experiment_id = e.id AND t.type = 'job-submission' GROUP BY e.id",
            (f"{proof}-", accepted),
        )
        mine: dict[str, Row] = {}
        others: set[str] = set()
        for experiment, state, tasks, is_mine in cursor.fetchall():
            if is_mine:
                mine[experiment] = Row(state, tuple(tasks))
            else:
                others.update(tasks)
        return mine, others


def judge(accepted: Collection[str], rows: Mapping[str, Row], jobs: Counter[str], runs: Counter[str]) -> Verdict:
    """Hold the records against each other."""
    states = Counter(row.state for row in rows.values())
    tasks = {task for row in rows.values() for task in row.tasks}
    ran = {task_of(name) for name in runs}
    lost = len(set(accepted) - set(rows))
    for row in rows.values():
        never_ran = row.state == "COMPLETED" and any(task not in ran for task in row.tasks)
        lost += row.state not in TERMINAL or never_ran
    wanted = {name: int(task_of(name) in tasks) for name in jobs | runs}
    surplus = sum(max(jobs[name], runs[name]) - times for name, times in wanted.items())
    return Verdict(
        experiments=len(accepted),
        completed=states["COMPLETED"],
        failed=states["FAILED"],
        canceled=states["CANCELED"],
        lost=lost,
        jobs=jobs.total(),
        duplicates=surplus + len(set(rows) - set(accepted)),
    )


def without(names: Counter[str], tasks: set[str]) -> Counter[str]:
    """Leave out what belongs to ``tasks``."""
    return Counter({name: times for name, times in names.items() if task_of(name) not in tasks})


def main() -> int:
    """Read the records, print the verdict, say by the exit status whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proof", required=True, help="what the experiments' names begin with")
    parser.add_argument("--accepted", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--jobcomp", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--squeue", help="the squeue command, to count live jobs as well (SLURM_CONF must be set)")
    options = parser.parse_args()
    accepted = options.accepted.read_text(encoding="utf-8").split()
    rows, others = read_tables(options.database, options.proof, accepted)
    runs = Counter(options.runs.read_text(encoding="utf-8").split() if options.runs.exists() else [])
    jobs = job_names(options.jobcomp, options.squeue)
    verdict = judge(accepted, rows, without(jobs, others), without(runs, others))
    print(json.dumps(asdict(verdict)))
    return 1 if verdict.lost or verdict.duplicates else 0


if __name__ == "__main__":
    sys.exit(main())
