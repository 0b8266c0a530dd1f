"""Alembic's entry: on the connection that ``upgrade`` hands over; for the alembic command, HOWDAH_DATABASE_URL."""

from os import environ

from alembic import context
from sqlalchemy import Connection

import api_server.registry.migrations  # noqa: F401 - lets SQLAlchemy know the type xid8
from api_server.registry import models
from api_server.registry.engine import make_engine


def run(connection: Connection) -> None:
    """Do what was asked for on this connection."""
    context.configure(
        connection=connection,
        target_metadata=models.Experiment.metadata,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over: Connection | None = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
elif url := environ.get("HOWDAH_DATABASE_URL"):
    with make_engine(url, pool_size=1).connect() as own:
        run(own)
else:
    raise RuntimeError("HOWDAH_DATABASE_URL is not set: it names the database, postgresql+psycopg2://user@host/name")
