"""What an agent tells, judged against what the registry knows: its own resource's tasks and looks, and nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api_server.orchestrator.agents import Told, destination, read, refusal
from api_server.registry.repositories.agents import LookPlace, Places, TaskPlace
from howdah.contracts import codec, topics
from howdah.contracts.agents import agent_topics
from howdah.contracts.envelope import Message
from howdah.contracts.errors import ContractError
from howdah.contracts.heartbeats import Heartbeat
from howdah.contracts.ids import EventId, InstanceId, LookId, ResourceId, TaskId, derive_id, new_id
from howdah.contracts.looks import LookKind
from howdah.contracts.messages import DeadLetter, LogLine, LookAnswered, TaskCompleted, TaskLogged, TimerDue
from howdah.contracts.requests import (
    CancelRequested,
)
from howdah.messaging import Record

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
OWN = agent_topics(ResourceId(new_id()))
OTHER = ResourceId(new_id())
TASK, LOOK = TaskId(new_id()), LookId(new_id())
PLACE = TaskPlace(new_id(), new_id(), new_id(), OWN.resource_id)
PLACES = Places({TASK: PLACE}, {LOOK: LookPlace(PLACE.gateway_id, OWN.resource_id, LookKind.REACHABILITY)})
OF_TASK: dict[str, Any] = {
    "event_id": EventId(new_id()),
    "at": NOW,
    "gateway_id": PLACE.gateway_id,
    "experiment_id": PLACE.experiment_id,
    "process_id": PLACE.process_id,
    "task_id": TASK,
    "attempt": 1,
}
OF_LOOK: dict[str, Any] = {
    "at": NOW,
    "look_id": LOOK,
    "gateway_id": PLACE.gateway_id,
    "resource_id": OWN.resource_id,
    "what": LookKind.REACHABILITY,
}


def told(message: Message, key: str | None = None) -> Told:
    """Return what stands on the agent's topic."""
    key = PLACE.process_id if key is None else key
    return read(Record(OWN.events.name, 0, 7, key.encode(), codec.encode(message)))


def judged(message: Message, key: str | None = None, places: Places = PLACES) -> str | None:
    return refusal(told(message, key), places)


def letter(**changed: object) -> DeadLetter:
    place = (OWN.tasks.name, 1, 42)
    fields: dict[str, Any] = {
        "at": NOW,
        "dead_letter_id": derive_id("dead-letter", *place),
        "reason": "undecodable",
        "group": "tasks",
        "topic": place[0],
        "partition": place[1],
        "offset": place[2],
    }
    return DeadLetter(**(fields | changed))


def test_what_is_about_its_own_work_goes_where_the_services_write() -> None:
    logged = TaskLogged(**OF_TASK, lines=(LogLine(at=NOW, text="hello"),))
    heartbeat = Heartbeat(
        at=NOW,
        instance_id=InstanceId(new_id()),
        service="agent",
        release="1",
        host="h",
        pid=1,
        started_at=NOW,
        in_flight=0,
    )
    for message, key, topic in (
        (TaskCompleted(**OF_TASK), PLACE.process_id, topics.EVENTS),
        (logged, TASK, topics.LOGS),
        (LookAnswered(**OF_LOOK), OWN.resource_id, topics.LOOK_ANSWERS),
        (heartbeat, heartbeat.instance_id, topics.HEARTBEATS),
        (letter(), "", topics.DEAD_LETTERS),
    ):
        assert judged(message, key) is None
        assert destination(told(message, key).message) == topic


@pytest.mark.parametrize("field", ["gateway_id", "experiment_id", "process_id"])
def test_an_event_that_names_somebody_elses_run_is_refused(field: str) -> None:
    foreign = new_id()
    key = foreign if field == "process_id" else PLACE.process_id
    reason = judged(TaskCompleted(**(OF_TASK | {field: foreign})), key)
    assert reason is not None
    assert "is not the process of task" in reason


def test_an_event_of_a_task_that_does_not_exist_is_refused() -> None:
    reason = judged(TaskCompleted(**(OF_TASK | {"task_id": new_id()})))
    assert reason is not None
    assert f"is no task of resource {OWN.resource_id}" in reason


@pytest.mark.parametrize("resource_id", [OTHER, None], ids=["another resource", "no resource"])
def test_an_event_of_a_task_that_others_work_on_is_refused(resource_id: str | None) -> None:
    places = Places({TASK: PLACE._replace(resource_id=resource_id)}, {})
    reason = judged(TaskCompleted(**OF_TASK), places=places)
    assert reason is not None
    assert "is no task of resource" in reason


def test_an_event_under_another_key_would_lose_its_order_and_is_refused() -> None:
    reason = judged(TaskCompleted(**OF_TASK), key=new_id())
    assert reason is not None
    assert reason.startswith("key:")


@pytest.mark.parametrize(
    "message",
    [
        CancelRequested(**{name: OF_TASK[name] for name in OF_TASK if name not in {"task_id", "attempt"}}, actor="me"),
        TimerDue(**OF_TASK, due_at=NOW),
    ],
)
def test_requests_and_timers_are_not_an_agents_to_tell(message: Message) -> None:
    with pytest.raises(ContractError, match="is none of"):
        told(message)


@pytest.mark.parametrize(
    "changed",
    [{"look_id": new_id()}, {"gateway_id": new_id()}, {"resource_id": OTHER}, {"what": LookKind.FILE}],
)
def test_an_answer_to_a_look_that_was_not_its_own_is_refused(changed: dict[str, Any]) -> None:
    reason = judged(LookAnswered(**(OF_LOOK | changed)))
    assert reason is not None
    assert "is no look at resource" in reason


def test_an_answer_about_another_resource_is_refused_although_the_look_names_it() -> None:
    places = Places({}, {LOOK: LookPlace(PLACE.gateway_id, OTHER, LookKind.REACHABILITY)})
    assert judged(LookAnswered(**(OF_LOOK | {"resource_id": OTHER})), places=places) is not None


@pytest.mark.parametrize("changed", [{"topic": "howdah.tasks.command"}, {"offset": 43}, {"dead_letter_id": new_id()}])
def test_a_dead_letter_of_another_topic_or_under_a_false_id_is_refused(changed: dict[str, Any]) -> None:
    assert judged(letter(**changed)) is not None
