"""What an agent's account at the brokers opens, and what it does not: asked of a real broker over TLS and SCRAM."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from howdah.contracts import topics
from howdah.contracts.agents import AgentTopics, agent_topics
from howdah.contracts.ids import ResourceId, new_id
from howdah.messaging import Messaging, MessagingError, Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.secured_kafka import SecuredKafka
from tests.fixtures.tls import Authority
from tests.fixtures.waiting import await_value

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[SecuredKafka]:
    server = SecuredKafka(tmp_path_factory.mktemp("secured-kafka"), "127.0.0.1", authority)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def platform(broker: SecuredKafka) -> Iterator[Messaging]:
    with connect(KafkaSettings.load(kafka_bootstrap=broker.bootstrap), "platform") as messaging:
        messaging.admin().ensure([topics.EVENTS, topics.tasks("command")])
        yield messaging


@pytest.fixture
def own(platform: Messaging) -> AgentTopics:
    """The topics of an agent that was admitted just now."""
    own = agent_topics(ResourceId(new_id()))
    platform.admin().ensure(own.all)
    platform.admin().admit(own.user, PASSWORD, own.access)
    return own


Log = Callable[..., KafkaSettings]


@pytest.fixture
def as_agent(broker: SecuredKafka, authority: Authority, own: AgentTopics) -> Log:
    """Settings with which the agent logs in, as far as they are not replaced."""

    def settings(**changed: object) -> KafkaSettings:
        usual: dict[str, object] = {
            "kafka_bootstrap": broker.bootstrap_outside,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_ca_pem": authority.ca_file.read_text(),
            "kafka_username": own.user,
            "kafka_password": PASSWORD,
        }
        return KafkaSettings.load(**(usual | changed))

    return settings


def _tell(messaging: Messaging, topic: str) -> None:
    messaging.producer().send_all([Outgoing(topic, b"{}", key=b"key")], timeout_seconds=20)


def _read_all(messaging: Messaging, topic: str, group: str) -> list[bytes | None]:
    reader = messaging.batches([topic], group)
    try:
        return await_value(lambda: [record.value for record in reader.poll(0.5)] or None, f"a record on {topic}")
    finally:
        reader.close()


def test_an_agent_reads_its_tasks_and_tells_its_events(platform: Messaging, own: AgentTopics, as_agent: Log) -> None:
    _tell(platform, own.tasks.name)
    with connect(as_agent(), "agent", own) as messaging:
        messaging.admin().ensure([topics.EVENTS, topics.JOBS, topics.tasks("command")])  # it only looks
        assert _read_all(messaging, topics.tasks("command").name, "tasks") == [b"{}"]
        _tell(messaging, topics.EVENTS.name)
        _tell(messaging, topics.HEARTBEATS.name)
    assert len(_read_all(platform, own.events.name, f"test-{new_id()}")) in {1, 2}
    assert platform.admin().backlog(f"test-{new_id()}", topics.EVENTS.name) == dict.fromkeys(range(6), 0)


def test_the_password_may_stand_in_a_file(tmp_path: Path, own: AgentTopics, as_agent: Log) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    settings = as_agent(kafka_password=None, kafka_password_file=secret)
    with connect(settings, "agent", own) as messaging:
        _tell(messaging, topics.EVENTS.name)


@pytest.mark.parametrize("topic", ["howdah.events", "howdah.tasks.command"])
def test_an_agent_is_refused_every_other_topic(own: AgentTopics, as_agent: Log, topic: str) -> None:
    with connect(as_agent(), "agent") as messaging:  # with the agent's account, but without its routes
        with pytest.raises(MessagingError, match="AUTHORIZATION_FAILED"):
            _tell(messaging, topic)
        reader = messaging.batches([topic], f"{own.groups}spy")
        with pytest.raises(MessagingError, match=r"AUTHORIZATION_FAILED|does not exist"):
            reader.poll(5.0)
        reader.close()


def test_an_agent_is_refused_what_another_agent_owns(platform: Messaging, own: AgentTopics, as_agent: Log) -> None:
    other = agent_topics(ResourceId(new_id()))
    platform.admin().ensure(other.all)
    with connect(as_agent(), "agent") as messaging:
        with pytest.raises(MessagingError, match="AUTHORIZATION_FAILED"):
            _tell(messaging, other.events.name)
        with pytest.raises(MessagingError, match="AUTHORIZATION_FAILED"):
            _tell(messaging, own.tasks.name)  # it reads them, and gives itself none
        with pytest.raises(MessagingError, match="AUTHORIZATION_FAILED"):
            messaging.admin().admit("friend", "password", other.access)
        messaging.give_up_waiting()  # librdkafka keeps the refusal of a group to itself
        reader = messaging.batches([own.tasks.name], "somebody-elses-group")
        with pytest.raises(MessagingError, match="somebody-elses-group"):
            reader.poll(5.0)
        reader.close()


def test_who_is_expelled_is_refused_at_once(platform: Messaging, own: AgentTopics, as_agent: Log) -> None:
    with connect(as_agent(), "agent", own) as messaging:
        _tell(messaging, topics.EVENTS.name)
        platform.admin().expel(own.user)
        platform.admin().expel(own.user)  # once more changes nothing

        def refused() -> bool:
            try:
                _tell(messaging, topics.EVENTS.name)
            except MessagingError:
                return True
            return False

        await_value(refused, "the refusal of an expelled agent")


def test_an_earlier_password_opens_nothing(platform: Messaging, own: AgentTopics, as_agent: Log) -> None:
    platform.admin().admit(own.user, f"another {PASSWORD}", own.access)
    with connect(as_agent(), "agent", own) as messaging, pytest.raises(MessagingError):
        messaging.producer().send_all([Outgoing(topics.EVENTS.name, b"{}")], timeout_seconds=4)
    with connect(as_agent(kafka_password=f"another {PASSWORD}"), "agent", own) as messaging:
        _tell(messaging, topics.EVENTS.name)


def test_a_broker_that_another_authority_vouches_for_is_not_talked_to(
    tmp_path: Path, own: AgentTopics, as_agent: Log
) -> None:
    stranger = Authority(tmp_path)
    settings = as_agent(kafka_ca_pem=None, kafka_ca_file=stranger.ca_file)
    with connect(settings, "agent", own) as messaging, pytest.raises(MessagingError):
        messaging.producer().send_all([Outgoing(topics.EVENTS.name, b"{}")], timeout_seconds=4)
