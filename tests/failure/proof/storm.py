"""The kill storm: every process of the platform is killed at random while experiments run on real Slurm over real sshd.

Two kinds of kill: at random, each kind of process in turn; and *in the window*, when a job was submitted and its id is
not recorded yet. Half of the kills in the window take the wrapper on the login node as well.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from howdah.contracts.control import ChildState
from howdah.local.composition import SERVICES
from tests.failure.proof.gateway import launch_one
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.verdicts import ask_witness, wait_ended

KINDS = ("api-server", "orchestrator", *(module.replace("_", "-") for module in SERVICES))

_GATEWAYS = 8
_MOST = 4
"""At most so many times the planned experiments are launched."""


@dataclass(frozen=True)
class StormSize:
    """How hard it blows."""

    scale: Scale
    kills: int
    kills_of_each: int
    kills_in_window: int
    seconds: float
    """How long the experiments have to end after the last kill."""
    kinds: tuple[str, ...] = KINDS
    """What is killed at random."""

    @property
    def pace_seconds(self) -> float:
        """How far apart the experiments are launched, so that they run as long as it storms."""
        return 1.1 * self.kills / self.scale.experiments


FULL = StormSize(Scale(50, pause_seconds=0.4), kills=40, kills_of_each=3, kills_in_window=12, seconds=420)
SMALL = StormSize(Scale(8, pause_seconds=0.4), kills=11, kills_of_each=1, kills_in_window=2, seconds=150)
SABOTAGE = StormSize(Scale(10, pause_seconds=0.4), kills=6, kills_of_each=0, kills_in_window=4, seconds=45)


class Storm:
    """Kills until its quotas are filled. Its counters say what it did, never what the platform did."""

    def __init__(self, ground: Ground, size: StormSize, seed: int) -> None:
        self._ground, self._size = ground, size
        self._chance = random.Random(seed)  # noqa: S311 - a storm has to be repeatable, not secret
        self.killed: Counter[str] = Counter()
        self.in_window = 0
        self._seen: set[str] = set()

    def blow(self, until: float) -> None:
        """Kill until every quota is filled or ``until`` (monotonic seconds) has come."""
        next_random = time.monotonic() + 1.0
        while not self._spent and time.monotonic() < until:
            if self.windows_left:
                self._strike_in_window()
            if time.monotonic() >= next_random and not self._random_spent:
                next_random = time.monotonic() + self._chance.uniform(0.6, 1.6)
                self._strike()
            time.sleep(0.02)

    @property
    def _spent(self) -> bool:
        return self.windows_left == 0 and self._random_spent

    @property
    def windows_left(self) -> int:
        """How many kills in a window are still wanting."""
        return self._size.kills_in_window - self.in_window

    @property
    def _random_spent(self) -> bool:
        """What the windows will still take counts as killed; what is not needed is not killed."""
        enough = self.killed.total() + self.windows_left >= self._size.kills
        return enough and all(self.killed[kind] >= self._size.kills_of_each for kind in self._size.kinds)

    def _strike(self) -> None:
        """Kill a process that is ready, of a kind that was hit least. What only just starts would prove nothing."""
        ready = {one.name for one in self._ground.platform.children() if one.state is ChildState.READY}
        candidates = [kind for kind in self._size.kinds if self._replicas(kind) & ready]
        if not candidates:
            return
        least = min(self.killed[kind] for kind in candidates)
        kind = self._chance.choice([kind for kind in candidates if self.killed[kind] == least])
        if self._ground.platform.kill(self._chance.choice(sorted(self._replicas(kind) & ready))):
            self.killed[kind] += 1

    @staticmethod
    def _replicas(kind: str) -> set[str]:
        return {kind, f"{kind}-2"}

    def _strike_in_window(self) -> None:
        for window in list(self._ground.windows.iterdir()):
            if window.name in self._seen:
                continue
            self._seen.add(window.name)
            struck = [self._ground.platform.kill(name) for name in ("job-submission", "job-submission-2")]
            if any(struck) and window.exists():
                self.killed["job-submission"] += sum(struck)
                self.in_window += 1
                if self._chance.random() < 0.5:
                    _kill_wrapper(window)
            return


def _kill_wrapper(window: Path) -> None:
    with suppress(OSError, ValueError):
        os.kill(int(window.read_text()), signal.SIGKILL)


def launch_under_fire(ground: Ground, size: StormSize, proof: str, storm: Storm) -> list[str]:
    """Launch one experiment after another while it storms, and more than planned when windows are still wanting."""
    with ThreadPoolExecutor(_GATEWAYS) as pool:
        launching: list[Future[str]] = []
        for number in range(_MOST * size.scale.experiments):
            if number >= size.scale.experiments and not storm.windows_left:
                break
            launching.append(pool.submit(launch_one, ground, proof, number, size.scale))
            time.sleep(size.pace_seconds)
        return [future.result() for future in launching]


def kill_storm(ground: Ground, size: StormSize, seed: int, proof: str = "kill-storm") -> Line:
    """Run the proof and return its line."""
    ground.begin(size.scale)
    storm = Storm(ground, size, seed)
    thread = threading.Thread(target=storm.blow, args=(time.monotonic() + size.seconds,), daemon=True)
    thread.start()
    accepted = launch_under_fire(ground, size, proof, storm)
    thread.join(size.seconds)
    ended = wait_ended(ground, accepted, size.seconds)
    return {
        "proof": proof,
        "seed": seed,
        "kills": storm.killed.total(),
        "kills_in_window": storm.in_window,
        "kills_of_each": dict(sorted(storm.killed.items())),
        "all_ended": ended,
        **ask_witness(ground, proof, accepted),
    }
