"""Submitting as the platform does, again and again, while somebody cuts the link at random."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import MEANINGS
from howdah.contracts.resources import ResourceTarget
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission

_ATTEMPTS = 15
"""After so many attempts of one task the link stays whole."""


def submit_over_a_cut_link(
    submissions: Sequence[Submission],
    target: ResourceTarget,
    sshd: SshServer,
    proxy: FaultProxy,
    calm: tuple[float, float],
) -> tuple[list[str], int]:
    """Submit each until it has an id; return the ids and how many attempts it took in all.

    ``calm`` are the shortest and the longest time between two cuts, in seconds.
    """
    chance = random.Random(7)  # noqa: S311 - a test's own dice
    stop, attempts = threading.Event(), Counter[str]()
    way = target.model_copy(update={"port": proxy.port})

    def saw() -> None:
        while not stop.wait(chance.uniform(*calm)):
            proxy.cut()

    def persist(submission: Submission) -> str:
        with PooledReach() as reach:
            while True:
                attempts[submission.task_id] += 1
                try:
                    with reach.connect(way, sshd.secret) as connection:
                        return submission.submit(connection, attempts[submission.task_id]).native_id
                except TaskError as error:
                    if not MEANINGS[error.failure.kind].retried:
                        raise
                if attempts[submission.task_id] > _ATTEMPTS:
                    stop.set()

    cutter = threading.Thread(target=saw)
    cutter.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(persist, submissions)), attempts.total()
    finally:
        stop.set()
        cutter.join(10)


def submitted_or_why_not(submission: Submission, target: ResourceTarget, sshd: SshServer) -> str:
    """Submit once; return "submitted", or the failure's kind."""
    with PooledReach() as reach, reach.connect(target, sshd.secret) as connection:
        try:
            submission.submit(connection)
        except TaskError as error:
            return error.failure.kind
    return "submitted"
