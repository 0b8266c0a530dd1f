"""The witness must see what it is there to see."""

from collections import Counter

import pytest

from tests.failure.proof.witness import Verdict, judge

E1, E2 = "experiment-1", "experiment-2"
FINE = {E1: ("COMPLETED", ["t1"]), E2: ("FAILED", ["t2"])}
ONCE = Counter({"howdah-t1-g1": 1, "howdah-t2-g1": 1})


def test_one_job_a_task_and_all_terminal_is_a_clean_verdict() -> None:
    assert judge([E1, E2], FINE, ONCE, ONCE) == Verdict(2, 1, 1, 0, lost=0, jobs=2, duplicates=0)


@pytest.mark.parametrize(
    ("jobs", "runs"),
    [(Counter({"howdah-t1-g1": 3}), ONCE), (ONCE, Counter({"howdah-t1-g1": 3, "howdah-t2-g1": 1}))],
)
def test_a_second_job_or_a_second_run_is_a_duplicate(jobs: Counter[str], runs: Counter[str]) -> None:
    assert judge([E1, E2], FINE, jobs, runs).duplicates == 2


def test_an_experiment_that_is_missing_or_not_ended_is_lost() -> None:
    assert judge([E1, E2], {E1: ("EXECUTING", ["t1"])}, ONCE, ONCE).lost == 2


def test_completed_without_a_run_of_the_application_is_lost() -> None:
    assert judge([E1], {E1: ("COMPLETED", ["t1"])}, ONCE, Counter()).lost == 1
