"""Every skip of this suite, by test and backend, with its reason. There is no other."""

_NO_ADMIN = "librdkafka's mock cluster answers no CreateTopics, CreatePartitions or DescribeConfigs"

SKIPS: dict[tuple[str, str], str] = {
    ("test_what_is_missing_is_created_and_what_is_there_is_left", "mock"): _NO_ADMIN,
    ("test_a_task_topic_grows", "mock"): _NO_ADMIN,
    ("test_a_keyed_topic_of_another_size_is_refused", "mock"): _NO_ADMIN,
    ("test_settings_that_contradict_the_contract_are_refused", "mock"): _NO_ADMIN,
    ("test_a_topic_that_does_not_exist_stops_the_consumer", "mock"): "the mock cluster creates what it is asked about",
    ("test_refused_commits_are_made_good", "kafka"): "a real broker does not err on request",
    ("test_a_member_that_was_thrown_out_commits_nothing_and_comes_back", "kafka"): (
        "a real broker does not err on request"
    ),
    ("test_nobody_commits_what_it_does_not_own", "mock"): "only the twin records whose commit it was",
    ("test_nobody_commits_what_it_does_not_own", "kafka"): "only the twin records whose commit it was",
    ("test_a_long_ledger_pauses_its_partition", "mock"): "a matter of the loop, and slow; the twin has the same loop",
    ("test_a_long_ledger_pauses_its_partition", "kafka"): "a matter of the loop, and slow; the twin has the same loop",
}
