"""Alembic's entry: works on the connection that ``upgrade`` hands over, inside its transaction."""

from alembic import context

from api_server.registry import models

connection = context.config.attributes["connection"]
if connection is None:
    raise RuntimeError("migrations are run by api_server.registry.migrations.upgrade, not by the alembic command")

context.configure(
    connection=connection, target_metadata=models.Experiment.metadata, compare_type=True, compare_server_default=True
)
context.run_migrations()
