import os
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from howdah.local.postgres import PostgresServer
from tests.fixtures.interface import PostgresDaemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def run(url: str, statement: str) -> list[object]:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        result = connection.execute(text(statement))
        return list(result.scalars()) if result.returns_rows else []


def test_committed_rows_survive_stop_and_sigkill(postgres: PostgresDaemon, database_url: str) -> None:
    run(database_url, "CREATE TABLE promise (kept text)")
    run(database_url, "INSERT INTO promise VALUES ('before the stop')")
    postgres.stop()
    with pytest.raises(OperationalError):
        run(database_url, "SELECT 1")
    postgres.start()
    run(database_url, "INSERT INTO promise VALUES ('before the crash')")
    postgres.kill()
    postgres.start()
    assert run(database_url, "SELECT kept FROM promise ORDER BY 1") == ["before the crash", "before the stop"]


def test_durability_is_on_and_nothing_listens_on_the_network(postgres: PostgresDaemon) -> None:
    assert run(postgres.url, "SHOW fsync") == ["on"]
    assert run(postgres.url, "SHOW synchronous_commit") == ["on"]
    assert run(postgres.url, "SHOW listen_addresses") == [""]


def test_a_database_is_copied_from_a_template(postgres: PostgresDaemon, database_url: str) -> None:
    run(database_url, "CREATE TABLE migrated (id int)")
    copy = postgres.create_database(template=database_url)
    assert run(copy, "SELECT count(*) FROM migrated") == [0]
    postgres.drop_database(copy)
    with pytest.raises(OperationalError, match="does not exist"):
        run(copy, "SELECT 1")


def test_a_data_directory_with_a_long_path_is_served_over_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "data"
    deep.parent.mkdir(parents=True)
    server = PostgresServer(deep)
    try:
        server.start()
        assert run(server.url, "SELECT 1") == [1]
        assert len(os.fsencode(server.socket_dir)) < 100
    finally:
        server.stop()
