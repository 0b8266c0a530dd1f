"""A run as graph and timeline draw it: consistent, since all of it is read in one snapshot."""

from typing import Any

from api_server.presentation import runs
from api_server.problems import NotFoundError
from api_server.registry.repositories import graph_reads, run_reads
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork


def of_run(work: UnitOfWork, gateway_id: str, experiment_id: str, process_id: str | None) -> dict[str, Any]:
    """Return the run; NotFoundError for an experiment or process that is not there."""
    session = work.session
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    known = graph_reads.experiment(session, gateway_id, experiment_id)
    if known is None:
        raise NotFoundError.of("experiment", experiment_id)
    if process_id is not None and not graph_reads.process_belongs(session, gateway_id, experiment_id, process_id):
        raise NotFoundError.of("process", process_id)
    process_id = process_id or known["process_id"]
    shown: dict[str, Any] = {"process": None, "last_seq": known["last_seq"], "tasks": [], "attempts": [], "jobs": []}
    if process_id is None:
        return shown
    process = run_reads.get_process(session, gateway_id, process_id)
    if process is not None:
        process.pop("targets")
        shown["process"] = runs.process(process)
    tasks = graph_reads.tasks(session, gateway_id, process_id)
    places = {task["id"]: place for place, task in enumerate(tasks)}
    for task in tasks:
        task["depends_on"] = [places[one] for one in task["depends_on"] or () if one in places]
    shown["tasks"] = tasks
    shown["attempts"] = [_placed(row, places) for row in graph_reads.attempts(session, gateway_id, process_id)]
    shown["jobs"] = [_placed(row, places) for row in graph_reads.jobs(session, gateway_id, process_id)]
    return shown


def _placed(row: Row, places: dict[str, int]) -> Row:
    return {"task": places[row.pop("task_id")], **row}
