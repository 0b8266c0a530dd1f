import pytest

from howdah.contracts.failures import FailureKind, RetryPolicy
from howdah.contracts.flow import OutputRef
from howdah.contracts.ids import TaskId, new_id
from howdah.contracts.tasks import Dag, TaskSpec
from howdah.contracts.topics import LANES, platform_topics

A, B, C = (TaskId(new_id()) for _ in range(3))


def task(task_id: TaskId, name: str, *needs: TaskId, **more: object) -> TaskSpec:
    return TaskSpec.model_validate({"task_id": task_id, "name": name, "type": "noop", "depends_on": needs, **more})


def test_dependents_are_the_other_end_of_depends_on() -> None:
    dag = Dag(tasks=(task(A, "a"), task(B, "b", A), task(C, "c", A, B)))
    assert dag.dependents == {A: (B, C), B: (C,), C: ()}


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ((task(A, "a", B), task(B, "b", A)), "circle: .*→"),
        ((task(A, "a"), task(B, "a")), "'a' is used 2 times"),
        ((task(A, "a"), task(A, "b")), "same task_id"),
        ((task(A, "a", B),), "no task of this DAG"),
        ((task(A, "a", bindings={"x": OutputRef(task_id=B, output="y")}),), "no task of this DAG"),
        ((), "at least 1"),
    ],
)
def test_what_is_no_dag_is_refused_with_the_place(tasks: tuple[TaskSpec, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Dag(tasks=tasks)


def test_back_off_doubles_up_to_its_limit_and_jitter_only_shortens_it() -> None:
    policy = RetryPolicy(max_attempts=5, initial_delay_seconds=2, max_delay_seconds=10, jitter=0.5)
    delays = [policy.next_delay_seconds(FailureKind.TRANSIENT, attempt, 0.0) for attempt in range(1, 6)]
    assert delays == [2, 4, 8, 10, None]
    assert policy.next_delay_seconds(FailureKind.TRANSIENT, 1, 0.999) == pytest.approx(1.001)


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.AUTHENTICATION,
        FailureKind.HOST_KEY,
        FailureKind.PERMANENT,
        FailureKind.LOST,
        FailureKind.CANCELED,
    ],
)
def test_what_another_attempt_cannot_mend_is_not_retried(kind: FailureKind) -> None:
    assert RetryPolicy().next_delay_seconds(kind, 1, 0.0) is None


def test_every_partition_of_a_task_topic_belongs_to_one_lane() -> None:
    assert sorted(p for name, _ in LANES.sizes for p in LANES.span(name)) == list(range(LANES.partitions))
    assert all(p in LANES.span(LANES.lane_of(p)) for p in range(LANES.partitions))
    with pytest.raises(ValueError, match="there are fast, slow"):
        LANES.span("express")


def test_topic_names_follow_the_house_rule() -> None:
    names = [topic.name for topic in platform_topics(("my-own",))]
    assert len(set(names)) == len(names)
    assert all(name.startswith("howdah.") and "_" not in name and name == name.lower() for name in names)
