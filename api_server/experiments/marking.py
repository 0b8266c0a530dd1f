"""Keeping experiments in order: notes, tags, putting away; and one verb for any number of them, step by step.

Many experiments are steered in steps of a bounded size, each its own transaction: a hundred thousand neither hold a
lock for minutes nor are lost half-way, and whoever asks sees how far it is. Starting and steering stay lifecycle's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from api_server.auth.principal import Principal
from api_server.experiments.marking_schemas import (
    Annotations,
    AnnotationsShown,
    BulkAction,
    BulkRefusal,
    BulkRequest,
    BulkResult,
)
from api_server.experiments.service import get_experiment
from api_server.http.page import decode_cursor, encode_cursor
from api_server.lifecycle.guards import mine
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.lifecycle.steering import Steering
from api_server.problems import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from api_server.registry.repositories import experiment_marks, experiments
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.experiment_reads import ExperimentFilter
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork

_REFUSALS_SHOWN: Final = 20
_SET_BASED: Final = {BulkAction.ARCHIVE: experiment_marks.archive, BulkAction.UNARCHIVE: experiment_marks.unarchive}
_WHY_NOT: Final = {
    BulkAction.ARCHIVE: "It runs, or belongs to somebody else.",
    BulkAction.UNARCHIVE: "It belongs to somebody else.",
}
_REFUSALS: Final = (ConflictError, ForbiddenError, InvalidRequestError, NotFoundError)


def annotate(work: UnitOfWork, principal: Principal, experiment_id: str, wanted: Annotations) -> AnnotationsShown:
    """Write notes and tags of one's own experiment; what is left out stays."""
    record = mine(work, principal, experiment_id)
    values = wanted.model_dump(exclude_none=True)
    if values:
        experiment_marks.annotate(work.session, principal.gateway_id, record.id, **values)
    row = get_experiment(work, principal.gateway_id, experiment_id)
    return AnnotationsShown(description=row["description"], tags=row["tags"])


def archive(work: UnitOfWork, principal: Principal, experiment_id: str, *, away: bool) -> Row:
    """Put an experiment away, or bring it back; ConflictError while it runs."""
    record = mine(work, principal, experiment_id)
    move = experiment_marks.archive if away else experiment_marks.unarchive
    if not move(work.session, principal.gateway_id, [record.id], None):
        message = f"The experiment is {record.state} and can't be archived: what runs stays in sight."
        raise ConflictError(message, slug="state-conflict", state=record.state)
    return get_experiment(work, principal.gateway_id, experiment_id)


class Bulk:
    """One verb, applied to all that fit a query. ``step`` does a bounded number of them and says where to go on."""

    def __init__(self, work: UnitOfWork, principal: Principal, lifecycle: Lifecycle, steering: Steering) -> None:
        self._work = work
        self._principal = principal
        self._lifecycle = lifecycle
        self._steering = steering

    def step(self, wanted: ExperimentFilter, request: BulkRequest) -> BulkResult:
        """Do the next step. What can't be done with one of them is told and stops none of the others."""
        after = None if request.cursor is None else decode_cursor(request.cursor)
        gateway_id = self._principal.gateway_id
        page = experiment_marks.matching(self._work.session, gateway_id, wanted, request.limit, after)
        refused = (
            self._at_once(request.action, page.rows)
            if request.action in _SET_BASED
            else self._one_by_one(request, page.rows)
        )
        AuditRepository(self._work.session, gateway_id).record(
            self._principal.subject,
            f"{request.action.value}-many",
            "experiment",
            "",
            {"done": len(page.rows) - len(refused), "refused": len(refused), "reason": request.reason},
        )
        return BulkResult(
            done=len(page.rows) - len(refused),
            refused=len(refused),
            refusals=refused[:_REFUSALS_SHOWN],
            next_cursor=encode_cursor(page.next),
        )

    def _at_once(self, action: BulkAction, rows: Sequence[Row]) -> list[BulkRefusal]:
        owner = None if self._principal.is_admin else self._principal.subject
        ids = [row["id"] for row in rows]
        moved = _SET_BASED[action](self._work.session, self._principal.gateway_id, ids, owner)
        return [
            BulkRefusal(id=row["id"], name=row["name"], reason=_WHY_NOT[action])
            for row in rows
            if row["id"] not in moved
        ]

    def _one_by_one(self, request: BulkRequest, rows: Sequence[Row]) -> list[BulkRefusal]:
        # All locks in one order before the first is steered: two steps at once wait for each other, neither for both.
        experiments.lock(self._work.session, self._principal.gateway_id, [row["id"] for row in rows])
        act = self._verb(request)
        refused = []
        for row in rows:
            try:
                act(row["id"])
            except _REFUSALS as refusal:
                refused.append(BulkRefusal(id=row["id"], name=row["name"], reason=refusal.detail))
        return refused

    def _verb(self, request: BulkRequest) -> Callable[[str], Any]:
        work, principal, reason = self._work, self._principal, request.reason
        verbs: dict[BulkAction, Callable[[str], Any]] = {
            BulkAction.CANCEL: lambda one: self._lifecycle.cancel(work, principal, one, reason),
            BulkAction.CLONE: lambda one: self._lifecycle.clone(work, principal, one),
            BulkAction.RETRY: lambda one: self._steering.retry(work, principal, one),
            BulkAction.PAUSE: lambda one: self._steering.pause(work, principal, one, reason),
            BulkAction.RESUME: lambda one: self._steering.resume(work, principal, one, reason),
        }
        return verbs[request.action]
