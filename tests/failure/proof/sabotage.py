"""Sabotage on purpose: what the witnesses must report, or they are worth nothing."""

import sys

from tests.failure.proof import faulty_link, login_nodes, queues, storm, workflows
from tests.failure.proof.ground import Ground, Line
from tests.failure.proof.sabotaged_submission import plain_submit

MODES = (
    "plain-submission",
    "plain-submission-over-a-link",
    "plain-submission-on-two-login-nodes",
    "empty-cancel",
    "early-acknowledgement",
    "early-acknowledgement-in-a-queue",
    "plain-command",
)
_SABOTAGED = (sys.executable, "-m", "tests.failure.proof.sabotaged_submission")


def sabotaged(ground: Ground, mode: str, seed: int, *, full: bool = False) -> Line:
    """Run a proof against what was broken by ``mode``; return its line, which must not hold."""
    return {**_line(ground, mode, seed, full=full), "sabotage": mode}


def _line(ground: Ground, mode: str, seed: int, *, full: bool) -> Line:
    match mode:
        case "early-acknowledgement-in-a-queue":
            size = queues.FULL_CLASSIC if full else queues.SABOTAGED_CLASSIC
            return queues.classic_demonstration(ground, size, seed, early=True)
        case "plain-submission-on-two-login-nodes":
            return login_nodes.stopped_submitter(ground, 1, plain_submit)
        case "plain-submission-over-a-link":
            ground.sabotage({"job-submission": [*_SABOTAGED, "plain-submission"]})
            return faulty_link.submissions(ground, faulty_link.SABOTAGED, seed, proof=mode)
        case "plain-command":
            ground.sabotage({"command": [*_SABOTAGED, mode, "command"]})
            return workflows.workflows(ground, workflows.SABOTAGE, seed, proof=mode)
        case "empty-cancel":
            services = ("job-submission", "job-monitoring")
            ground.sabotage({service: [*_SABOTAGED, mode, service] for service in services})
            return faulty_link.cancels(ground, faulty_link.SABOTAGED_CANCELS, seed, proof=mode)
        case _:
            ground.sabotage({"job-submission": [*_SABOTAGED, mode]})
            return storm.kill_storm(ground, storm.FULL if full else storm.SABOTAGE, seed, proof=mode)
