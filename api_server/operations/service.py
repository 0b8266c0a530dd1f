"""Dead letters handled for operators: through lifecycle, each noted in the audit trail."""

import base64
from typing import Any, Final

import orjson

from api_server.auth.principal import Principal
from api_server.lifecycle.redrive import Redrive
from api_server.operations.schemas import DeadLetterState, RedriveRequest, RedriveResult, Refused
from api_server.problems import ConflictError, NotFoundError
from api_server.registry.repositories import operations_reads
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.operations_reads import DeadLetterFilter
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork

_NEXT: Final = {
    DeadLetterState.NEW: "Look at the reason, then redrive or discard it.",
    DeadLetterState.REDRIVEN: "It was sent again: what came of it is told by the task.",
    DeadLetterState.DISCARDED: "It was put aside for good.",
}


_MESSAGE: Final = frozenset({"key", "value", "headers"})


def shown(row: Row) -> Row:
    """Return a dead letter as the API lists it: without the message."""
    listed = {name: value for name, value in row.items() if name not in _MESSAGE}
    return {**listed, "next": _NEXT[DeadLetterState(row["state"])]}


def shown_in_full(row: Row) -> Row:
    """Return it with the original message, in base64 and, where it is JSON, decoded."""
    value = None if row["value"] is None else bytes(row["value"])
    decoded = _decoded(value)
    # A command carries what lets its service act: nobody else is shown that, in whatever coding.
    carried = [decoded.pop(name, None) for name in ("capability", "callback")] if isinstance(decoded, dict) else []
    secret = any(one is not None for one in carried)
    return shown(row) | {
        "headers": row["headers"],
        "key_base64": _base64(row["key"]),
        "value_base64": None if secret else _base64(value),
        "value": decoded,
    }


def get(work: UnitOfWork, principal: Principal, letter_id: str) -> Row:
    """Return one dead letter; NotFoundError."""
    row = operations_reads.get_dead_letter(
        work.session, principal.gateway_id, letter_id, with_unowned=principal.is_platform_admin
    )
    if row is None:
        raise NotFoundError.of("dead letter", letter_id)
    return row


def redrive(work: UnitOfWork, principal: Principal, lifecycle: Redrive, letter_id: str, note: str) -> Row:
    """Send one again and return it as it is now."""
    lifecycle.redrive(work, principal, letter_id, note)
    _note(work, principal, "redrive", letter_id, note)
    return get(work, principal, letter_id)


def discard(work: UnitOfWork, principal: Principal, lifecycle: Redrive, letter_id: str, note: str) -> Row:
    """Put one aside and return it as it is now."""
    lifecycle.discard(work, principal, letter_id, note)
    _note(work, principal, "discard", letter_id, note)
    return get(work, principal, letter_id)


def redrive_all(work: UnitOfWork, principal: Principal, lifecycle: Redrive, wanted: RedriveRequest) -> RedriveResult:
    """Send all again that fit and may be sent; tell of the others why not."""
    meant = DeadLetterFilter((DeadLetterState.NEW,), wanted.topic, wanted.reason, wanted.experiment_id)
    statement = operations_reads.dead_letters_page(
        principal.gateway_id, meant, wanted.limit, None, with_unowned=principal.is_platform_admin
    )
    page = operations_reads.list_dead_letters(work.session, statement, wanted.limit)
    sent, refused = [], []
    for letter_id in sorted(row["id"] for row in page.rows):  # locked in one order, whoever else does the same
        try:
            if wanted.dry_run:
                lifecycle.check(work, principal, letter_id)
            else:
                lifecycle.redrive(work, principal, letter_id, wanted.note)
                _note(work, principal, "redrive", letter_id, wanted.note)
        except ConflictError as error:
            refused.append(Refused(id=letter_id, detail=error.detail))
        else:
            sent.append(letter_id)
    return RedriveResult(dry_run=wanted.dry_run, redriven=sent, refused=refused, more=page.next is not None)


def _note(work: UnitOfWork, principal: Principal, action: str, letter_id: str, note: str) -> None:
    AuditRepository(work.session, principal.gateway_id).record(
        principal.subject, action, "dead letter", letter_id, {"note": note} if note else {}
    )


def _base64(value: bytes | memoryview | None) -> str | None:
    return None if value is None else base64.b64encode(bytes(value)).decode()


def _decoded(value: bytes | None) -> Any:  # noqa: ANN401 - any JSON value
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
