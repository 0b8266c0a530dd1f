"""The independent witness: counts from Slurm's own records and the database's rows, never from the platform's counters.

A program of its own that imports nothing of the platform::

    python witness.py --database URL --experiments ids.txt --jobcomp jobcomp.txt --runs runs.txt

``ids.txt`` holds the id of every experiment that the API server accepted; ``runs.txt`` a line from each run of the
application (its job name). It prints one JSON object and ends with status 1 when anything was lost or done twice.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg2

TERMINAL = {"COMPLETED", "FAILED", "CANCELED"}
_NAME = re.compile(r"\bName=(\S+)")


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
    """Jobs of the platform in the scheduler's completion file and queue."""
    duplicates: int
    """Jobs and application runs beyond the first of each task."""


def job_names(jobcomp: Path, squeue: str | None) -> Counter[str]:
    """Count the platform's jobs by name, finished (completion file) and live (queue)."""
    text = jobcomp.read_text(encoding="utf-8", errors="replace") if jobcomp.exists() else ""
    names = Counter(found for found in _NAME.findall(text) if found.startswith("howdah-"))
    if squeue is not None:
        answer = subprocess.run([squeue, "-h", "-o", "%j"], capture_output=True, text=True, check=True, timeout=30)
        names.update(name for name in answer.stdout.split() if name.startswith("howdah-"))
    return names


def rows_of(database: str, experiments: list[str]) -> dict[str, tuple[str, list[str]]]:
    """Return experiment id → (state, ids of its submission tasks), straight from the tables."""
    with psycopg2.connect(database.replace("postgresql+psycopg2", "postgresql")) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT e.id::text, e.state, array_remove(array_agg(t.id::text), NULL) FROM experiment e"
            " LEFT JOIN task t ON t.experiment_id = e.id AND t.type = 'job-submission'"
            " WHERE e.id = ANY(%s::uuid[]) GROUP BY e.id",
            (experiments,),
        )
        return {experiment: (state, tasks) for experiment, state, tasks in cursor.fetchall()}


def judge(
    experiments: list[str], rows: dict[str, tuple[str, list[str]]], jobs: Counter[str], runs: Counter[str]
) -> Verdict:
    """Hold the records against each other."""
    states = Counter(state for state, _ in rows.values())
    ran_tasks = {name.removeprefix("howdah-").rsplit("-g", 1)[0] for name in runs}
    lost = len(set(experiments) - set(rows))
    for state, tasks in rows.values():
        never_ran = state == "COMPLETED" and any(task not in ran_tasks for task in tasks)
        lost += state not in TERMINAL or never_ran
    twice = Counter({name: max(jobs[name], runs[name]) - 1 for name in jobs | runs})
    return Verdict(
        experiments=len(experiments),
        completed=states["COMPLETED"],
        failed=states["FAILED"],
        canceled=states["CANCELED"],
        lost=lost,
        jobs=jobs.total(),
        duplicates=sum(extra for extra in twice.values() if extra > 0),
    )


def main() -> int:
    """Read the records, print the verdict, say by the exit status whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--jobcomp", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--squeue", help="the squeue command, to count live jobs as well (SLURM_CONF must be set)")
    options = parser.parse_args()
    experiments = options.experiments.read_text(encoding="utf-8").split()
    runs = Counter(options.runs.read_text(encoding="utf-8").split() if options.runs.exists() else [])
    verdict = judge(
        experiments, rows_of(options.database, experiments), job_names(options.jobcomp, options.squeue), runs
    )
    print(json.dumps(asdict(verdict)))
    return 1 if verdict.lost or verdict.duplicates else 0


if __name__ == "__main__":
    sys.exit(main())
