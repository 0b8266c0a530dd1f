"""SSH connections that outlive the work they were opened for: one pool a process, few connections an account."""

import contextlib
import random
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import paramiko

from howdah.compute.abstract import Bounds, SecretSource
from howdah.compute.operation import Operation
from howdah.compute.ssh.gate import SessionGate
from howdah.compute.ssh.greetings import Greetings
from howdah.compute.ssh.opening import open_transport
from howdah.compute.ssh.pump import ChannelPump
from howdah.compute.ssh.resident import ResidentShell
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.resources import JumpHost, ResourceTarget
from howdah.runtime import metrics

_CONNECTS_AT_A_TIME = 2
_RECONNECT_DELAYS = (0.2, 0.8)
_USERS_PER_CONNECTION = 8
_CONNECTIONS_PER_ACCOUNT = 3
_IDLE_SECONDS = 60.0
_LIFETIME_SECONDS = 3_600.0
"""A connection older than this is lent no more: what has changed on the host (groups, limits, start files) is seen."""
_LOOK_EVERY_SECONDS = 1.0
_OVERDUE_SECONDS = 3.0

_WHY_NOBODY = "its sshd is stuck or at its limit (MaxStartups), or it blocks this address (fail2ban)"

Carrier = ResidentShell | ChannelPump
Opener = Callable[[ResourceTarget, SecretSource, Bounds], paramiko.Transport]


class Pooled:
    """One open connection and who uses it."""

    def __init__(self, transport: paramiko.Transport, key: Hashable, account: str) -> None:
        self.transport = transport
        self.key = key
        self.account = account
        self.gate = SessionGate()
        self.users = 0
        self.retired = False
        self.lets_wait = True
        """Whether the account lets a shell wait for commands, as far as is known."""
        self.opened_at = self.idle_since = time.monotonic()
        self._waiting: deque[ResidentShell] = deque()
        self.under_way: set[Operation] = set()

    @property
    def usable(self) -> bool:
        """Whether new work may be given to it."""
        return not self.retired and self.transport.is_active()

    def take(self) -> ResidentShell | None:
        """Return a shell that waits, if there is one: the one that was used last."""
        while self._waiting:
            with contextlib.suppress(IndexError):  # another thread took it
                shell = self._waiting.pop()
                if shell.alive:
                    return shell
                shell.close()
        return None

    def keep(self, carrier: Carrier) -> None:
        """Take a command's shell back to wait for the next; what takes no other is closed."""
        if isinstance(carrier, ResidentShell) and carrier.alive and len(self._waiting) < self.gate.limit:
            self._waiting.append(carrier)
        else:
            carrier.close()

    def end_waiting(self) -> None:
        """Close the shells that wait: the host wants fewer sessions."""
        while (shell := self.take()) is not None:
            shell.close()


class SshPool:
    """Lends connections by (host, port, user, credential, pins, way there).

    A thread of its own closes what is idle, and what an operation hangs in past its end although it should have
    noticed: paramiko's sends, for one, know no time-out.
    """

    def __init__(
        self,
        *,
        idle_seconds: float = _IDLE_SECONDS,
        lifetime_seconds: float = _LIFETIME_SECONDS,
        opener: Opener = open_transport,
    ) -> None:
        self._idle_seconds = idle_seconds
        self._lifetime_seconds = lifetime_seconds
        self._opener = opener
        self._lock = threading.Lock()
        self._open: dict[Hashable, list[Pooled]] = defaultdict(list)
        self._dialing: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(_CONNECTS_AT_A_TIME))
        self._greetings = Greetings()
        self._closed = threading.Event()
        self._watch: threading.Thread | None = None

    def borrow(self, target: ResourceTarget, secret: SecretSource, bounds: Bounds) -> Pooled:
        """Return a connection to use until ``give_back``; opens one where none has room."""
        key = (target.account, target.credential_id, target.host_keys, target.jump_hosts)
        if found := self._find(key, make_room=False):
            return found
        with self._turn_to_dial(target, bounds):
            # While this thread waited for its turn another may have opened one.
            if found := self._find(key, make_room=False):
                return found
            if self._is_full(key) and (found := self._find(key, make_room=True)):
                return found
            pooled = Pooled(self._dial(target, secret, bounds), key, target.account)
            return self._keep(pooled)

    def give_back(self, pooled: Pooled) -> None:
        """End the use; what was retired is closed by its last user."""
        with self._lock:
            pooled.users -= 1
            pooled.idle_since = time.monotonic()
            if pooled.users == 0 and not pooled.usable:
                self._discard(pooled)

    def retire(self, pooled: Pooled, *, close: bool) -> None:
        """Lend it no more; ``close`` it under its other users when the peer is known to be gone."""
        pooled.retired = True
        if close:
            pooled.transport.close()

    def close(self) -> None:
        """Close all connections, also under their users."""
        self._closed.set()
        with self._lock:
            for pooled in [one for many in self._open.values() for one in many]:
                self._discard(pooled)
        if self._watch is not None:
            self._watch.join()

    def _find(self, key: Hashable, *, make_room: bool) -> Pooled | None:
        with self._lock:
            usable = [pooled for pooled in self._open.get(key, ()) if pooled.usable]
            chosen = min(usable, key=lambda pooled: pooled.users, default=None)
            if chosen is None or (chosen.users >= _USERS_PER_CONNECTION and not make_room):
                return None
            chosen.users += 1
            return chosen

    def _is_full(self, key: Hashable) -> bool:
        with self._lock:
            return sum(pooled.usable for pooled in self._open.get(key, ())) >= _CONNECTIONS_PER_ACCOUNT

    def _keep(self, pooled: Pooled) -> Pooled:
        with self._lock:
            pooled.users = 1
            self._open[pooled.key].append(pooled)
            metrics.SSH_CONNECTIONS.labels(pooled.account).inc()
            if self._closed.is_set():
                pooled.transport.close()
            elif self._watch is None:
                self._watch = threading.Thread(target=self._look_around, name="ssh-pool", daemon=True)
                self._watch.start()
        return pooled

    @contextmanager
    def _turn_to_dial(self, target: ResourceTarget, bounds: Bounds) -> Iterator[None]:
        limit = target.connect_timeout_seconds
        waiting = Operation("connect", target.host, bounds, limit, expired=FailureKind.TRANSIENT)
        with self._lock:
            turn = self._dialing[f"{target.host}:{target.port}"]
        while not turn.acquire(timeout=0.1):
            waiting.check()
        try:
            yield
        finally:
            turn.release()

    def _dial(self, target: ResourceTarget, secret: SecretSource, bounds: Bounds) -> paramiko.Transport:
        last_start = time.monotonic() + target.connect_timeout_seconds
        for delay in _RECONNECT_DELAYS:
            try:
                return self._open_one(target, secret, bounds)
            except TaskError as error:
                passing = error.failure.kind in {FailureKind.TRANSIENT, FailureKind.THROTTLED}
                if not passing or time.monotonic() + delay >= last_start:
                    raise self._weighed(error, target) from None
            self._pause(delay, bounds)
        try:
            return self._open_one(target, secret, bounds)
        except TaskError as error:
            raise self._weighed(error, target) from None

    def _open_one(self, target: ResourceTarget, secret: SecretSource, bounds: Bounds) -> paramiko.Transport:
        """Try once, and remember how the host (the target or a jump host) met us."""
        try:
            transport = self._opener(target, secret, bounds)
        except TaskError as error:
            if error.failure.kind is FailureKind.THROTTLED:
                self._greetings.refused(_place_of(error.failure, target))
            raise
        for hop in _hops(target):
            self._greetings.heard(f"{hop.host}:{hop.port}")
        return transport

    def _weighed(self, error: TaskError, target: ResourceTarget) -> TaskError:
        """Return the error as what it is: a host that lets nobody in does not throttle, it is away."""
        failure = error.failure
        if failure.kind is not FailureKind.THROTTLED:
            return error
        if self._greetings.lets_somebody_in(_place_of(failure, target)):
            return TaskError(
                failure.model_copy(update={"sentence": f"{failure.sentence}; it takes too many at a time"})
            )
        sentence = f"{failure.sentence}; it lets nobody in: {_WHY_NOBODY}"
        return TaskError(failure.model_copy(update={"kind": FailureKind.TRANSIENT, "sentence": sentence}))

    def _pause(self, delay: float, bounds: Bounds) -> None:
        until = time.monotonic() + delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        while (left := until - time.monotonic()) > 0 and not bounds.canceled.is_set():
            if self._closed.wait(min(left, 0.1)):
                return

    def _discard(self, pooled: Pooled) -> None:
        """Forget and close; the lock is held."""
        if pooled in self._open.get(pooled.key, ()):
            self._open[pooled.key].remove(pooled)
            if not self._open[pooled.key]:
                del self._open[pooled.key]
            metrics.SSH_CONNECTIONS.labels(pooled.account).dec()
        pooled.transport.close()

    def _look_around(self) -> None:
        while not self._closed.wait(_LOOK_EVERY_SECONDS):
            with self._lock:
                for pooled in [one for many in self._open.values() for one in many]:
                    self._look_at(pooled)

    def _look_at(self, pooled: Pooled) -> None:
        if any(operation.overdue(_OVERDUE_SECONDS) for operation in tuple(pooled.under_way)):
            pooled.retired = True
            pooled.transport.close()
        if time.monotonic() - pooled.opened_at > self._lifetime_seconds:
            pooled.retired = True
        idle = pooled.users == 0 and time.monotonic() - pooled.idle_since > self._idle_seconds
        if idle or (pooled.users == 0 and not pooled.usable):
            self._discard(pooled)


def _place_of(failure: Failure, target: ResourceTarget) -> str:
    """Return which sshd of the way a failure is about."""
    hop = next((hop for hop in _hops(target) if hop.host == failure.host), target)
    return f"{hop.host}:{hop.port}"


def _hops(target: ResourceTarget) -> tuple[JumpHost | ResourceTarget, ...]:
    return (*target.jump_hosts, target)
