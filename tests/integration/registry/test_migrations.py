"""Migrations and models agree, and any number of starters may migrate at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from api_server.registry.engine import make_engine
from api_server.registry.migrations import drift, is_current, upgrade


def test_models_and_migrations_do_not_drift(engine: Engine) -> None:
    assert drift(engine) == []


def alembic(*arguments: str, database_url: str | None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "HOWDAH_DATABASE_URL"}
    if database_url is not None:
        environment["HOWDAH_DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "alembic", *arguments]
    root = Path(__file__).parents[3]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_the_alembic_command_works_on_the_database_that_the_environment_names(database_url: str) -> None:
    behind = alembic("check", database_url=database_url)
    assert behind.returncode != 0
    assert "not up to date" in behind.stdout + behind.stderr
    assert alembic("upgrade", "head", database_url=database_url).returncode == 0
    checked = alembic("check", database_url=database_url)
    assert (checked.returncode, "No new upgrade operations" in checked.stdout) == (0, True), checked.stderr
    nowhere = alembic("check", database_url=None)
    assert nowhere.returncode != 0
    assert "HOWDAH_DATABASE_URL" in nowhere.stderr


def test_concurrent_starters_migrate_once(database_url: str) -> None:
    engines = [make_engine(database_url, pool_size=1) for _ in range(4)]
    assert not is_current(engines[0])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, engines))
    assert all(is_current(engine) for engine in engines)
    for engine in engines:
        engine.dispose()


def test_a_version_starts_on_the_tables_of_a_later_one_and_changes_nothing(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert is_current(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "9999"
    engine.dispose()
