"""What the experiments' routes do beyond HTTP: look up, refuse, show what lifecycle has done."""

from datetime import UTC, datetime

from api_server.auth.principal import Principal
from api_server.experiments.schemas import ExperimentBrief
from api_server.http.page import PageQuery
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.lifecycle.requests import AnyRequest
from api_server.presentation import runs
from api_server.problems import FieldError, InvalidRequestError, NotFoundError
from api_server.registry.paging import PageOf
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories import experiment_reads, run_reads
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.experiment_reads import ExperimentFilter
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork


def utc(at: datetime | None) -> datetime | None:
    """Return the instant; one without a zone is taken for UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def brief(record: ExperimentRecord) -> ExperimentBrief:
    """Show an experiment as lifecycle left it, without reading it again."""
    return ExperimentBrief.model_validate(runs.experiment_record(record))


def list_experiments(work: UnitOfWork, gateway_id: str, wanted: ExperimentFilter, page: PageQuery) -> PageOf[Row]:
    """Return a page of the gateway's experiments."""
    return experiment_reads.list_experiments(work.session, gateway_id, wanted, page.limit, page.after)


def get_experiment(work: UnitOfWork, gateway_id: str, experiment_id: str) -> Row:
    """Return one experiment in full; NotFoundError."""
    row = experiment_reads.get_experiment(work.session, gateway_id, experiment_id)
    if row is None:
        raise NotFoundError.of("experiment", experiment_id)
    chosen = None
    if row["spec"].get("resource_ids"):
        chosen = experiment_reads.placement(work.session, gateway_id, experiment_id)
    return row | {"placement": chosen}


def check_experiment(work: UnitOfWork, gateway_id: str, experiment_id: str) -> None:
    """Refuse what the gateway does not have: an empty list would say that nothing happened."""
    if not experiment_reads.has_experiment(work.session, gateway_id, experiment_id):
        raise NotFoundError.of("experiment", experiment_id)


def get_task(work: UnitOfWork, gateway_id: str, task_id: str) -> Row:
    """Return one task in full; NotFoundError."""
    row = run_reads.get_task(work.session, gateway_id, task_id)
    if row is None:
        raise NotFoundError.of("task", task_id)
    return row


def get_process(work: UnitOfWork, gateway_id: str, process_id: str) -> Row:
    """Return one process in full; NotFoundError."""
    row = run_reads.get_process(work.session, gateway_id, process_id)
    if row is None:
        raise NotFoundError.of("process", process_id)
    return row


def refuse_launch(request: AnyRequest) -> None:
    """A change launches nothing: refuse the flag rather than ignore it."""
    if request.launch:
        message = "is for new experiments; change it first, then POST …/launch"
        raise InvalidRequestError(errors=[FieldError("launch", message, "true")])


def delete(work: UnitOfWork, principal: Principal, lifecycle: Lifecycle, experiment_id: str) -> None:
    """Delete an experiment and note who did."""
    lifecycle.delete(work, principal, experiment_id)
    AuditRepository(work.session, principal.gateway_id).record(principal.subject, "delete", "experiment", experiment_id)
