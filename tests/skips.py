"""Every skip of the whole suite, by test and parameter, with its reason. Any other one fails the run."""

_NO_ADMIN = "librdkafka's mock cluster answers no CreateTopics, CreatePartitions or DescribeConfigs"
_NO_ERRORS = "a real broker does not err on request"
_TWIN_ONLY = "only the twin records whose commit it was"
_SLOW = "a matter of the loop, and slow; the twin has the same loop"

ALWAYS: dict[tuple[str, str], str] = {
    ("test_what_is_missing_is_created_and_what_is_there_is_left", "mock"): _NO_ADMIN,
    ("test_a_task_topic_grows", "mock"): _NO_ADMIN,
    ("test_a_keyed_topic_of_another_size_is_refused", "mock"): _NO_ADMIN,
    ("test_settings_that_contradict_the_contract_are_refused", "mock"): _NO_ADMIN,
    ("test_a_topic_that_does_not_exist_stops_the_consumer", "mock"): "the mock cluster creates what it is asked about",
    ("test_refused_commits_are_made_good", "kafka"): _NO_ERRORS,
    ("test_a_coordinator_that_is_looked_for_during_a_commit_loses_nothing", "kafka"): _NO_ERRORS,
    ("test_a_member_that_was_thrown_out_commits_nothing_and_comes_back", "kafka"): _NO_ERRORS,
    ("test_nobody_commits_what_it_does_not_own", "mock"): _TWIN_ONLY,
    ("test_nobody_commits_what_it_does_not_own", "kafka"): _TWIN_ONLY,
    ("test_a_long_ledger_pauses_its_partition", "mock"): _SLOW,
    ("test_a_long_ledger_pauses_its_partition", "kafka"): _SLOW,
}
"""What one backend of the conformance suite can't show; the suite itself skips these."""

_NO_NAMESPACES = "network namespaces are root's to make, and not permitted in every container"

SOMETIMES: dict[tuple[str, str], str] = {
    ("test_an_unknown_queue_is_refused_in_plain_words", "htcondor"): "HTCondor has no queues",
    ("test_a_local_stack_goes_on_from_what_was_wanted_last", "kubernetes"): "a cluster's memory is its own",
    ("test_the_namespace_lets_nothing_through_but_the_brokers_tls_port_and_the_api_server", ""): _NO_NAMESPACES,
    ("test_the_example_runs_there", ""): _NO_NAMESPACES,
    **{
        ("test_the_example_runs_by_agent_on_every_scheduler", kind): _NO_NAMESPACES
        for kind in ("slurm", "pbs", "lsf", "sge", "htcondor", "fork")
    },
    ("test_the_way_there_is_tested_by_the_agent", ""): _NO_NAMESPACES,
    ("test_its_heartbeats_are_heard_under_its_resources_name", ""): _NO_NAMESPACES,
    ("test_a_cancellation_reaches_what_it_runs", ""): _NO_NAMESPACES,
    ("test_a_killed_agent_goes_on_and_there_is_one_job", ""): _NO_NAMESPACES,
    ("test_what_it_tells_of_a_foreign_process_is_refused", ""): _NO_NAMESPACES,
    ("test_a_revoked_agent_may_do_nothing_and_a_new_enrolment_goes_on", ""): _NO_NAMESPACES,
    ("test_what_operators_define_is_valid", ""): "their definitions are not ours",
    ("test_children_are_told_when_the_supervisor_is_killed", ""): "the death signal is Linux's",
}
"""What a test itself may find impossible where it runs. The parameter "" stands for a test without any."""


def reason_for(test: str, parameters: str) -> str | None:
    """Return why ``test[parameters]`` may be skipped; None when it may not."""
    listed = ALWAYS | SOMETIMES
    return next((listed[test, one] for one in parameters.split("-") if (test, one) in listed), None)
