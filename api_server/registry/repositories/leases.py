"""Lease rows: taken and renewed by one statement, by the database's clock alone."""

from datetime import timedelta

from sqlalchemy import delete, func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api_server.registry.models import Lease


def acquire(session: Session, name: str, holder: str, seconds: float) -> bool:
    """Take or renew a lease; return whether ``holder`` has it now."""
    until = func.now() + timedelta(seconds=seconds)
    statement = insert(Lease).values(name=name, holder=holder, until=until)
    statement = statement.on_conflict_do_update(
        index_elements=[Lease.name],
        set_={"holder": statement.excluded.holder, "until": statement.excluded.until},
        where=or_(Lease.holder == holder, Lease.until < func.now()),
    )
    return session.execute(statement.returning(Lease.name)).first() is not None


def release(session: Session, name: str, holder: str) -> None:
    """Give a lease back before its time, if ``holder`` has it."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def forget_expired(session: Session, longer_than: timedelta) -> None:
    """Delete leases that ran out long ago: those of relays that died."""
    session.execute(delete(Lease).where(Lease.until < func.now() - longer_than))
