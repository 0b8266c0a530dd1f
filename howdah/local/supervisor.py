"""The supervisor: starts children in order, keeps them alive, stops them in reverse order.

All starting, watching and stopping happens on the thread that calls ``run`` (the main thread: signals arrive there, and
the death signal of children is tied to it). The control socket's thread only reads snapshots and leaves wishes.
"""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from howdah.contracts.control import (
    Accepted,
    AnyAnswer,
    AnyRequest,
    ChildState,
    GetServices,
    GetStatus,
    RefusalReason,
    Refused,
    RestartChild,
    RestartService,
    Services,
    ServiceWish,
    StackStatus,
    StopStack,
)
from howdah.contracts.services import ServiceKind
from howdah.local.child import Child, ChildSpec
from howdah.local.child_logs import bound
from howdah.local.control import ControlServer
from howdah.local.errors import ChildDiedError, LocalStackError
from howdah.local.fleet import Fleet
from howdah.local.journal import Journal, report
from howdah.local.kept_child import Backoff, KeptChild, Patience
from howdah.local.progress import Progress
from howdah.local.rollout import step
from howdah.local.run_record import RunRecord
from howdah.runtime.clock import Clock, SystemClock

_LOOK_SECONDS = 0.1
_LOG_LOOK_SECONDS = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ECHO_SECONDS = 1.0
"""Signals within this time are one request: a terminal and a parent process may both pass on the same Ctrl-C."""


class StackStoppedError(LocalStackError):
    """Somebody asked for the stop while the stack was still starting."""


@dataclass(frozen=True)
class Wave:
    """Children that start together; the next stage begins when all are ready.

    They are described when their turn comes: a chore before them may have made what they need.
    """

    name: str
    children: Callable[[], tuple[ChildSpec, ...]]


@dataclass(frozen=True)
class Chore:
    """Work between two waves (topics, migrations). ``run`` raises LocalStackError when it fails.

    It is given a function that tells whether the stack is to stop.
    """

    name: str
    run: Callable[[Callable[[], bool]], None]


Stage = Wave | Chore


@dataclass(frozen=True)
class Plan:
    """What to run, in order, and what to tell whoever asks where it is."""

    stages: Sequence[Stage]
    api_url: str | None = None
    kafka_bootstrap: str | None = None
    backoff: Backoff = field(default_factory=Backoff)
    patience: Patience = field(default_factory=Patience)
    fleet: Fleet | None = None
    """Services that may be scaled, replaced, added and removed while the stack runs; the last stage starts some."""
    on_ready: Callable[[], None] | None = None
    """Called once on a thread of its own when everything is ready for the first time."""


class Supervisor:
    """Runs a plan in a directory. The caller holds the directory (``only_supervisor``)."""

    def __init__(self, directory: Path, plan: Plan, progress: Progress, clock: Clock | None = None) -> None:
        self._directory = directory
        self._plan = plan
        self._progress = progress
        self._clock = clock or SystemClock()
        self._record = RunRecord(directory)
        self._waves: list[list[KeptChild]] = []
        self._journal = Journal()
        self._wishes: queue.SimpleQueue[AnyRequest] = queue.SimpleQueue()
        self._stop_requests = 0
        self._last_signal = float("-inf")
        self._patience = 1
        self._next_log_look = 0.0

    def run(self) -> None:
        """Start everything, keep it running until a signal or a request to stop, then stop everything.

        Raises:
            LocalStackError: a child or a chore failed during the first start. Everything is stopped again by then.
        """
        # nohup has SIGHUP ignored: that stays so.
        heeded = [which for which in _SIGNALS if which is not signal.SIGHUP or _is_heeded(which)]
        before = {which: signal.signal(which, self._on_signal) for which in heeded}
        control = ControlServer(self._directory, self._respond)
        try:
            control.start()
            self._start_all()
            self._keep_running()
        except StackStoppedError:
            pass
        finally:
            self._stop_all()
            control.close()
            for which, handler in before.items():
                signal.signal(which, handler)

    def _start_all(self) -> None:
        for number, stage in enumerate(self._plan.stages, start=1):
            self._progress.say(f"[{number}/{len(self._plan.stages)}] {stage.name}")
            match stage:
                case Wave(children=children):
                    self._start_wave(children())
                case Chore(run=run):
                    run(self._stopping)
                    self._refuse_to_go_on_when_stopping()
        if self._plan.on_ready is not None:
            threading.Thread(target=self._plan.on_ready, name="on-ready", daemon=True).start()

    def _start_wave(self, specs: tuple[ChildSpec, ...]) -> None:
        wave: list[KeptChild] = []
        self._waves.append(wave)
        wave.extend(map(self._started, specs))
        began, waited_for = time.monotonic(), {kept.name: kept for kept in wave}
        while waited_for:
            self._refuse_to_go_on_when_stopping()
            self._take_wishes(_LOOK_SECONDS)
            self._look_after(self._kept())
            for kept in list(waited_for.values()):
                self._check_first_start(kept, began)
                if kept.state is ChildState.READY:
                    del waited_for[kept.name]
                    self._progress.say(f"      {kept.name} is ready ({time.monotonic() - began:.1f} s)")

    def _keep(self, child: Child) -> KeptChild:
        return KeptChild(child, self._record, self._progress, self._clock, self._plan.backoff, self._plan.patience)

    def _check_first_start(self, kept: KeptChild, began: float) -> None:
        """What can't even start once is not restarted for ever: the stack gives up and shows why."""
        child = kept.child
        if kept.state is ChildState.WAITING:
            raise ChildDiedError(
                f"{kept.name} ended before it was ready. The end of {child.log_path}:\n{child.log_tail()}"
            )
        if kept.state is ChildState.STARTING and time.monotonic() - began > child.spec.ready_timeout_seconds:
            raise LocalStackError(
                f"{kept.name} was not ready within {child.spec.ready_timeout_seconds:.0f} s: "
                f"{kept.status().trouble}. The end of {child.log_path}:\n{child.log_tail()}"
            )

    def _keep_running(self) -> None:
        while not self._stopping():
            self._take_wishes(_LOOK_SECONDS)
            self._look_after(self._kept())
            if self._plan.fleet is not None:
                self._follow(self._plan.fleet)
            if time.monotonic() >= self._next_log_look:
                self._next_log_look = time.monotonic() + _LOG_LOOK_SECONDS
                for kept in self._kept():
                    bound(kept.child.log_path)

    def _look_after(self, children: Sequence[KeptChild]) -> None:
        for kept in children:
            kept.look()
        self._journal.look(children)

    def _follow(self, fleet: Fleet) -> None:
        """Bring the task services, which are the last wave, to what the fleet wants."""
        step(self._waves[-1], fleet.specs(ServiceKind.BUILT_IN, ServiceKind.CUSTOM), self._started)

    def _started(self, spec: ChildSpec) -> KeptChild:
        kept = self._keep(Child(spec, self._directory / "logs" / f"{spec.name}.log"))
        kept.start()
        return kept

    def _take_wishes(self, seconds: float) -> None:
        try:
            wish = self._wishes.get(timeout=seconds)
        except queue.Empty:
            return
        match wish:
            case StopStack():
                self._stop_requests += 1
            case RestartChild(name=name):
                self._progress.say(f"restarting {name}, as asked")
                for kept in self._kept():
                    if kept.name == name:
                        kept.restart()
            case _:
                pass

    def _stop_all(self) -> None:
        self._patience = max(1, self._stop_requests)
        if self._waves:
            self._progress.say("stopping; once more Ctrl-C kills what is still running")
        for wave in reversed(self._waves):
            for kept in reversed(wave):
                kept.child.ask_to_stop()
            for kept in reversed(wave):
                self._await_end(kept)
        if self._waves:
            self._progress.say("all is stopped; the data stays")

    def _await_end(self, kept: KeptChild) -> None:
        """Wait in small steps, so that a second request to stop is heard."""
        deadline = time.monotonic() + kept.child.spec.grace_seconds
        while kept.child.pid is not None and time.monotonic() < deadline:
            if self._stop_requests > self._patience:
                break
            self._take_wishes(_LOOK_SECONDS)
        kept.finish(time.monotonic())

    def _respond(self, request: AnyRequest) -> AnyAnswer:
        match request:
            case GetStatus():
                return StackStatus(
                    directory=str(self._directory),
                    supervisor_pid=os.getpid(),
                    children=tuple(kept.status() for kept in self._kept()),
                    api_url=self._plan.api_url,
                    kafka_bootstrap=self._plan.kafka_bootstrap,
                )
            case RestartChild(name=name) if name not in (names := [kept.name for kept in self._kept()]):
                return _unknown(f"name: there is no child {name!r}, only {', '.join(names)}")
            case RestartChild() | StopStack():
                self._wishes.put(request)
                return Accepted()
            case GetServices(name=name):
                return self._services(name)
            case _:
                return self._wish(request)

    def _services(self, name: str | None) -> AnyAnswer:
        wanted = self._plan.fleet.wanted() if self._plan.fleet else ()
        chosen = [one for one in wanted if name in {None, one.name}]
        if name is not None and not chosen:
            return _unknown(f"there is no service {name!r}")
        return Services(services=tuple(report(one, self._kept(), self._journal) for one in chosen))

    def _wish(self, wish: ServiceWish) -> AnyAnswer:
        if self._plan.fleet is None:
            return _unknown("this stack has no services")
        if isinstance(wish, RestartService) and self._plan.fleet.is_platform(wish.name):
            self._wishes.put(RestartChild(name=wish.name))
            return Accepted()
        return self._plan.fleet.take(wish)

    def _kept(self) -> list[KeptChild]:
        return [kept for wave in list(self._waves) for kept in list(wave)]

    def _stopping(self) -> bool:
        return self._stop_requests > 0

    def _refuse_to_go_on_when_stopping(self) -> None:
        if self._stopping():
            raise StackStoppedError("the stack was asked to stop while it was starting")

    def _on_signal(self, _: int, __: FrameType | None) -> None:
        if time.monotonic() - self._last_signal > _ECHO_SECONDS:
            self._stop_requests += 1
        self._last_signal = time.monotonic()


def _unknown(sentence: str) -> Refused:
    return Refused(sentence=sentence, reason=RefusalReason.UNKNOWN)


def _is_heeded(which: signal.Signals) -> bool:
    return signal.getsignal(which) is not signal.SIG_IGN
