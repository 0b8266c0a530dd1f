"""What agents tell: taken from their topics, checked, passed on to the platform's own; the rest to the dead letters.

An agent writes to one topic and nowhere else. What is about a task, a look or a topic of its own resource goes on,
under the same key and so in the same order, to where the platform's services write themselves; so a run still has one
writer. Anything else is refused: that an agent says something makes it true for its own resource only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.registry.repositories import agents
from api_server.registry.repositories.agents import LookPlace, Places, TaskPlace
from howdah.contracts import codec, topics
from howdah.contracts.agents import AgentTopics, agent_topics
from howdah.contracts.envelope import Message
from howdah.contracts.heartbeats import Heartbeat
from howdah.contracts.ids import ResourceId, derive_id
from howdah.contracts.messages import DeadLetter, LookAnswered, TaskEvent, TaskLogged
from howdah.contracts.topics import Topic
from howdah.messaging.abstract import Outgoing, Producer, Record
from howdah.messaging.dead_letters import dead_letter
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import DEAD_LETTERS, TOLD_BY_AGENTS

log = structlog.get_logger(__name__)

GROUP: Final = "orchestrator-agents"


@dataclass(frozen=True, slots=True)
class Told:
    """What one record says, and on whose topic it was."""

    own: AgentTopics
    message: Message
    record: Record


def read(record: Record) -> Told:
    """Return what the record says; ContractError when it is nothing that an agent may say at all."""
    return Told(_of_topic(record.topic), codec.TOLD_BY_AGENTS.decode(record.value), record)


@lru_cache(maxsize=1_024)
def _of_topic(name: str) -> AgentTopics:
    return agent_topics(ResourceId(name.split(".")[-2]))


class AgentGate:
    """Passes on what agents may say."""

    def __init__(self, engine: Engine, producer: Producer, clock: Clock) -> None:
        self._engine = engine
        self._producer = producer
        self._clock = clock

    def pass_on(self, told: Sequence[Told]) -> None:
        """Write all of it to where it belongs, or to the dead letters; DeliveryError: again, nothing is lost."""
        places, names = self._look_up(told)
        self._producer.send_all([self._judged(one, places, names) for one in told])

    def _look_up(self, told: Sequence[Told]) -> tuple[Places, Mapping[str, str]]:
        tasks = {one.message.task_id for one in told if isinstance(one.message, TaskEvent)}
        looks = {one.message.look_id for one in told if isinstance(one.message, LookAnswered)}
        with Session(self._engine) as session:
            places = Places(agents.places_of_tasks(session, tasks), agents.places_of_looks(session, looks))
            return places, agents.worked_on_by_agents(session)

    def _judged(self, told: Told, places: Places, names: Mapping[str, str]) -> Outgoing:
        message, reason = told.message, refusal(told, places)
        TOLD_BY_AGENTS.labels(message.kind, "refused" if reason else "passed on").inc()
        if reason is not None:
            log.warning("an agent told what is not its own", resource_id=told.own.resource_id, reason=reason)
            DEAD_LETTERS.labels(told.record.topic).inc()
            return dead_letter(told.record, reason, GROUP, self._clock.now())
        if isinstance(message, Heartbeat):
            name = names.get(told.own.resource_id, told.own.resource_id)
            message = message.model_copy(update={"service": f"agent of {name}"})
        return Outgoing(destination(message).name, codec.encode(message), key=told.record.key)


def destination(message: Message) -> Topic:
    """Return the topic on which the platform's own services would have told ``message``."""
    match message:
        case TaskLogged():
            return topics.LOGS
        case TaskEvent():
            return topics.EVENTS
        case LookAnswered():
            return topics.LOOK_ANSWERS
        case Heartbeat():
            return topics.HEARTBEATS
        case DeadLetter():
            return topics.DEAD_LETTERS
        case _:
            raise _none_of_an_agents(message)


def refusal(told: Told, places: Places) -> str | None:
    """Return why what was told is not this agent's to tell, None when it is."""
    match message := told.message:
        case TaskEvent():
            return _of_task(told, message, places.tasks.get(message.task_id))
        case LookAnswered():
            place = places.looks.get(message.look_id)
            expected = LookPlace(message.gateway_id, told.own.resource_id, message.what)
            mine = place == expected and message.resource_id == told.own.resource_id
            return None if mine else f"look_id: {message.look_id} is no look at resource {told.own.resource_id}"
        case DeadLetter():
            return _of_letter(told.own, message)
        case Heartbeat():
            return None
        case _:
            raise _none_of_an_agents(message)


def _none_of_an_agents(message: Message) -> AssertionError:
    return AssertionError(f"unreachable: codec.TOLD_BY_AGENTS gives no {message.kind}")


def _of_task(told: Told, event: TaskEvent, place: TaskPlace | None) -> str | None:
    own = told.own.resource_id
    if place is None or place.resource_id != own:
        return f"task_id: {event.task_id} is no task of resource {own}, whose agent told this {event.kind}"
    if (event.gateway_id, event.experiment_id, event.process_id) != place[:3]:
        return f"process_id: {event.process_id} is not the process of task {event.task_id}"
    key = event.task_id if isinstance(event, TaskLogged) else event.process_id
    if told.record.key != key.encode():
        return f"key: {event.kind} is keyed by {key}, or its order is lost"
    return None


def _of_letter(own: AgentTopics, letter: DeadLetter) -> str | None:
    if letter.topic not in {topic.name for topic in own.all}:
        return f"topic: {letter.topic[:200]} is no topic of the agent of {own.resource_id}"
    if letter.dead_letter_id != derive_id("dead-letter", letter.topic, letter.partition, letter.offset):
        return "dead_letter_id: is not the one that its position gives it"
    return None
