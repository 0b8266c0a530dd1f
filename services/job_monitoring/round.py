"""One round at one login account: cancel what is to stop, ask about all the rest at once, weigh the answers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from howdah.compute import cancellation, jobs
from howdah.compute.abstract import Bounds, CancelSignal, Connection, JobRef, Observation
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.records import JobRecord
from howdah.contracts.states import JobState
from howdah.tasks.api import RefusedError
from howdah.tasks.cancellations import Cancellations
from howdah.tasks.context import Tools
from services.job_monitoring import verdicts
from services.job_monitoring.access import SharedSecret, most_promising
from services.job_monitoring.settings import MonitorSettings
from services.job_monitoring.verdicts import Verdict, Word

log = structlog.get_logger(__name__)

CANCELS_A_ROUND: Final = 20
CANCEL_WAIT_SECONDS: Final = 2.0
ERROR_TAIL_BYTES: Final = 4_000

_TAIL = 'if [ -f "$file" ]; then tail -c "$bytes" -- "$file"; fi\n'


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round: verdicts, also when the resource could not be asked, and then why."""

    verdicts: tuple[Verdict, ...]
    trouble: TaskError | None = None
    to_cancel: int = 0
    """How many cancels are left for the next round, which must not wait for its turn then."""


class Rounds:
    """Does rounds; thread-safe. An unreachable resource is never held against a job."""

    def __init__(
        self, settings: MonitorSettings, tools: Tools, cancellations: Cancellations, stopping: CancelSignal
    ) -> None:
        self._settings = settings
        self._tools = tools
        self._cancellations = cancellations
        self._stopping = stopping

    def go(self, records: Sequence[JobRecord]) -> Round:
        """Ask about the jobs, which all belong to one group."""
        found: list[Verdict] = []
        try:
            self._ask(records, found)
        except TaskError as error:
            settled = {verdict.before.key() for verdict in found}
            waiting = [record for record in records if record.key() not in settled]
            stopping = [record for record in waiting if self._is_to_stop(record)]
            return Round((*found, *(self._still_canceling(record, error) for record in stopping)), error)
        left = sum(map(self._is_to_stop, records)) - CANCELS_A_ROUND
        return Round(tuple(found), to_cancel=max(0, left))

    def _ask(self, records: Sequence[JobRecord], found: list[Verdict]) -> None:
        target = most_promising(records).target
        secret = SharedSecret(self._tools.exchange, records)
        bounds = Bounds(canceled=self._stopping, deadline=time.monotonic() + self._settings.monitor_query_seconds)
        to_cancel: list[JobRecord] = []
        to_follow: list[JobRecord] = []
        for record in records:
            (to_cancel if self._is_to_stop(record) else to_follow).append(record)
        with self._tools.reach().connect(target, secret, bounds) as connection:
            if to_follow:
                found.extend(self._followed(connection, to_follow))
            for record in to_cancel[:CANCELS_A_ROUND]:
                found.append(self._canceled(connection, record))  # noqa: PERF401 - kept one by one: the next may raise

    def _is_to_stop(self, record: JobRecord) -> bool:
        return record.reaping or record.cancel_since is not None or record.process_id in self._cancellations

    def _followed(self, connection: Connection, records: Sequence[JobRecord]) -> list[Verdict]:
        if len(records) > jobs.BATCH:
            records = _moved(connection, records)
        observations = jobs.query(connection, [_ref(record) for record in records])
        now = self._tools.clock.now()
        found = []
        for record in records:
            word = self._word(record, observations[_ref(record)], now)
            tail = _error_tail(connection, record) if word.state is JobState.FAILED else None
            found.append(verdicts.of_word(record, word, now, tail))
        return found

    def _word(self, record: JobRecord, seen: Observation, now: datetime) -> Word:
        grace = timedelta(seconds=self._settings.monitor_grace_seconds)
        judged = jobs.judge(seen, missing_since=record.missing_since, now=now, grace=grace)
        return Word(
            state=judged.state,
            reason=judged.reason,
            exit_code=seen.exit_code,
            started_at=seen.started_at,
            ended_at=seen.ended_at,
            native_id=seen.native_id,
            missing_since=judged.missing_since,
            lost=judged.lost,
        )

    def _canceled(self, connection: Connection, record: JobRecord) -> Verdict:
        outcome = cancellation.cancel_job(connection, _ref(record), wait_seconds=CANCEL_WAIT_SECONDS)
        now = self._tools.clock.now()
        if outcome.confirmed:
            word = Word(state=outcome.state, reason=outcome.sentence, native_id=outcome.native_id)
            return verdicts.of_cancel(record, word, now)
        trouble = TaskError.of(FailureKind.TRANSIENT, outcome.sentence, host=record.target.host, operation="cancel")
        return self._still_canceling(record, trouble)

    def _still_canceling(self, record: JobRecord, trouble: TaskError) -> Verdict:
        """Return what is told of a job whose cancel is not confirmed: nothing, until its budget is used up."""
        now = self._tools.clock.now()
        if record.reaping:
            # The platform goes on granting the secret for as long (REAPING_HOURS); a refusal is its last word.
            given_up = now - record.at > timedelta(hours=self._settings.reap_hours) or isinstance(trouble, RefusedError)
            if given_up:
                log.warning("a canceled job was never confirmed to be gone", job=record.key(), why=str(trouble))
            return Verdict(record, record, ended=given_up)
        request = self._cancellations.of(record.process_id)
        since = record.cancel_since or (request.at if request else now)
        if now - since > timedelta(seconds=self._settings.cancel_budget_seconds):
            return verdicts.of_unconfirmed_cancel(record, trouble.failure.sentence, now)
        return verdicts.of_begun_cancel(record, since, now)


def _moved(connection: Connection, records: Sequence[JobRecord]) -> list[JobRecord]:
    """Return those of many jobs that must be looked at one by one: most of them wait or run as they did before."""
    settled = {one.native_id: one.state for one in records if one.native_id and one.missing_since is None}
    unmoved = jobs.unmoved(connection, settled)
    return [record for record in records if record.native_id not in unmoved]


def _ref(record: JobRecord) -> JobRef:
    claim = record.claim_task_id or record.task_id
    return JobRef(record.work_dir, claim, record.generation, record.job_name, record.native_id)


def _error_tail(connection: Connection, record: JobRecord) -> str | None:
    """Return the end of the job's error output, if it is to be had."""
    variables = {"file": connection.expand(f"{record.work_dir}/{record.stderr}"), "bytes": str(ERROR_TAIL_BYTES)}
    try:
        result = connection.run_script(_TAIL, variables)
    except TaskError as error:
        log.info("the job's error output could not be read", job=record.key(), why=str(error))
        return None
    return result.stdout.decode(errors="replace") or None
