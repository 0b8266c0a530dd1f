"""Migrations and models agree, and any number of starters may migrate at once."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from api_server.registry.engine import make_engine
from api_server.registry.migrations import drift, is_current, upgrade


def test_models_and_migrations_do_not_drift(engine: Engine) -> None:
    assert drift(engine) == []


def test_concurrent_starters_migrate_once(database_url: str) -> None:
    engines = [make_engine(database_url, pool_size=1) for _ in range(4)]
    assert not is_current(engines[0])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, engines))
    assert all(is_current(engine) for engine in engines)
    for engine in engines:
        engine.dispose()
