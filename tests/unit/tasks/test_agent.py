"""A service with an agent's topics in place of the platform's, on the in-memory twin."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel

from howdah.contracts import codec, topics
from howdah.contracts.agents import AgentTopics, agent_topics
from howdah.contracts.envelope import Message
from howdah.contracts.ids import ResourceId, new_id
from howdah.contracts.messages import DeadLetter, RunTask, TaskCanceled, TaskCompleted, TaskFailed
from howdah.contracts.records import Cancellation
from howdah.messaging import InMemoryBroker, Messaging, MessagingError, Outgoing
from howdah.runtime.clock import SystemClock
from howdah.tasks import Result, ServiceSettings, TaskContext, task
from howdah.tasks.context import Tools
from howdah.tasks.declaration import AnyTask
from howdah.tasks.service import Service
from howdah.tasks.testing import MemoryObjects, NoExchange, command_for
from howdah.tasks.tools import SharedReach
from tests.fixtures.waiting import await_value

OWN = agent_topics(ResourceId(new_id()))


class Params(BaseModel):
    word: str = ""


@task("shout", params=Params)
def shout(context: TaskContext[Params]) -> Result:
    return {"word": context.params.word.upper()}


@task("whisper", params=Params)
def whisper(context: TaskContext[Params]) -> Result:
    return {"word": context.params.word.lower()}


@task("wait", params=Params)
def wait(context: TaskContext[Params]) -> Result:
    context.cancel.wait(30)
    context.cancel.check()
    return None


TASKS: tuple[AnyTask, ...] = (shout, whisper, wait)


@pytest.fixture
def broker() -> InMemoryBroker:
    """One that has the agent's topics and none of the platform's."""
    broker = InMemoryBroker()
    broker.connect("platform").admin().ensure(OWN.all)
    return broker


@contextmanager
def running_agent(broker: InMemoryBroker, own: AgentTopics = OWN) -> Iterator[None]:
    settings = ServiceSettings.load(
        service_name="agent", api_url="http://127.0.0.1:1", service_token="x", heartbeat_seconds=0.1
    )
    tools = Tools(exchange=NoExchange(), files=MemoryObjects(), reach=SharedReach(), clock=SystemClock())
    with broker.connect("agent", own) as messaging:
        service = Service(TASKS, settings, messaging, tools=tools, one_queue=True)
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            yield
        finally:
            service.stop()
            thread.join(20)


def give(broker: InMemoryBroker, command: RunTask, partition: int = 0) -> None:
    message = Outgoing(OWN.tasks.name, codec.encode(command), partition=partition)
    broker.connect("platform").producer().send_all([message])


class Told:
    """All that the agent told so far."""

    def __init__(self, broker: InMemoryBroker) -> None:
        self._reader = broker.connect("orchestrator").batches([OWN.events.name], "orchestrator")
        self.messages: list[Message] = []

    def one(self, kind: type[Message]) -> Message:
        def look() -> Message | None:
            self.messages += [codec.TOLD_BY_AGENTS.decode(record.value) for record in self._reader.poll(0.05)]
            return next((message for message in self.messages if isinstance(message, kind)), None)

        return await_value(look, kind.__name__, 20.0)


@pytest.mark.parametrize(("task", "word"), [(shout, "HI"), (whisper, "hi")])
def test_commands_of_every_type_come_from_one_topic_and_their_events_go_to_one(
    broker: InMemoryBroker, task: AnyTask, word: str
) -> None:
    told = Told(broker)
    with running_agent(broker):
        give(broker, command_for(task, {"word": "Hi"}), partition=3)
        completed = told.one(TaskCompleted)
    assert isinstance(completed, TaskCompleted)
    assert completed.outputs == {"word": word}


def test_a_type_that_it_does_not_work_on_fails_in_words(broker: InMemoryBroker) -> None:
    told = Told(broker)
    with running_agent(broker):
        give(broker, command_for(shout, {}).model_copy(update={"type": "sing"}))
        letter, failed = told.one(DeadLetter), told.one(TaskFailed)
    assert isinstance(letter, DeadLetter)
    assert letter.topic == OWN.tasks.name
    assert isinstance(failed, TaskFailed)
    assert "'sing' is not worked on here, only shout, whisper, wait" in failed.failure.sentence


def test_a_cancellation_comes_on_a_topic_of_its_own(broker: InMemoryBroker) -> None:
    told, command = Told(broker), command_for(wait, {})
    with running_agent(broker):
        give(broker, command)
        row = Cancellation(
            at=command.at,
            gateway_id=command.gateway_id,
            experiment_id=command.experiment_id,
            process_id=command.process_id,
        )
        messages = [Outgoing(OWN.cancellations.name, codec.encode(row), key=command.process_id.encode())]
        broker.connect("platform").producer().send_all(messages)
        told.one(TaskCanceled)


def test_without_its_topics_it_says_what_is_missing() -> None:
    with pytest.raises(MessagingError, match=f"topic {OWN.events.name} does not exist"), agent_of_nothing() as own:
        own.admin().ensure([topics.EVENTS])


@contextmanager
def agent_of_nothing() -> Iterator[Messaging]:
    with InMemoryBroker().connect("agent", OWN) as messaging:
        yield messaging


def test_a_topic_that_is_none_of_its_business_is_not_asked_for(broker: InMemoryBroker) -> None:
    with broker.connect("agent", OWN) as own:
        own.admin().ensure([topics.EVENTS, topics.Topic("howdah.others", topics.Mode.TABLE, "", 1, -1, "", "")])


def test_an_agent_admits_and_expels_nobody(tmp_path: Path) -> None:
    del tmp_path
    with agent_of_nothing() as own:
        with pytest.raises(MessagingError, match="admits nobody"):
            own.admin().admit("friend", "password", OWN.access)
        with pytest.raises(MessagingError, match="expels nobody"):
            own.admin().expel("enemy")
