"""Waiting for the end of what was launched, and asking the witness."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg2

from tests.failure.proof.ground import Ground, Line
from tests.fixtures.waiting import holds_within

_TERMINAL = ("COMPLETED", "FAILED", "CANCELED")
_BROKEN = (
    "lost",
    "duplicates",
    "not_as_designed",
    "missing",
    "healthy_delayed",
    "acknowledged_early",
    "unacknowledged",
    "ran_after_canceled",
    "ran_twice",
)


def holds(line: Line) -> bool:
    """Tell whether the line shows every promise kept."""
    return not any(line.get(name) for name in _BROKEN) and line.get("all_ended", True) is True


def rows(ground: Ground, statement: str, *values: object) -> list[tuple[str, ...]]:
    """Return what the tables say."""
    with psycopg2.connect(ground.postgres.url.replace("postgresql+psycopg2", "postgresql")) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        found: list[tuple[str, ...]] = cursor.fetchall()
        return found


def open_experiments(ground: Ground, experiments: Sequence[str]) -> list[tuple[str, ...]]:
    """Return (id, state) of those that have not ended, straight from the tables."""
    statement = "SELECT id::text, state FROM experiment WHERE id = ANY(%s::uuid[]) AND state <> ALL(%s)"
    return rows(ground, statement, list(experiments), list(_TERMINAL))


def wait_ended(ground: Ground, experiments: Sequence[str], seconds: float) -> bool:
    """Return whether all have ended, and the scheduler's queue is empty, before ``seconds`` have passed."""

    def ended() -> bool:
        return not open_experiments(ground, experiments) and not ground.slurm.live_jobs()

    return holds_within(ended, seconds, every=0.25)


def ask_witness(ground: Ground, proof: str, experiments: Sequence[str]) -> dict[str, int]:
    """Have the experiments of ``proof`` counted by the witness, the separate program that it is."""
    listed = ground.directory / f"{proof}.accepted"
    listed.write_text("\n".join(experiments), encoding="utf-8")
    arguments = {
        "--proof": proof,
        "--accepted": listed,
        "--database": ground.postgres.url,
        "--jobcomp": ground.slurm.directory / "jobcomp.txt",
        "--runs": ground.runs,
        "--squeue": shutil.which("squeue") or "squeue",
    }
    return hear(witness("witness.py", arguments, ground.slurm.environment), seconds=120)


def witness(
    program: str, arguments: Mapping[str, object], environment: Mapping[str, str], *flags: str
) -> "subprocess.Popen[str]":
    """Start a witness, a program beside this file."""
    named = [str(part) for pair in arguments.items() for part in pair]
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name(program)), *named, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def hear(witness: "subprocess.Popen[str]", seconds: float) -> dict[str, int]:
    """Return what the witness has to say."""
    try:
        said, complaint = witness.communicate(timeout=seconds)
    finally:
        witness.kill()
    if not said.strip():
        raise RuntimeError(f"the witness said nothing: {complaint[-2_000:]}")
    verdict: dict[str, int] = json.loads(said.strip().splitlines()[-1])
    return verdict
