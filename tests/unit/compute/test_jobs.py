from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.compute.abstract import Observation
from howdah.compute.jobs import _observe, judge
from howdah.compute.marks import Marks, parse_marks
from howdah.compute.schedulers import JobStatus
from howdah.contracts.states import JobState

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GRACE = timedelta(minutes=5)
MISSING = Observation(state=None)


def test_a_missing_job_is_unknown_then_lost_and_never_complete() -> None:
    first = judge(MISSING, missing_since=None, now=NOW, grace=GRACE)
    assert (first.state, first.missing_since, first.lost) == (JobState.UNKNOWN, NOW, False)
    later = judge(MISSING, missing_since=first.missing_since, now=NOW + GRACE, grace=GRACE)
    assert (later.state, later.lost) == (JobState.FAILED, True)
    assert "lost" in later.reason


def test_a_job_that_is_seen_again_starts_a_fresh_grace() -> None:
    seen = judge(Observation(state=JobState.ACTIVE), missing_since=NOW, now=NOW + 2 * GRACE, grace=GRACE)
    assert (seen.state, seen.missing_since) == (JobState.ACTIVE, None)


def test_a_missing_job_under_a_tombstone_is_canceled() -> None:
    gone = judge(Observation(state=None, canceled=True), missing_since=NOW, now=NOW + GRACE, grace=GRACE)
    assert (gone.state, gone.lost) == (JobState.CANCELED, False)


@given(st.sampled_from([None, *JobState]), st.none() | st.integers(-1000, 1000), st.integers(0, 1000), st.booleans())
def test_complete_comes_only_from_an_observation(
    state: JobState | None, since: int | None, grace: int, canceled: bool
) -> None:
    missing_since = None if since is None else NOW + timedelta(seconds=since)
    seen = Observation(state=state, canceled=canceled)
    judged = judge(seen, missing_since=missing_since, now=NOW, grace=timedelta(seconds=grace))
    if judged.state is JobState.COMPLETE:
        assert state is JobState.COMPLETE


def _status(state: JobState, *, exit_file_decides: bool = False) -> JobStatus:
    return JobStatus(state=state, own_word="", reason="scheduler", exit_file_decides=exit_file_decides)


@pytest.mark.parametrize(
    ("status", "marks", "state", "code"),
    [
        (None, Marks(native_id="1"), None, None),
        (None, Marks(native_id="1", exit_code=0), JobState.COMPLETE, 0),
        (None, Marks(native_id="1", exit_code=3), JobState.FAILED, 3),
        (None, Marks(native_id="1", word="timeout"), JobState.FAILED, None),
        (None, Marks(native_id="1", word="interrupted"), JobState.FAILED, None),
        (_status(JobState.FAILED, exit_file_decides=True), Marks(tombstone=True), JobState.CANCELED, None),
        (_status(JobState.FAILED), Marks(tombstone=True), JobState.FAILED, None),
        (None, Marks(native_id="1", exit_code=143, tombstone=True), JobState.CANCELED, 143),
        (_status(JobState.ACTIVE), Marks(native_id="1", exit_code=0), JobState.ACTIVE, None),
        (_status(JobState.COMPLETE), Marks(native_id="1", exit_code=7), JobState.FAILED, 7),
        (_status(JobState.COMPLETE), Marks(native_id="1"), JobState.COMPLETE, None),
        (_status(JobState.FAILED, exit_file_decides=True), Marks(exit_code=0), JobState.COMPLETE, 0),
        (_status(JobState.FAILED), Marks(exit_code=0), JobState.FAILED, 0),
        (_status(JobState.CANCELED), Marks(exit_code=143), JobState.CANCELED, 143),
    ],
)
def test_the_applications_own_exit_code_is_the_final_truth(
    status: JobStatus | None, marks: Marks, state: JobState | None, code: int | None
) -> None:
    seen = _observe(status, marks, "1")
    assert (seen.state, seen.exit_code) == (state, code)


def test_marks_are_read_per_submission() -> None:
    rows = "0|17|17 3||\n1||||\n2||||h:5:b-9\n3|8||yes|\n"
    times = "1795377000 /w 0/begun\n1795377100 /w 0/ended\n1795377000 /w 3/begun\n"
    first, second, third, fourth = parse_marks(f"{rows}B\n{times}", "B", [f"/w {number}" for number in range(4)])
    assert (first.native_id, first.exit_code, first.ended) == ("17", 3, True)
    assert first.started_at is not None
    assert first.ended_at is not None
    assert (first.ended_at - first.started_at).total_seconds() == 100
    assert second == Marks()
    assert third.native_id == "h:5:b-9"
    assert (fourth.native_id, fourth.tombstone, fourth.ended, fourth.started_at) == ("8", True, False, first.started_at)


def test_an_end_that_another_job_left_is_not_taken() -> None:
    [marks] = parse_marks("0|18|17 0||\nB\n1795377100 /w/ended\n", "B", ["/w"])
    assert (marks.native_id, marks.ended, marks.ended_at) == ("18", False, None)


@given(st.text(alphabet=st.sampled_from("0123|: \nabcé٣²\x00-B"), max_size=200) | st.text(max_size=200))
def test_rubbish_leaves_no_marks_of_an_end_by_chance(text: str) -> None:
    for marks in parse_marks(text, "B", ["/1", "/2", "/3"]):
        if marks.exit_code is not None:
            assert f" {marks.exit_code}" in text or f" 0{marks.exit_code}" in text or " 00" in text
