from pathlib import Path

import pytest

from howdah.local.progress import Silent
from howdah.local.stack import Stack
from howdah.local.supervisor import Wave


def test_existing_kafka_and_database_are_used_instead_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOWDAH_KAFKA_BOOTSTRAP", "kafka.example.org:9092")
    monkeypatch.setenv("HOWDAH_DATABASE_URL", "postgresql://howdah@db.example.org/howdah")
    stack = Stack(tmp_path, Silent())
    plan = stack.plan(lambda: None)
    first = plan.stages[0]
    assert isinstance(first, Wave)
    assert [spec.name for spec in first.children()] == ["sandbox"]
    assert plan.kafka_bootstrap == "kafka.example.org:9092"
    assert stack.where.database_url == "postgresql://howdah@db.example.org/howdah"


def test_ports_stay_the_same_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOWDAH_KAFKA_BOOTSTRAP", "kafka.example.org:9092")
    first, second = Stack(tmp_path, Silent()), Stack(tmp_path, Silent())
    assert first.where.api_url == second.where.api_url
    assert first.sandbox.port == second.sandbox.port
