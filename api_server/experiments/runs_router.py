"""Paths of what a run consists of: processes, tasks with attempts and log lines, jobs, the history."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api_server.auth.principal import Principal, Scope
from api_server.experiments import graph, service
from api_server.experiments.graph_schemas import RunGraph
from api_server.experiments.run_schemas import Attempt, Event, Job, LogLines, Process, ProcessInFull, Task, TaskInFull
from api_server.http.dependencies import Work, requires
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage, encode_cursor
from api_server.http.problem import LISTS, READS
from api_server.http.raw import WhichNumbers, numbered_page_shown, page_shown, shown
from api_server.presentation import runs
from api_server.problems import NotFoundError
from api_server.registry.repositories import job_reads, run_reads
from api_server.registry.repositories.rows import all_rows
from howdah.contracts.states import JobState, TaskState, is_terminal

router = APIRouter(tags=["runs"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
_OF_ONE = {**READS, **LISTS}


@router.get("/experiments/{experiment_id}/processes", response_model=Page[Process], responses=_OF_ONE)
def list_processes(work: Work, principal: Reader, experiment_id: Id, page: WhichNumbers) -> Response:
    """List the runs of an experiment, the latest first."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    rows = run_reads.list_processes(work.session, principal.gateway_id, experiment_id, page.limit + 1, page.after)
    return numbered_page_shown(rows, page.limit, "number", runs.process)


@router.get("/experiments/{experiment_id}/graph", response_model=RunGraph, responses=READS)
def get_graph(
    work: Work,
    principal: Reader,
    experiment_id: Id,
    process_id: Annotated[Id | None, Query(description="A run; the latest where it is left out.")] = None,
) -> Response:
    """Read a whole run at once, small: tasks with what they need, attempts, jobs, as of one instant."""
    return shown(graph.of_run(work, principal.gateway_id, experiment_id, process_id))


@router.get("/processes/{process_id}", response_model=ProcessInFull, responses=READS)
def get_process(work: Work, principal: Reader, process_id: Id) -> Response:
    """Show a run with the resources as they stood at its launch."""
    return shown(runs.process(service.get_process(work, principal.gateway_id, process_id)))


@router.get("/experiments/{experiment_id}/tasks", response_model=Page[Task], responses=_OF_ONE)
def list_tasks(  # noqa: PLR0913, PLR0917 - what narrows the list
    work: Work,
    principal: Reader,
    experiment_id: Id,
    page: WhichNumbers,
    state: Annotated[list[TaskState] | None, Query(description="May be repeated.")] = None,
    process_id: Annotated[Id | None, Query(description="A run; the latest where it is left out.")] = None,
) -> Response:
    """List the tasks of a run in their order: what each does, waits for, and when it is tried again."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    if process_id is None:
        process_id = run_reads.latest_process(work.session, principal.gateway_id, experiment_id)
    elif service.get_process(work, principal.gateway_id, process_id)["experiment_id"] != experiment_id:
        raise NotFoundError.of("process", process_id)
    if process_id is None:
        return numbered_page_shown([], page.limit, "position", runs.task)
    states = [one.value for one in state or ()]
    statement = run_reads.tasks_after(principal.gateway_id, process_id, page.limit + 1, page.after, states)
    rows = all_rows(work.session, statement)
    return numbered_page_shown(rows, page.limit, "position", runs.task)


@router.get("/tasks/{task_id}", response_model=TaskInFull, responses=READS)
def get_task(work: Work, principal: Reader, task_id: Id) -> Response:
    """Show a task with what it is to do."""
    return shown(runs.task_in_full(service.get_task(work, principal.gateway_id, task_id)))


@router.get("/tasks/{task_id}/attempts", response_model=Page[Attempt], responses=_OF_ONE)
def list_attempts(work: Work, principal: Reader, task_id: Id, page: WhichNumbers) -> Response:
    """List the attempts at a task, the latest first: who took each up and how it ended."""
    service.get_task(work, principal.gateway_id, task_id)
    rows = run_reads.list_attempts(work.session, principal.gateway_id, task_id, page.limit + 1, page.after)
    return numbered_page_shown(rows, page.limit, "attempt", runs.as_is)


@router.get("/tasks/{task_id}/logs", response_model=Page[LogLines], responses=_OF_ONE)
def list_logs(  # noqa: PLR0913, PLR0917 - what narrows the list
    work: Work,
    principal: Reader,
    task_id: Id,
    page: WhichPage,
    since: Annotated[datetime | None, Query(description="Only lines from this instant on.")] = None,
    until: Annotated[datetime | None, Query(description="Only lines before this instant.")] = None,
    attempt: Annotated[int | None, Query(ge=1, le=1_000_000, description="Only lines of this attempt.")] = None,
) -> Response:
    """Read what the task's handlers wrote, the oldest first. While the task goes on there is always a next page."""
    task = service.get_task(work, principal.gateway_id, task_id)
    span = (service.utc(since), service.utc(until))
    found = run_reads.list_logs(work.session, principal.gateway_id, task_id, page.limit, page.after, span, attempt)
    follow_from = found.next
    if follow_from is None and not is_terminal(TaskState(task["state"])):
        follow_from = run_reads.position_of(found.rows[-1]) if found.rows else page.after
    items = [runs.log_lines(row) for row in found.rows]
    return shown({"items": items, "next_cursor": encode_cursor(follow_from)})


@router.get("/experiments/{experiment_id}/jobs", response_model=Page[Job], responses=_OF_ONE)
def list_experiment_jobs(work: Work, principal: Reader, experiment_id: Id, page: WhichPage) -> Response:
    """List the jobs that an experiment has had on resources, newest first."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    statement = job_reads.jobs_page(principal.gateway_id, page.limit, page.after, experiment_id=experiment_id)
    return page_shown(job_reads.list_jobs(work.session, statement, page.limit), runs.job)


@router.get("/jobs", response_model=Page[Job], responses=LISTS)
def list_jobs(
    work: Work,
    principal: Reader,
    page: WhichPage,
    state: Annotated[list[JobState] | None, Query(description="May be repeated.")] = None,
    resource_id: Id | None = None,
) -> Response:
    """List the gateway's jobs, newest first."""
    states = [one.value for one in state or ()]
    statement = job_reads.jobs_page(
        principal.gateway_id, page.limit, page.after, resource_id=resource_id, states=states
    )
    return page_shown(job_reads.list_jobs(work.session, statement, page.limit), runs.job)


@router.get("/experiments/{experiment_id}/events", response_model=Page[Event], responses=_OF_ONE)
def list_events(
    work: Work,
    principal: Reader,
    experiment_id: Id,
    page: WhichNumbers,
    after: Annotated[int, Query(ge=0, le=10**18, description="Only events with a greater `seq`.")] = 0,
) -> Response:
    """Read the history of an experiment in the order of happening."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    start = max(after, page.after or 0)
    rows = all_rows(work.session, run_reads.events_after(principal.gateway_id, experiment_id, page.limit + 1, start))
    return numbered_page_shown(rows, page.limit, "seq", runs.as_is)
