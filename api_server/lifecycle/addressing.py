"""Who works on a resource: the platform's services, or an agent with topics and grants of its own."""

from howdah.contracts import codec, topics
from howdah.contracts.agents import AGENT_LANES, AgentTopics, agent_topics
from howdah.contracts.messages import LookAtResource, RunTask
from howdah.contracts.resources import ReachKind, ResourceTarget
from howdah.messaging.abstract import Outgoing
from howdah.messaging.lanes import Partitioner, partition_for


def agent_of(target: ResourceTarget | None) -> AgentTopics | None:
    """Return the topics of the agent that works on ``target``, None where the platform's services do."""
    return agent_topics(target.resource_id) if target is not None and target.reach is ReachKind.AGENT else None


def holder_of(target: ResourceTarget | None) -> str | None:
    """Return the subject of the agent that alone may use what is granted for work on ``target``; None: no agent."""
    own = agent_of(target)
    return None if own is None else own.subject


def addressed_task(command: RunTask, partitioner: Partitioner) -> Outgoing:
    """Return the command on the topic of those who work on its resource."""
    value, own = codec.encode(command), agent_of(command.target)
    if own is not None:
        partition = partition_for(command.lane, own.resource_id, command.task_id, AGENT_LANES)
        return Outgoing(own.tasks.name, value, partition=partition)
    resource_id = None if command.target is None else command.target.resource_id
    partition = partitioner.partition(command.lane, resource_id, command.task_id)
    return Outgoing(topics.tasks(command.type).name, value, partition=partition)


def addressed_look(request: LookAtResource, lane: str = topics.FAST) -> Outgoing:
    """Return the request on the topic of those who look at its resource; probes take the slow lane."""
    own, target = agent_of(request.target), request.target
    topic, lanes = (topics.LOOKS, topics.LANES) if own is None else (own.looks, AGENT_LANES)
    partition = partition_for(lane, target.resource_id, request.look_id, lanes)
    return Outgoing(topic.name, codec.encode(request), partition=partition)
