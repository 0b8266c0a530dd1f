from pathlib import Path

import pytest
from pydantic import ValidationError

from howdah.local.downloads import JarLock, LockedJar
from howdah.local.kafka import LOCK, broker_settings
from howdah.local.lock import REQUESTED


def test_the_committed_lock_is_that_of_the_versions_we_ask_for() -> None:
    lock = JarLock.read(LOCK)
    assert lock.requested == REQUESTED
    coordinates = [jar.coordinate for jar in lock.jars]
    assert set(REQUESTED) <= set(coordinates)
    assert len(set(coordinates)) == len(coordinates)
    assert len({jar.file_name for jar in lock.jars}) == len(lock.jars), "no file would overwrite another"


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK.read_text()


@pytest.mark.parametrize("coordinate", ["a:b", "a:b:../../c", "a:b/c:1", "a:b:1:jar", "::"])
def test_a_coordinate_that_could_leave_the_cache_is_refused(coordinate: str) -> None:
    with pytest.raises(ValidationError):
        LockedJar(coordinate=coordinate, sha256="0" * 64)


def test_a_sleeping_stack_keeps_its_ledger_for_a_year_and_listens_on_the_loopback_only() -> None:
    settings = broker_settings(1, 2, Path("/data"))
    assert settings["offsets.retention.minutes"] == "525600"
    assert settings["auto.create.topics.enable"] == "false"
    for listener in settings["listeners"].split(","):
        assert "://127.0.0.1:" in listener
