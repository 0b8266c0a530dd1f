"""A child that the supervisor keeps alive: its state, and what becomes of it at each look."""

from dataclasses import dataclass
from datetime import datetime

from howdah.contracts.control import ChildState, ChildStatus
from howdah.local.child import Child
from howdah.local.errors import LocalStackError
from howdah.local.progress import Progress
from howdah.local.run_record import RunRecord
from howdah.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a dead child waits for its restart. One that lived ``forgiven_after_seconds`` starts over."""

    initial_seconds: float = 0.5
    multiplier: float = 2.0
    max_seconds: float = 30.0
    forgiven_after_seconds: float = 30.0

    def delay(self, failures: int) -> float:
        """Return the wait after the ``failures``-th death in a row (1 is the first)."""
        return float(min(self.initial_seconds * self.multiplier ** (failures - 1), self.max_seconds))


@dataclass(frozen=True, slots=True)
class Patience:
    """When a child that is ready counts as hanging: after so many checks in a row that it did not pass."""

    check_seconds: float = 5.0
    checks: int = 6


class KeptChild:
    """WAITING → STARTING → READY, to WAITING when it dies or hangs; in the end STOPPING, STOPPED. For one thread."""

    def __init__(  # noqa: PLR0913, PLR0917 - the child and what it is kept by
        self,
        child: Child,
        record: RunRecord,
        progress: Progress,
        clock: Clock,
        backoff: Backoff,
        patience: Patience,
    ) -> None:
        self._child = child
        self._record = record
        self._progress = progress
        self._clock = clock
        self._backoff = backoff
        self._patience = patience
        self._state = ChildState.STOPPED
        self._since: datetime = clock.now()
        self._trouble: str | None = None
        self._failures = 0
        self._restarts = 0
        self._missed = 0
        self._due = self._started = self._overdue = self._next_check = 0.0

    @property
    def name(self) -> str:
        """The child's name."""
        return self._child.spec.name

    @property
    def state(self) -> ChildState:
        """How it is."""
        return self._state

    @property
    def child(self) -> Child:
        """The process itself."""
        return self._child

    def status(self) -> ChildStatus:
        """Describe it for the control socket."""
        return ChildStatus(
            name=self.name,
            state=self._state,
            pid=self._child.pid,
            since=self._since,
            restarts=self._restarts,
            trouble=self._trouble,
            log=str(self._child.log_path),
            health_port=self._child.spec.health_port,
        )

    def start(self) -> None:
        """Start it now; what fails is tried again after the back-off."""
        try:
            self._child.start()
        except LocalStackError as error:
            self._wait_for_restart(str(error))
            return
        if (pid := self._child.pid) is not None:
            self._record.started(self.name, pid, self._child.spec.stop_signal)
        self._started = self._clock.monotonic()
        self._overdue = self._started + self._child.spec.ready_timeout_seconds
        self._enter(ChildState.STARTING, "starting")

    def look(self) -> None:
        """See how it is, and do what is due."""
        now = self._clock.monotonic()
        if self._state is ChildState.WAITING and now >= self._due:
            self._restarts += 1
            self.start()
        elif self._state in {ChildState.STARTING, ChildState.READY} and self._child.pid is None:
            self._died(now)
        elif self._state is ChildState.STOPPING:
            self._look_whether_stopped(now)
        elif self._state is ChildState.STARTING:
            self._look_whether_ready(now)
        elif self._state is ChildState.READY and now >= self._next_check:
            self._look_whether_alive()

    def restart(self) -> None:
        """Stop it in order and start it again."""
        self._child.stop()
        self._record.ended(self.name)
        self._restarts += 1
        self.start()

    def retire(self) -> None:
        """Ask it to stop, for good, and return at once; the looks that follow see to its end."""
        self._child.ask_to_stop()
        self._overdue = self._clock.monotonic() + self._child.spec.grace_seconds
        self._enter(ChildState.STOPPING, None)

    def finish(self, deadline: float) -> None:
        """Wait for its end until ``deadline``, then kill it."""
        if not self._child.wait_stopped(deadline):
            self._progress.say(f"{self.name} did not stop in time and was killed")
        self._record.ended(self.name)
        self._enter(ChildState.STOPPED, None)

    def _look_whether_stopped(self, now: float) -> None:
        if self._child.pid is None or now > self._overdue:
            self.finish(now)

    def _look_whether_ready(self, now: float) -> None:
        self._trouble = self._child.spec.ready()
        if self._trouble is None:
            self._enter(ChildState.READY, None)
            self._missed, self._next_check = 0, now + self._patience.check_seconds
            if self._restarts:
                self._progress.say(f"{self.name} is ready again")
        elif now > self._overdue:
            self._progress.say(f"{self.name} is still not ready: {self._trouble}; its log is {self._child.log_path}")
            self._overdue = now + self._child.spec.ready_timeout_seconds

    def _look_whether_alive(self) -> None:
        self._trouble = self._child.spec.alive()
        self._missed = self._missed + 1 if self._trouble else 0
        self._next_check = self._clock.monotonic() + self._patience.check_seconds
        if self._missed >= self._patience.checks:
            self._child.kill()
            self._record.ended(self.name)
            self._wait_for_restart(f"hung and was killed: {self._missed} checks in a row failed, {self._trouble}")

    def _died(self, now: float) -> None:
        self._record.ended(self.name)
        if now - self._started >= self._backoff.forgiven_after_seconds:
            self._failures = 0
        status = self._child.exit_status
        how = f"was ended by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
        self._wait_for_restart(how)

    def _wait_for_restart(self, how: str) -> None:
        self._failures += 1
        delay = self._backoff.delay(self._failures)
        self._due = self._clock.monotonic() + delay
        self._enter(ChildState.WAITING, f"{how}; starts again in {delay:.1f} s")
        self._progress.say(f"{self.name} {self._trouble}; its log is {self._child.log_path}")

    def _enter(self, state: ChildState, trouble: str | None) -> None:
        self._state, self._since, self._trouble = state, self._clock.now(), trouble
