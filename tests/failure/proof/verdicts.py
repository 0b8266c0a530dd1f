"""Waiting for the end of what was launched, and asking the witness."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg2

from tests.failure.proof.ground import Ground

_TERMINAL = ("COMPLETED", "FAILED", "CANCELED")


def open_experiments(ground: Ground, experiments: Sequence[str]) -> list[tuple[str, str]]:
    """Return (id, state) of those that have not ended, straight from the tables."""
    with psycopg2.connect(ground.postgres.url.replace("postgresql+psycopg2", "postgresql")) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT id::text, state FROM experiment WHERE id = ANY(%s::uuid[]) AND state <> ALL(%s)",
            (list(experiments), list(_TERMINAL)),
        )
        rows: list[tuple[str, str]] = cursor.fetchall()
        return rows


def wait_ended(ground: Ground, experiments: Sequence[str], seconds: float) -> bool:
    """Return whether all have ended, and the scheduler's queue is empty, before ``seconds`` have passed."""
    until = time.monotonic() + seconds
    while open_experiments(ground, experiments) or ground.slurm.live_jobs():
        if time.monotonic() > until:
            return False
        time.sleep(0.25)
    return True


def ask_witness(ground: Ground, experiments: Sequence[str]) -> dict[str, int]:
    """Run the witness as the separate program that it is; return what it printed."""
    listed = ground.directory / "experiments.txt"
    listed.write_text("\n".join(experiments), encoding="utf-8")
    command = [
        sys.executable,
        str(Path(__file__).with_name("witness.py")),
        *("--database", ground.postgres.url),
        *("--experiments", str(listed)),
        *("--jobcomp", str(ground.slurm.directory / "jobcomp.txt")),
        *("--runs", str(ground.runs)),
        *("--squeue", shutil.which("squeue") or "squeue"),
    ]
    environment = {**os.environ, **ground.slurm.environment}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    if not answer.stdout.strip():
        raise RuntimeError(f"the witness said nothing: {answer.stderr[-2_000:]}")
    verdict: dict[str, int] = json.loads(answer.stdout.strip().splitlines()[-1])
    return verdict
