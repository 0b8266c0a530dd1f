"""Sabotage on purpose: what the witnesses must report, or they are worth nothing."""

import sys

from tests.failure.proof import faulty_link, queues, storm
from tests.failure.proof.ground import Ground, Line

MODES = (
    "plain-submission",
    "plain-submission-over-a-link",
    "early-acknowledgement",
    "early-acknowledgement-in-a-queue",
)
_SABOTAGED = (sys.executable, "-m", "tests.failure.proof.sabotaged_submission")


def sabotaged(ground: Ground, mode: str, seed: int, *, full: bool = False) -> Line:
    """Run a proof against what was broken by ``mode``; return its line, which must not hold."""
    if mode == "early-acknowledgement-in-a-queue":
        size = queues.FULL_CLASSIC if full else queues.SABOTAGED_CLASSIC
        return {**queues.classic_demonstration(ground, size, seed, early=True), "sabotage": mode}
    if mode == "plain-submission-over-a-link":
        ground.sabotage({"job-submission": [*_SABOTAGED, "plain-submission"]})
        return {**faulty_link.submissions(ground, faulty_link.SABOTAGED, seed, proof=mode), "sabotage": mode}
    ground.sabotage({"job-submission": [*_SABOTAGED, mode]})
    return {**storm.kill_storm(ground, storm.FULL if full else storm.SABOTAGE, seed, proof=mode), "sabotage": mode}
