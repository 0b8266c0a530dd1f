"""The proofs at a size that fits CI, on one ground: the same programs as ``make proof``, the same witnesses.

Each witness is on trial once: what it must see when the platform is sabotaged. ``make sabotage`` has every sabotage.
"""

import json
from collections.abc import Iterator

import pytest

from tests.failure.proof import (
    bad_bytes,
    faulty_link,
    login_nodes,
    outages,
    queues,
    resource_outage,
    ssh_faults,
    steered_runs,
    storm,
    workflows,
)
from tests.failure.proof.ground import Ground, Line, proving_ground
from tests.failure.proof.sabotage import sabotaged
from tests.failure.proof.verdicts import holds

pytestmark = [pytest.mark.integration, pytest.mark.timeout(480)]

SEED = 7


@pytest.fixture(scope="module")
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    failed_before = request.session.testsfailed
    with proving_ground(lambda: request.session.testsfailed > failed_before) as made:
        yield made


def all_completed(line: Line) -> bool:
    return holds(line) and line["experiments"] == line["completed"]


def shown(line: Line) -> str:
    """All of it: pytest shortens what it shows of a dictionary."""
    return json.dumps(line)


def test_killing_every_process_loses_nothing_and_does_nothing_twice(ground: Ground) -> None:
    line = storm.kill_storm(ground, storm.SMALL, SEED)
    assert all_completed(line), shown(line)
    assert line["experiments"] == line["jobs"], shown(line)
    assert (line["kills"], line["kills_in_window"]) >= (storm.SMALL.kills, storm.SMALL.kills_in_window), shown(line)


def test_each_node_of_workflows_runs_once_while_the_processes_that_run_them_are_killed(ground: Ground) -> None:
    line = workflows.workflows(ground, workflows.SMALL, SEED)
    assert holds(line), shown(line)
    assert line["completed"] == line["runs"] == workflows.SMALL.runs, shown(line)
    assert (line["kills"],) >= (workflows.SMALL.storm.kills,), shown(line)


def test_an_outage_of_kafka_loses_nothing(ground: Ground) -> None:
    line = outages.kafka_outage(ground, outages.SMALL)
    assert all_completed(line), shown(line)


def test_an_outage_of_postgres_loses_nothing(ground: Ground) -> None:
    line = outages.postgres_outage(ground, outages.SMALL)
    assert all_completed(line), shown(line)


def test_a_sick_resource_fails_with_kind_sentence_and_attempts_and_delays_nobody_else(ground: Ground) -> None:
    lines = {str(line["proof"]): line for line in ssh_faults.ssh_faults(ground, ssh_faults.SMALL)}
    assert list(lines) == ["ssh-refuse", "ssh-hang", "ssh-cut", "ssh-recovery"]
    recovery = lines.pop("ssh-recovery")
    assert all_completed(recovery), shown(recovery)
    for line in lines.values():
        assert holds(line), shown(line)
        assert line["failed"] == line["experiments"], shown(line)


def test_a_link_that_fails_at_random_and_dying_replicas_leave_one_job_a_task(ground: Ground) -> None:
    line = faulty_link.submissions(ground, faulty_link.SMALL, SEED)
    assert all_completed(line), shown(line)
    assert line["experiments"] == line["jobs"], shown(line)
    assert line["replicas_killed"], shown(line)


def test_a_canceled_job_runs_no_more_also_when_the_link_was_cut_meanwhile(ground: Ground) -> None:
    line = faulty_link.cancels(ground, faulty_link.FEW_CANCELS, SEED)
    assert holds(line), shown(line)
    assert line["canceled"] == line["experiments"], shown(line)


def test_a_submitter_that_is_stopped_before_sbatch_and_overtaken_runs_nothing_twice(ground: Ground) -> None:
    line = login_nodes.stopped_submitter(ground, 1)
    assert holds(line), shown(line)


def test_retries_and_cancels_in_every_state_leave_the_jobs_that_they_should(ground: Ground) -> None:
    line = steered_runs.steered_runs(ground)
    assert holds(line), shown(line)


def test_a_resource_that_is_away_blocks_its_runs_which_complete_when_it_is_back(ground: Ground) -> None:
    [line] = [resource_outage.resource_outage(ground, size) for size in resource_outage.SMALL]
    assert all_completed(line), shown(line)
    assert (line["circuit"], line["lane"]) == ("open", "slow"), shown(line)


def test_one_of_three_consumers_is_killed_and_no_message_is_lost_or_acknowledged_early(ground: Ground) -> None:
    line = queues.classic_demonstration(ground, queues.SMALL_CLASSIC, SEED)
    assert holds(line), shown(line)
    assert line["handled"] == line["messages"], shown(line)


def test_a_handler_longer_than_the_poll_interval_handles_its_message_once(ground: Ground) -> None:
    lines = queues.long_handler(ground, queues.SMALL_LONG)
    assert [line["protocol"] for line in lines] == ["consumer", "classic"]
    for line in lines:
        assert holds(line), shown(line)
        assert line["handled"] == line["messages"], shown(line)


def test_a_consumer_that_stood_still_for_longer_than_its_session_handles_what_came_meanwhile(ground: Ground) -> None:
    lines = queues.frozen_consumer(ground, queues.SMALL_FROZEN)
    assert [line["protocol"] for line in lines] == ["consumer", "classic"]
    for line in lines:
        assert holds(line), shown(line)
        assert line["handled"] == line["messages"], shown(line)


def test_bytes_that_are_no_message_become_dead_letters_on_every_topic(ground: Ground) -> None:
    line = bad_bytes.bad_bytes(ground, bad_bytes.SMALL)
    assert all_completed(line), shown(line)
    assert line["sent"] == line["dead_letters"], shown(line)


def test_the_witness_sees_an_acknowledgement_before_the_work(ground: Ground) -> None:
    line = sabotaged(ground, "early-acknowledgement-in-a-queue", SEED)
    assert line["acknowledged_early"], shown(line)
    assert line["lost"], shown(line)


def test_the_witness_sees_a_plain_submission(ground: Ground) -> None:
    line = sabotaged(ground, "plain-submission", SEED)
    assert line["duplicates"], shown(line)


def test_the_witness_sees_a_command_that_is_run_by_each_delivery_of_its_message(ground: Ground) -> None:
    line = sabotaged(ground, "plain-command", SEED)
    assert line["ran_twice"], shown(line)


def test_the_witness_sees_a_job_that_runs_on_after_its_cancel_was_confirmed(ground: Ground) -> None:
    line = sabotaged(ground, "empty-cancel", SEED)
    assert line["ran_after_canceled"], shown(line)


def test_the_witness_sees_two_runs_where_two_login_nodes_submit_without_a_claim(ground: Ground) -> None:
    line = sabotaged(ground, "plain-submission-on-two-login-nodes", SEED)
    assert line["ran_twice"], shown(line)
