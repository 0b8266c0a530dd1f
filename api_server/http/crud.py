"""Create, read, edit and delete, the same for everything in the catalogue: 404s, versions, duplicates, uses, audit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.exc import IntegrityError

from api_server.auth.principal import Principal
from api_server.http.etag import check_version
from api_server.problems import ConflictError, FieldError, InvalidRequestError, NotFoundError
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.unit_of_work import UnitOfWork

Row = TypeVar("Row")


class _Code(StrEnum):
    """PostgreSQL's error codes (appendix A of its manual)."""

    FOREIGN_KEY = "23503"
    UNIQUE = "23505"


class Rows(Protocol[Row]):
    """What is needed of a repository of one gateway's rows."""

    def add(self, row: Row) -> Row:
        """Write a row of the gateway."""
        ...

    def save(self, row: Row) -> Row:
        """Write what was changed in it."""
        ...

    def find(self, row_id: str, *, lock: bool = False) -> Row | None:
        """Return the gateway's row with this id."""
        ...

    def delete(self, row_id: str) -> bool:
        """Delete it."""
        ...

    def uses(self, row_id: str) -> Sequence[tuple[str, str, str]]:
        """Return what refers to it: (what, id, name)."""
        ...


class Crud(Generic[Row]):
    """Works on the rows of one kind for one caller.

    Args:
        work: the transaction.
        principal: who does it.
        rows: the repository, bound to the principal's gateway.
        what: the kind in words, such as ``compute resource``.
        unique: the field whose value no other row of the gateway may have.
    """

    def __init__(self, work: UnitOfWork, principal: Principal, rows: Rows[Row], what: str, unique: str) -> None:
        self._rows = rows
        self._what = what
        self._unique = unique
        self._actor = principal.subject
        self._audit = AuditRepository(work.session, principal.gateway_id)

    def create(self, row: Row) -> Row:
        """Write a new row; ConflictError ``name-taken`` for a duplicate."""
        with self._refusing_conflicts(row):
            row = self._rows.add(row)
        self._record("create", row)
        return row

    def get(self, row_id: str) -> Row:
        """Return the row; NotFoundError where the gateway has none with the id."""
        row = self._rows.find(row_id)
        if row is None:
            raise NotFoundError.of(self._what, row_id)
        return row

    def edit(self, row_id: str, expected: int, changes: Mapping[str, Any]) -> Row:
        """Set the fields, if the row still has the version that the edit was made from, and count the version up."""
        row: Any = self._rows.find(row_id, lock=True)
        if row is None:
            raise NotFoundError.of(self._what, row_id)
        check_version(row.version, expected)
        changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
        for name in changed:
            setattr(row, name, changes[name])
        row.version += 1
        if hasattr(row, "updated_at"):
            row.updated_at = datetime.now(UTC)
        with self._refusing_conflicts(row):
            saved: Row = self._rows.save(row)
        self._record("edit", saved, {"changed": changed})
        return saved

    def delete(self, row_id: str) -> None:
        """Delete the row; ConflictError ``in-use`` says what still refers to it."""
        row = self.get(row_id)
        if uses := self._rows.uses(row_id):
            raise self._in_use(uses)
        try:
            self._rows.delete(row_id)
        except IntegrityError as error:
            if _code(error) != _Code.FOREIGN_KEY:
                raise
            raise self._in_use(()) from None
        self._record("delete", row)

    def _in_use(self, uses: Sequence[tuple[str, str, str]]) -> ConflictError:
        named = ", ".join(f"{what} {name!r} ({identity})" for what, identity, name in uses) or "others"
        used_by = [{"what": what, "id": identity, "name": name} for what, identity, name in uses]
        return ConflictError(f"The {self._what} is used by {named}.", slug="in-use", used_by=used_by)

    @contextmanager
    def _refusing_conflicts(self, row: Row) -> Iterator[None]:
        value = str(getattr(row, self._unique))
        try:
            yield
        except IntegrityError as error:
            match _code(error):
                case _Code.UNIQUE:
                    raise ConflictError.name_taken(self._what, self._unique, value) from None
                case _Code.FOREIGN_KEY:
                    message = "names something that was deleted meanwhile"
                    raise InvalidRequestError(errors=[FieldError(_column(error), message)]) from None
                case _:
                    raise

    def _record(self, action: str, row: Any, details: dict[str, Any] | None = None) -> None:  # noqa: ANN401 - any model
        named = {self._unique: str(getattr(row, self._unique)), **(details or {})}
        self._audit.record(self._actor, action, self._what, row.id, named)


def _code(error: IntegrityError) -> str | None:
    return getattr(error.orig, "pgcode", None)


def _column(error: IntegrityError) -> str:
    """Return the column of a violated foreign key, from its name: fk_<table>_<column>_<other table>."""
    name: str = error.orig.diag.constraint_name or ""  # type: ignore[union-attr]  # psycopg2's error has it
    return next((part for part in ("credential_id", "module_id", "resource_id") if part in name), "body")
