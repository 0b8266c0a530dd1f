"""A run as graph and timeline draw it: consistent, since all of it is read in one snapshot."""

from typing import Any

import orjson

from api_server.presentation import runs
from api_server.problems import NotFoundError
from api_server.registry.repositories import graph_reads, run_reads
from api_server.registry.unit_of_work import UnitOfWork


def of_run(work: UnitOfWork, gateway_id: str, experiment_id: str, process_id: str | None) -> dict[str, Any]:
    """Return the run, its lists as JSON; NotFoundError for an experiment or process that is not there."""
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
    shown["tasks"] = _placed(orjson.loads(graph_reads.tasks(session, gateway_id, process_id)))
    for name, read in (("attempts", graph_reads.attempts), ("jobs", graph_reads.jobs)):
        shown[name] = orjson.Fragment(read(session, gateway_id, process_id))
    return shown


def _placed(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the places of the tasks that each needs for their ids, a tenth of the size."""
    places = {task["id"]: place for place, task in enumerate(tasks)}
    for task in tasks:
        task["depends_on"] = [places[one] for one in task["depends_on"] if one in places]
    return tasks
