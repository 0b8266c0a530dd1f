"""Readiness and log speak of an outage once, however often librdkafka does."""

import json

import pytest
import structlog
from confluent_kafka import KafkaError
from structlog.testing import LogCapture

from howdah.messaging.kafka.configuration import Connectivity

ALL_DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)


@pytest.fixture
def said() -> LogCapture:
    return LogCapture()


@pytest.fixture
def connectivity(said: LogCapture, monkeypatch: pytest.MonkeyPatch) -> Connectivity:
    logger = structlog.wrap_logger(None, processors=[said])
    monkeypatch.setattr("howdah.messaging.kafka.configuration.log", logger)
    return Connectivity("consumer x")


def statistics(**states: str) -> str:
    """Return statistics with these brokers, and with the one that is none."""
    brokers = {name: {"state": state, "source": source(name)} for name, state in states.items()}
    brokers |= {
        "GroupCoordinator": {"state": "UP", "source": "logical"},
        ":0/internal": {"state": "UP", "source": "internal"},
    }
    return json.dumps({"brokers": brokers})


def source(name: str) -> str:
    return "configured" if name.startswith("bootstrap") else "learned"


def told(said: LogCapture) -> list[str]:
    return [entry["event"] for entry in said.entries if entry["log_level"] in {"info", "warning"}]


def test_an_outage_is_told_once_and_its_end_once(connectivity: Connectivity, said: LogCapture) -> None:
    connectivity.on_statistics(statistics(b1="UP"))
    for _ in range(5):  # the client has forgotten the broker that it had learned of
        connectivity.on_error(ALL_DOWN)
        connectivity.on_statistics(statistics(bootstrap="INIT"))
        connectivity.on_error(ALL_DOWN)
        connectivity.on_statistics(statistics(bootstrap="CONNECT"))
    assert connectivity.trouble() == "consumer x: no Kafka broker is reachable"
    for _ in range(3):
        connectivity.on_statistics(statistics(bootstrap="INIT", b1="UP"))
    assert connectivity.trouble() is None
    assert told(said) == ["no kafka broker is reachable", "kafka is reachable again"]


def test_one_look_without_a_connection_is_no_outage(connectivity: Connectivity, said: LogCapture) -> None:
    for state in ("UP", "DOWN", "UP", "TRY_CONNECT", "UP"):
        connectivity.on_error(ALL_DOWN)
        connectivity.on_statistics(statistics(b1=state))
        assert connectivity.trouble() is None
    assert told(said) == []


def test_an_idle_client_whose_connection_was_closed_knows_of_no_outage(connectivity: Connectivity) -> None:
    connectivity.on_error(ALL_DOWN)
    for _ in range(5):
        connectivity.on_statistics(statistics(b1="INIT"))
    assert connectivity.trouble() is None


def test_a_fatal_error_stays(connectivity: Connectivity) -> None:
    connectivity.on_error(KafkaError(KafkaError._FENCED, "fenced", fatal=True))
    connectivity.on_statistics(statistics(b1="UP"))
    assert connectivity.trouble() == "consumer x: the Kafka client failed for good: fenced"


def test_a_client_that_knows_no_broker_any_more_is_beyond_repair(connectivity: Connectivity) -> None:
    connectivity.on_statistics(statistics(b1="UP"))
    for _ in range(2):
        connectivity.on_statistics(statistics())
    connectivity.on_statistics(statistics(bootstrap="INIT"))
    for _ in range(2):
        connectivity.on_statistics(statistics())
    assert connectivity.beyond_repair() is None, "it passes while the client begins anew at the bootstrap servers"
    connectivity.on_statistics(statistics())
    assert "forgotten every broker" in (connectivity.beyond_repair() or "")
    assert connectivity.trouble() == connectivity.beyond_repair()
