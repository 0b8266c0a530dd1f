"""The history of the tables. ``upgrade`` brings a database to the present; any number of processes may call it.

Tables may be newer than this version: in a rolling upgrade an old pod may start anew after the migration, and after
a roll-back only such do. So a migration only adds, and what is needed no more goes in a later one (expand, then
contract): each version works on its own tables and on those of the next.
"""

from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from api_server.registry import models
from api_server.registry.models.execution import Xid8

log = structlog.get_logger(__name__)

ADVISORY_LOCK: Final = 0x686F77646168
"""``howdah`` in ASCII: whoever migrates holds this lock, the others wait and then find nothing to do."""
DDL_LOCK_TIMEOUT: Final = "5s"

ischema_names.setdefault("xid8", Xid8)


def upgrade(engine: Engine) -> None:
    """Bring the database to the latest revision, in one transaction."""
    with engine.begin() as connection:
        # The wait for another starter's migration has no limit; the wait for a table that is in use has.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{DDL_LOCK_TIMEOUT}'"))
        if _is_newer(connection):
            log.warning("the tables are those of a later version; nothing is migrated")
        else:
            command.upgrade(_config(connection), "head")


def is_current(engine: Engine) -> bool:
    """Tell whether the database stands at the latest revision that is known here, or at a later one."""
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        return present == ScriptDirectory.from_config(_config()).get_current_head() or _is_newer(connection)


def _is_newer(connection: Connection) -> bool:
    """Tell whether a later version has migrated the database: all earlier revisions are known here."""
    present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return present is not None and present not in known


def drift(engine: Engine) -> list[Any]:
    """Return what autogenerate would still change: nothing, when migrations and models agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, models.Experiment.metadata))


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
