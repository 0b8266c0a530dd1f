import itertools

import pytest

from howdah.contracts.records import JobRecord
from howdah.contracts.states import JobState
from services.job_monitoring.book import JobBook, group_of, merged
from tests.unit.services.records import NOW, awaited, job_record


def known(book: JobBook, record: JobRecord) -> JobRecord:
    [found] = book.of(group_of(record))
    return found


def test_the_rows_of_all_writers_add_up_in_whatever_order_they_come() -> None:
    submitted = job_record()
    follow = awaited(submitted)
    running = submitted.model_copy(update={"state": JobState.ACTIVE, "revision": 3, "missing_since": NOW})
    for first, *others in itertools.permutations([submitted, follow, running]):
        result = first
        for other in others:
            result = merged(result, other)
        assert (result.state, result.revision, result.missing_since) == (JobState.ACTIVE, 3, NOW)
        assert result.monitoring_command_id == follow.monitoring_command_id


def test_a_new_row_is_looked_at_soon() -> None:
    record = job_record()
    taken = JobBook().take_in(record)
    assert taken.look == group_of(record)
    assert taken.rewrite is None


def test_a_job_that_somebody_awaits_from_now_on_is_looked_at_soon() -> None:
    book, submitted = JobBook(), job_record()
    book.take_in(submitted)
    assert book.take_in(awaited(submitted)).look == group_of(submitted)


def test_an_echo_of_our_own_row_means_nothing() -> None:
    book, record = JobBook(), awaited(job_record())
    book.take_in(record)
    after = record.model_copy(update={"state": JobState.QUEUED, "revision": 1})
    assert book.change(known(book, record), after)
    assert book.take_in(after).rewrite is None
    assert known(book, record).state is JobState.QUEUED


def test_who_awaits_the_job_is_written_again_when_the_table_forgets_it() -> None:
    book, submitted = JobBook(), job_record()
    follow = awaited(submitted)
    book.take_in(follow)
    rewrite = book.take_in(submitted).rewrite  # job-submission's command was delivered again
    assert rewrite is not None
    assert rewrite.monitoring_command_id == follow.monitoring_command_id
    assert rewrite.revision == 1
    assert book.take_in(rewrite).rewrite is None, "the echo ends it"


def test_a_verdict_on_a_row_that_changed_meanwhile_is_not_applied() -> None:
    book, submitted = JobBook(), job_record()
    book.take_in(submitted)
    before = known(book, submitted)
    book.take_in(awaited(submitted))
    assert not book.end(before), "somebody awaits it now, who was not told"
    assert known(book, submitted).monitoring_attempt == 1


def test_an_ended_job_is_forgotten_with_the_echo_of_its_tombstone() -> None:
    book, record = JobBook(), awaited(job_record())
    book.take_in(record)
    assert book.end(known(book, record))
    assert book.of(group_of(record)) == []
    assert len(book) == 1, "an older echo must not bring it back"
    assert book.take_in(record).look is None
    book.removed(record.key())
    assert len(book) == 0


def test_a_later_attempt_revives_a_job_whose_tombstone_is_still_on_its_way() -> None:
    book, submitted = JobBook(), job_record()
    book.take_in(submitted)
    assert book.end(known(book, submitted))
    taken = book.take_in(awaited(submitted))
    assert taken.rewrite is not None, "its row stands before our tombstone and is deleted by it"
    book.removed(submitted.key())
    assert known(book, submitted).monitoring_attempt == 1


@pytest.mark.parametrize("how", ["removed", "moved_away"])
def test_a_row_that_another_replica_took_or_ended_is_forgotten(how: str) -> None:
    book, record = JobBook(), job_record()
    book.take_in(record)
    getattr(book, how)(record.key())
    assert len(book) == 0
