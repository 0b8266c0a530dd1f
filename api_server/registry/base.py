"""The declarative base and the column types that every model shares."""

from datetime import datetime
from typing import Annotated, Any, cast

from sqlalchemy import DateTime, MetaData, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from howdah.contracts.ids import new_id

UuidText = Annotated[str, mapped_column(Uuid(as_uuid=False))]
UuidKey = Annotated[str, mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
JsonList = Annotated[list[Any], mapped_column(JSONB)]


class Base(DeclarativeBase):
    """Names constraints after what they are, so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text()}  # noqa: RUF012 - SQLAlchemy's own class attribute


def table_of(model: type[Base]) -> Table:
    """Return the model's table, for set-based statements: a FromClause by SQLAlchemy's stub, a Table in truth."""
    return cast("Table", model.__table__)
