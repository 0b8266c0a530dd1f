"""The witnesses must see what they are there to see."""

from collections import Counter

import pytest

from howdah.messaging import ledger
from tests.failure.proof import queue_witness, workflow_witness
from tests.failure.proof.witness import Row, Verdict, judge, without

E1, E2 = "experiment-1", "experiment-2"
FINE = {E1: Row("COMPLETED", ("t1",)), E2: Row("FAILED", ("t2",))}
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
    assert judge([E1, E2], {E1: Row("EXECUTING", ("t1",))}, ONCE, ONCE).lost == 2


def test_completed_without_a_run_of_the_application_is_lost() -> None:
    assert judge([E1], {E1: Row("COMPLETED", ("t1",))}, ONCE, Counter()).lost == 1


def test_what_nobody_asked_for_is_a_duplicate() -> None:
    assert judge([E1], FINE, ONCE, ONCE).duplicates == 1, "an experiment that was not accepted"
    stray = Counter({**ONCE, "howdah-t9-g1": 1})
    assert judge([E1, E2], FINE, stray, ONCE).duplicates == 1, "a job of no task"


def test_jobs_of_another_proof_are_not_counted() -> None:
    assert without(Counter({**ONCE, "howdah-t9-g1": 2}), {"t9"}) == ONCE


RUN = {E1: workflow_witness.Run("proof-0", "COMPLETED", 0)}
NODES = {"first": 1, "weak": 2}
TRACES = Counter({"proof-0 first": 1, "proof-0 weak": 2})


def test_each_node_of_a_workflow_as_often_as_it_should_is_a_clean_verdict() -> None:
    fine = workflow_witness.Verdict(runs=1, completed=1, nodes_run=3, lost=0, missing=0, ran_twice=0)
    assert workflow_witness.judge([E1], RUN, NODES, TRACES) == fine


def test_a_node_too_often_one_of_another_branch_and_a_run_of_nobody_are_ran_twice() -> None:
    more = TRACES + Counter({"proof-0 first": 1, "proof-0 never": 1})
    assert workflow_witness.judge([E1], RUN, NODES, more).ran_twice == 2
    assert workflow_witness.judge([], RUN, NODES, Counter()).ran_twice == 1


def test_a_node_that_did_not_run_is_missing_and_what_has_not_ended_is_lost() -> None:
    assert workflow_witness.judge([E1], RUN, NODES, Counter({"proof-0 weak": 1})).missing == 2
    assert workflow_witness.judge([E1, E2], RUN, NODES, TRACES).lost == 1
    still = {E1: workflow_witness.Run("proof-0", "EXECUTING", 3)}
    assert workflow_witness.judge([E1], still, NODES, TRACES).lost == 4


Position = queue_witness.Position


def watched(*looks: tuple[set[Position], list[Position]]) -> queue_witness.Watch:
    """Return a watch that took these looks: what is acknowledged, what the journals have."""
    watch = queue_witness.Watch()
    for acknowledged, done in looks:
        watch.look(acknowledged, queue_witness.Journals(Counter(done), Counter(done), {f"{one}" for one in done}))
    return watch


SENT = [f"{(0, offset)}" for offset in range(2)]


def test_handled_then_acknowledged_is_a_clean_verdict() -> None:
    verdict = watched((set(), [(0, 0)]), ({(0, 0)}, [(0, 0), (0, 1)]), ({(0, 0), (0, 1)}, [(0, 0), (0, 1)])).verdict(
        SENT
    )
    assert verdict == queue_witness.Verdict(2, 2, 0, 0, 0, 0, 0)


def test_an_acknowledgement_before_the_work_is_seen_also_when_the_work_is_done_later() -> None:
    done = [(0, 0), (0, 1)]
    assert watched(({(0, 0)}, []), ({(0, 0), (0, 1)}, done)).verdict(SENT).acknowledged_early == 1


def test_a_message_that_nobody_handled_is_lost_and_one_without_a_commit_unacknowledged() -> None:
    verdict = watched((set(), [(0, 0)])).verdict(SENT)
    assert (verdict.lost, verdict.unacknowledged) == (1, 2)


def test_handled_again_after_its_acknowledgement_is_a_duplicate_and_before_it_is_not() -> None:
    everything = {(0, 0), (0, 1)}
    before = watched((set(), [(0, 0), (0, 0)]), (everything, [(0, 0), (0, 0), (0, 1)])).verdict(SENT)
    assert (before.duplicates, before.redelivered) == (0, 1)
    after = watched((everything, [(0, 0), (0, 1)]), (everything, [(0, 0), (0, 0), (0, 1)])).verdict(SENT)
    assert (after.duplicates, after.redelivered) == (1, 1)


@pytest.mark.parametrize(
    ("watermark", "horizon", "beyond"),
    [(0, 0, ()), (5, 9, ()), (5, 300, (7, 200)), (1_000, 9_000, tuple(range(1_002, 8_000, 3)))],
)
def test_the_witness_reads_the_ledger_by_a_decoder_of_its_own(
    watermark: int, horizon: int, beyond: tuple[int, ...]
) -> None:
    text = ledger.encode(watermark, horizon, beyond) if horizon else ""
    unfinished = {watermark, *beyond} if horizon else set()
    assert queue_witness.finished(watermark, text) == set(range(max(watermark, horizon))) - unfinished
