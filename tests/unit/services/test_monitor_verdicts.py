from datetime import timedelta

import pytest

from howdah.contracts.failures import FailureKind
from howdah.contracts.messages import JobStatusChanged, TaskCanceled, TaskCompleted, TaskFailed
from howdah.contracts.states import JobState
from services.job_monitoring import verdicts
from services.job_monitoring.verdicts import Word
from tests.unit.services.records import NOW, awaited, job_record


def test_a_change_is_told_and_written() -> None:
    record = awaited(job_record())
    verdict = verdicts.of_word(record, Word(JobState.ACTIVE, reason="running"), NOW)
    [event] = verdict.events
    assert isinstance(event, JobStatusChanged)
    assert (event.state, event.task_id, event.native_id) == (JobState.ACTIVE, record.task_id, "4711")
    assert (verdict.after.state, verdict.after.revision, verdict.ended) == (JobState.ACTIVE, 1, False)


def test_nothing_new_means_nothing_to_do() -> None:
    record = awaited(job_record(state=JobState.ACTIVE))
    assert not verdicts.of_word(record, Word(JobState.ACTIVE), NOW).changed


def test_the_start_of_a_grace_is_written_although_nothing_is_told() -> None:
    record = awaited(job_record(state=JobState.ACTIVE))
    verdict = verdicts.of_word(record, Word(JobState.ACTIVE, missing_since=NOW), NOW)
    assert verdict.events == ()
    assert verdict.after.missing_since == NOW


def test_two_monitors_that_see_the_same_tell_it_under_the_same_ids() -> None:
    record = awaited(job_record())
    word = Word(JobState.COMPLETE, exit_code=0)
    one = verdicts.of_word(record, word, NOW)
    other = verdicts.of_word(record, word, NOW + timedelta(seconds=9))
    assert [event.event_id for event in one.events] == [event.event_id for event in other.events]


def test_a_job_that_is_requeued_and_runs_again_is_told_each_time() -> None:
    record, ids = awaited(job_record()), set()
    for state in (JobState.ACTIVE, JobState.QUEUED, JobState.ACTIVE):
        verdict = verdicts.of_word(record, Word(state), NOW)
        ids |= {event.event_id for event in verdict.events}
        record = verdict.after
    assert len(ids) == 3


def test_a_complete_job_completes_its_monitoring() -> None:
    record = awaited(job_record(), attempt=2)
    verdict = verdicts.of_word(record, Word(JobState.COMPLETE, exit_code=0, started_at=NOW, ended_at=NOW), NOW)
    status, end = verdict.events
    assert isinstance(status, JobStatusChanged)
    assert isinstance(end, TaskCompleted)
    assert (end.task_id, end.attempt, end.outputs["exit_code"]) == (record.monitoring_task_id, 2, 0)
    assert verdict.ended


@pytest.mark.parametrize(
    ("word", "kind", "words"),
    [
        (Word(JobState.FAILED, reason="OUT_OF_MEMORY", exit_code=137), FailureKind.PERMANENT, "exit code 137"),
        (Word(JobState.FAILED, lost=True), FailureKind.LOST, "no longer knows it"),
        (Word(JobState.CANCELED, reason="by 0"), FailureKind.PERMANENT, "not by this platform"),
    ],
)
def test_a_failed_job_fails_its_monitoring_in_words(word: Word, kind: FailureKind, words: str) -> None:
    verdict = verdicts.of_word(awaited(job_record()), word, NOW, "Traceback: no memory")
    end = verdict.events[-1]
    assert isinstance(end, TaskFailed)
    assert end.failure.kind is kind
    assert words in end.failure.sentence
    assert "Example cluster" in end.failure.sentence
    assert end.failure.detail == "Traceback: no memory"


def test_an_end_that_nobody_awaits_yet_tells_the_state_alone() -> None:
    verdict = verdicts.of_word(job_record(), Word(JobState.COMPLETE, exit_code=0), NOW)
    assert [type(event) for event in verdict.events] == [JobStatusChanged]
    assert verdict.ended


def test_a_confirmed_cancel_ends_the_job_s_monitoring() -> None:
    verdict = verdicts.of_cancel(awaited(job_record()), Word(JobState.CANCELED, reason="canceled"), NOW)
    end = verdict.events[-1]
    assert isinstance(end, TaskCanceled)
    assert end.confirmed
    assert verdict.ended


def test_an_unconfirmed_cancel_is_told_as_such_and_the_reaper_goes_on() -> None:
    verdict = verdicts.of_unconfirmed_cancel(awaited(job_record()), "the host is down", NOW)
    [event] = verdict.events
    assert isinstance(event, TaskCanceled)
    assert not event.confirmed
    assert verdict.after.reaping
    assert not verdict.ended


def test_heartbeats_of_one_period_are_one_event() -> None:
    record = awaited(job_record())
    beats = [verdicts.progress(record, "alive", NOW + timedelta(seconds=s), 60.0) for s in (0, 30, 60)]
    ids = [beat.event_id for beat in beats if beat is not None]
    assert ids[0] == ids[1] != ids[2]
    assert verdicts.progress(job_record(), "alive", NOW, 60.0) is None


def test_a_heartbeat_after_a_change_of_state_is_an_event_of_its_own() -> None:
    queued, active = (awaited(job_record(state=state)) for state in (JobState.QUEUED, JobState.ACTIVE))
    before, after = (verdicts.progress(record, "alive", NOW, 60.0) for record in (queued, active))
    assert before is not None
    assert after is not None
    assert before.event_id != after.event_id
