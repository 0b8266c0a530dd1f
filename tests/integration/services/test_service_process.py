"""A task service as a process of its own, on real Kafka."""

import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.noop_service import noop
from howdah.contracts import codec, topics
from howdah.contracts.messages import TaskCanceled, TaskCompleted, TaskFailed, TaskStarted
from howdah.contracts.records import Cancellation
from howdah.messaging import Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from howdah.tasks.testing import command_for
from tests.fixtures.interface import KafkaDaemon
from tests.integration.services.processes import EventReader, publish, service_process

pytestmark = pytest.mark.integration

NOOP = ["benchmarks/noop_service.py"]


@pytest.fixture
def settings(kafka: KafkaDaemon) -> KafkaSettings:
    return KafkaSettings.load(kafka_bootstrap=kafka.bootstrap)


def test_every_command_is_done_once_and_the_process_is_small_and_stops_cleanly(
    settings: KafkaSettings, topic_prefix: str, tmp_path: Path
) -> None:
    commands = [command_for(noop, {"echo": str(number)}) for number in range(500)]
    mine = {command.task_id for command in commands}
    with (
        connect(settings, "test") as messaging,
        service_process(NOOP, settings.kafka_bootstrap, tmp_path / "noop.log") as service,
    ):
        messaging.admin().ensure([*topics.SHARED, topics.tasks("noop")])
        reader = EventReader(messaging, f"{topic_prefix}reader")
        began = time.monotonic()
        publish(messaging, commands)
        events = reader.until(
            lambda found: sum(isinstance(event, TaskCompleted) and event.task_id in mine for event in found) >= 500,
            timeout_seconds=60,
        )
        seconds = time.monotonic() - began
        reader.close()
        pss_mb = service.pss_mb()
        exit_code = service.stop()
    ours = [event for event in events if isinstance(event, TaskStarted | TaskCompleted) and event.task_id in mine]
    ends = [event for event in ours if isinstance(event, TaskCompleted)]
    assert len(ends) == 500
    starts = Counter(event.task_id for event in ours if isinstance(event, TaskStarted) or event.start is not None)
    assert starts == Counter(mine), "each start is told once, alone or with the outcome"
    assert {event.outputs["echo"] for event in ends} == set(map(str, range(500)))
    assert exit_code == 0
    assert pss_mb < 90, "a task service has 90 MB"
    print(f"500 commands in {seconds:.2f} s, PSS {pss_mb:.0f} MB")  # noqa: T201 - seen with pytest -s


def test_a_task_of_a_canceled_process_is_canceled_and_rubbish_with_ids_fails(
    settings: KafkaSettings, topic_prefix: str, tmp_path: Path
) -> None:
    canceled, rubbish = command_for(noop, {}), command_for(noop, {})
    note = Cancellation(
        at=canceled.at,
        gateway_id=canceled.gateway_id,
        experiment_id=canceled.experiment_id,
        process_id=canceled.process_id,
    )
    with connect(settings, "test") as messaging:
        messaging.admin().ensure([*topics.SHARED, topics.tasks("noop")])
        messaging.producer().send_all(
            [
                Outgoing(topics.CANCELLATIONS.name, codec.encode(note), canceled.process_id.encode()),
                Outgoing(
                    topics.tasks("noop").name,
                    codec.encode(rubbish).replace(b'"lane":"fast"', b'"lane":"FAST!"'),
                    partition=0,
                ),
            ]
        )
        publish(messaging, [canceled])
        with service_process(NOOP, settings.kafka_bootstrap, tmp_path / "noop.log") as service:
            reader = EventReader(messaging, f"{topic_prefix}reader")
            reader.until(lambda _: bool(reader.of(canceled.process_id) and reader.of(rubbish.process_id)), 60)
            reader.close()
            assert service.stop() == 0
    assert [type(event) for event in reader.of(canceled.process_id)] == [TaskCanceled]
    assert [type(event) for event in reader.of(rubbish.process_id)] == [TaskFailed]


def test_a_missing_setting_stops_the_process_with_its_name(tmp_path: Path) -> None:
    with service_process(NOOP, "127.0.0.1:9", tmp_path / "log", HOWDAH_SERVICE_TOKEN="") as service:
        assert service.child.wait(30) == 2
    assert "HOWDAH_SERVICE_TOKEN" in (tmp_path / "log").read_text(encoding="utf-8")
