"""Sabotage on purpose: what the witnesses must report, or they are worth nothing."""

import sys

from tests.failure.proof import queues, storm
from tests.failure.proof.ground import Ground, Line

MODES = ("plain-submission", "early-acknowledgement", "early-acknowledgement-in-a-queue")


def sabotaged(ground: Ground, mode: str, seed: int, *, full: bool = False) -> Line:
    """Run a proof against what was broken by ``mode``; return its line, which must not hold."""
    if mode == "early-acknowledgement-in-a-queue":
        size = queues.FULL_CLASSIC if full else queues.SABOTAGED_CLASSIC
        return {**queues.classic_demonstration(ground, size, seed, early=True), "sabotage": mode}
    ground.sabotage({"job-submission": [sys.executable, "-m", "tests.failure.proof.sabotaged_submission", mode]})
    return {**storm.kill_storm(ground, storm.FULL if full else storm.SABOTAGE, seed, proof=mode), "sabotage": mode}
