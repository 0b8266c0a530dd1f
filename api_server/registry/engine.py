"""The connection pool: how the processes of the API half reach PostgreSQL."""

from typing import Any, Final

import orjson
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

LOCK_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 60_000
CONNECT_TIMEOUT_SECONDS = 5
DATABASE_OUTAGES: Final = (OperationalError, InterfaceError, PoolTimeoutError)
"""What is raised while the database does not answer: the same work may succeed later."""


_BY_KEY: Final = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")


def make_engine(
    url: str, *, pool_size: int = 5, service: str = "howdah", pre_ping: bool = False, by_key: bool = False
) -> Engine:
    """Return an engine on ``url`` (any PostgreSQL URL; the driver is psycopg2).

    No statement waits longer than its time-outs for a lock or an answer. With ``pre_ping`` a connection is tried
    before it is used (a round trip); without it the first user of a broken one sees an OperationalError and the whole
    pool is renewed.

    ``by_key`` is for a process whose statements all reach their rows by key: it forbids the plans that read whole
    tables. The planner takes every row set for 100 rows and on a young table prefers to read all of it: 38 ms instead
    of one for 50 attempts among 12,000.
    """
    options = [
        f"lock_timeout={LOCK_TIMEOUT_MS}",
        f"statement_timeout={STATEMENT_TIMEOUT_MS}",
        "timezone=UTC",
        "jit=off",
        "plan_cache_mode=force_generic_plan",  # a statement over a row set has the same plan whatever the rows
    ]
    options += [f"{plan}=off" for plan in _BY_KEY] if by_key else []
    return create_engine(
        _with_driver(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        pool_pre_ping=pre_ping,
        pool_timeout=30,
        hide_parameters=True,  # commands in the outbox carry capabilities: they must not get into errors and logs
        json_serializer=dump_json,
        json_deserializer=orjson.loads,
        connect_args={
            "application_name": service,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "options": " ".join(f"-c {option}" for option in options),
        },
    )


def asking(engine: Engine) -> Engine:
    """Return the same pool for loops that ask again and again: each question is one round trip, no transaction."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def dump_json(value: Any) -> str:  # noqa: ANN401 - whatever stands in a JSON column
    """Return ``value`` as JSON text that PostgreSQL takes: it knows no NUL character, so that becomes U+FFFD.

    Inside JSON text the six characters can only be the escape or follow a backslash of their own; either way what
    replaces them is JSON again.
    """
    text = orjson.dumps(value).decode()
    return text.replace("\\u0000", "\\ufffd") if "\\u0000" in text else text


def _with_driver(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return f"postgresql+psycopg2://{url.removeprefix(prefix)}"
    return url
