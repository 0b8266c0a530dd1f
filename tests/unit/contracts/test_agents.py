"""What belongs to an agent: every topic that its services know has one of its own, and its rights name no other."""

import pytest

from howdah.contracts import topics
from howdah.contracts.agents import AGENT_LANES, agent_topics
from howdah.contracts.errors import ConfigurationError
from howdah.contracts.ids import ResourceId, new_id
from howdah.contracts.params import BUILT_IN
from howdah.contracts.resources import ReachKind, ResourceTarget, TransportKind

OWN = agent_topics(ResourceId(new_id()))


def test_every_topic_of_a_task_service_has_one_that_stands_for_it() -> None:
    for topic in (
        *(topics.EVENTS, topics.JOBS, topics.CANCELLATIONS, topics.HEARTBEATS, topics.LOGS),
        *(topics.DEAD_LETTERS, topics.LOOKS, topics.LOOK_ANSWERS),
    ):
        assert OWN.standing_for(topic.name) in {one.name for one in OWN.all}
    assert {OWN.standing_for(topics.tasks(task_type).name) for task_type in BUILT_IN} == {OWN.tasks.name}


def test_all_that_it_tells_goes_to_one_topic() -> None:
    told = (topics.EVENTS, topics.LOGS, topics.HEARTBEATS, topics.LOOK_ANSWERS, topics.DEAD_LETTERS)
    assert {OWN.standing_for(topic.name) for topic in told} == {OWN.events.name}


def test_what_an_agent_knows_nothing_of_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no topic in place of howdah\.secrets"):
        OWN.standing_for("howdah.secrets")


def test_its_rights_name_its_own_topics_and_groups_only() -> None:
    names = {topic.name for topic in OWN.all}
    assert set(OWN.access.read) | set(OWN.access.write) == names
    assert OWN.events.name not in OWN.access.read
    assert not {OWN.tasks.name, OWN.looks.name, OWN.cancellations.name} & set(OWN.access.write)
    assert all(name.startswith(OWN.access.groups) for name in names)
    assert OWN.access.groups.endswith(".")  # or the rights would reach to a resource whose id begins like this one


def test_two_agents_share_nothing() -> None:
    other = agent_topics(ResourceId(new_id()))
    assert not {topic.name for topic in OWN.all} & {topic.name for topic in other.all}
    assert OWN.user != other.user
    assert OWN.subject != other.subject


def test_its_lanes_are_those_of_every_task() -> None:
    assert [name for name, _ in AGENT_LANES.sizes] == [name for name, _ in topics.LANES.sizes]
    assert OWN.tasks.partitions == AGENT_LANES.partitions


def test_an_agent_works_where_it_runs() -> None:
    target = ResourceTarget(
        resource_id=OWN.resource_id, name="far", reach=ReachKind.AGENT, transport=TransportKind.LOCAL
    )
    assert target.credential_ids == ()
    with pytest.raises(ValueError, match="its transport is local"):
        ResourceTarget(resource_id=OWN.resource_id, name="far", reach=ReachKind.AGENT)
