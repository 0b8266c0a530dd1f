"""The monitor: follows every job that falls to this replica until it ends. Owes each its terminal event."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from howdah.contracts import codec, topics
from howdah.contracts.ids import ProcessId
from howdah.contracts.params import JOB_MONITORING
from howdah.contracts.records import JobRecord
from howdah.contracts.states import JobState
from howdah.messaging.abstract import DeliveryError, Messaging, Record
from howdah.runtime import metrics
from howdah.tasks import Parts, job_records
from howdah.tasks.cancellations import Cancellations
from howdah.tasks.context import Tools
from howdah.tasks.events import outgoing
from services.job_monitoring import verdicts
from services.job_monitoring.book import Group, JobBook, Taken, group_of
from services.job_monitoring.round import Round, Rounds
from services.job_monitoring.schedule import Rhythm, Schedule
from services.job_monitoring.settings import MonitorSettings
from services.job_monitoring.verdicts import Verdict

log = structlog.get_logger(__name__)

UNAWAITED_SECONDS = 30.0
"""After this long a job is asked about although nobody awaits its end."""
_HEARTBEAT_CHECKS = 48
"""How many times in a heartbeat's period the jobs are looked through for one that is due."""


@dataclass(slots=True)
class _Pace:
    interval: float
    failures: int = 0
    trouble: str = ""


@dataclass(slots=True)
class _Paces:
    shortest: float
    of: dict[Group, _Pace] = field(default_factory=dict)

    def get(self, group: Group) -> _Pace:
        return self.of.setdefault(group, _Pace(self.shortest))


@dataclass(frozen=True, slots=True)
class _Told:
    at: float
    state: JobState


class Monitor:
    """A ``Runner``. The table's thread fills the book, a few threads do rounds, this one tells the heartbeats."""

    def __init__(
        self, settings: MonitorSettings, messaging: Messaging, tools: Tools, cancellations: Cancellations
    ) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._producer = messaging.producer()
        self._stopping = threading.Event()
        self._book = JobBook()
        self._schedule = Schedule(settings.monitor_threads, self._clock)
        self._rhythm = Rhythm(settings.monitor_min_seconds, settings.monitor_max_seconds)
        self._paces = _Paces(settings.monitor_min_seconds)
        self._rounds = Rounds(settings, tools, cancellations, self._stopping)
        self._told: dict[str, _Told] = {}
        self._defect: BaseException | None = None
        self._table = messaging.table(topics.JOBS.name, self._changed, group=f"{JOB_MONITORING}-jobs")
        cancellations.listen(self._process_canceled)

    def run(self) -> None:
        """Follow jobs until stopped."""
        threads = [
            threading.Thread(target=self._work, name=f"monitor-{number}")
            for number in range(self._settings.monitor_threads)
        ]
        self._table.start()
        for thread in threads:
            thread.start()
        try:
            while not self._clock.wait(self._stopping, self._settings.monitor_heartbeat_seconds / _HEARTBEAT_CHECKS):
                self._tell_heartbeats()
        finally:
            self._stopping.set()
            self._schedule.close()
            for thread in threads:
                thread.join()
            self._table.close()
        if self._defect is not None:
            raise self._defect

    def stop(self) -> None:
        """End the rounds at hand and return from ``run``."""
        self._stopping.set()

    def trouble(self) -> str | None:
        """Return None while the jobs are being read, else a sentence."""
        return self._table.trouble()

    # ------------------------------------------------------------ the table

    def _changed(self, key: str, value: bytes | None, record: Record) -> None:
        if value is None:
            self._gone(key, moved_away=record.offset < 0)
            return
        self._act_on(self._book.take_in(codec.JOBS.decode(value)))
        metrics.JOBS_FOLLOWED.set(len(self._book))

    def _gone(self, key: str, *, moved_away: bool) -> None:
        if moved_away:
            self._book.moved_away(key)
        else:
            self._book.removed(key)
        metrics.JOBS_FOLLOWED.set(len(self._book))

    def _act_on(self, taken: Taken) -> None:
        if taken.rewrite is not None:
            self._producer.send(job_records.row(taken.rewrite))
        if taken.look is not None:
            self._schedule.wake(taken.look)

    def _process_canceled(self, process_id: ProcessId) -> None:
        for group in self._book.groups_of(process_id):
            self._schedule.wake(group)

    # ------------------------------------------------------------ rounds

    def _work(self) -> None:
        while (group := self._schedule.take()) is not None:
            try:
                self._round(group)
            except Exception as error:  # the boundary of the monitor's threads
                log.exception("a round ended with a defect", account=group.account)
                self._defect = self._defect or error
                self._stopping.set()
                return

    def _round(self, group: Group) -> None:
        known = self._book.of(group)
        if not known:
            self._paces.of.pop(group, None)
            self._schedule.drop(group)
            return
        now = self._clock.now()
        records = [record for record in known if _is_due(record, now)]
        if not records:
            self._schedule.give_back(group, UNAWAITED_SECONDS, suspect=False)
            return
        started = self._clock.monotonic()
        outcome = self._rounds.go(records)
        changed = self._publish(outcome.verdicts)
        elapsed = self._clock.monotonic() - started
        metrics.MONITOR_QUERY_SECONDS.labels("failed" if outcome.trouble else "answered").observe(elapsed)
        self._plan_next(group, outcome, changed=changed, elapsed=elapsed)

    def _plan_next(self, group: Group, outcome: Round, *, changed: bool, elapsed: float) -> None:
        pace = self._paces.get(group)
        pace.failures = pace.failures + 1 if outcome.trouble else 0
        pace.trouble = str(outcome.trouble or "")
        if outcome.trouble and not self._stopping.is_set() and pace.failures.bit_count() == 1:  # 1, 2, 4, 8 …
            log.warning("a resource could not be asked", account=group.account, why=pace.trouble, times=pace.failures)
        if pace.failures:
            self._schedule.give_back(group, self._rhythm.after_failures(pace.failures), suspect=True)
        elif outcome.to_cancel:
            self._schedule.give_back(group, self._rhythm.shortest, suspect=False)
        else:
            pace.interval = self._rhythm.after(pace.interval, changed=changed, elapsed=elapsed)
            self._schedule.give_back(group, pace.interval, suspect=False)

    def _publish(self, found: Sequence[Verdict]) -> bool:
        """Tell the events; once they are acknowledged, write the records. Return whether there was anything."""
        changes = [verdict for verdict in found if verdict.changed]
        if not changes:
            return False
        try:
            self._producer.send_all([outgoing(event) for verdict in changes for event in verdict.events])
        except DeliveryError as error:
            # The book still says what it said: the next round finds the same and tells it under the same ids.
            log.warning("events of jobs could not be told yet", error=str(error))
            return True
        for verdict in changes:
            self._settle(verdict)
        return True

    def _settle(self, verdict: Verdict) -> None:
        if verdict.ended and self._book.end(verdict.before):
            self._producer.send(job_records.tombstone(verdict.before))
        elif verdict.after is not verdict.before and self._book.change(verdict.before, verdict.after):
            self._producer.send(job_records.row(verdict.after))

    # ------------------------------------------------------------ heartbeats

    def _tell_heartbeats(self) -> None:
        """Say of each awaited job that it is looked after: now and then, and soon after its state has changed."""
        period, now = self._settings.monitor_heartbeat_seconds, self._clock.monotonic()
        live = self._book.live()
        for record in live:
            told = self._told.get(record.key())
            if told is not None and told.state is record.state and now - told.at < period:
                continue
            event = verdicts.progress(record, self._words(record), self._clock.now(), period)
            if event is not None:
                self._producer.send(outgoing(event))
                self._told[record.key()] = _Told(now, record.state)
        keys = {record.key() for record in live}
        self._told = {key: told for key, told in self._told.items() if key in keys}

    def _words(self, record: JobRecord) -> str:
        trouble = self._paces.get(group_of(record)).trouble
        state = f"the job {record.native_id} is {record.state}"
        return f"{state}; {record.target.name} can't be asked at the moment: {trouble}" if trouble else state


def _is_due(record: JobRecord, now: datetime) -> bool:
    """Leave a fresh record to the monitoring command that follows it, with a capability of its own."""
    return record.monitoring_attempt is not None or (now - record.at).total_seconds() > UNAWAITED_SECONDS


def make_monitor(parts: Parts) -> Monitor:
    """Return the monitor of a job-monitoring process; ConfigurationError when its settings are wrong."""
    settings = MonitorSettings.load(service_name=JOB_MONITORING)
    return Monitor(settings, parts.messaging, parts.tools, parts.cancellations)
