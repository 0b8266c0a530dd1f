"""New experiments and their launch: any number of them with one statement a table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from orjson import Fragment
from pydantic import JsonValue

from api_server.auth.principal import Principal
from api_server.dag.placement import Placement
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.lifecycle.commands import Commands
from api_server.lifecycle.guards import priority_problems
from api_server.lifecycle.held import HeldRun, Occurrence
from api_server.lifecycle.placing import Placer
from api_server.lifecycle.planning import Planner, refuse
from api_server.lifecycle.recording import Recording
from api_server.lifecycle.requests import EXPERIMENT_REQUEST, AnyRequest, ApplicationExperiment
from api_server.lifecycle.rows import dumped
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories import experiments, run_writes
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import new_id
from howdah.contracts.states import ExperimentState
from howdah.runtime import tracing

CREATED_SEQ = 1
LAUNCHED_SEQ = 2
LAUNCHED_KIND = "experiment-launched"
_NOT_IN_SPEC = {"name", "description", "launch"}


def spec_of(request: AnyRequest) -> str:
    """Return what of a request is kept as the experiment's ``spec``, as JSON."""
    return request.model_dump_json(exclude=_NOT_IN_SPEC)


class Creation:
    """One call's new experiments: collects rows, then writes them."""

    def __init__(self, work: UnitOfWork, principal: Principal, commands: Commands, now: datetime) -> None:
        self._work = work
        self._principal = principal
        self._standings = commands.standings
        self._placer = Placer(work, principal, commands, now)
        self._recording = Recording(commands, now)
        self._now = now
        self._rows: list[dict[str, Any]] = []
        self._created: list[dict[str, Any]] = []

    def create(
        self,
        requests: Sequence[AnyRequest],
        *,
        batch: bool,
        cloned_from: str | None = None,
        traces: Sequence[str | None] = (),
    ) -> list[ExperimentRecord]:
        """Write the experiments, launched where they ask for it; all of them or, when one is wrong, none.

        With ``traces`` each belongs to a trace of its own, else all to that of the work at hand.
        """
        planner = Planner(self._work.session, self._principal.gateway_id, requests, self._standings)
        problems: list[FieldProblem] = []
        for index, asked in enumerate(requests):
            request = planner.workflows.pinned(asked)
            if traces:
                tracing.enter(traces[index])
            found = self._prepare(planner, request, cloned_from)
            problems += [problem.within(f"experiments.{index}") for problem in found] if batch else found
        refuse(problems)
        run_writes.insert_experiments(self._work.script, self._rows)
        self._recording.write(self._work, before=self._created)
        return [_record(row, self._now) for row in self._rows]

    def _prepare(self, planner: Planner, request: AnyRequest, cloned_from: str | None) -> list[FieldProblem]:
        if problems := priority_problems(self._principal, request):
            return problems
        row = self._row(planner, request, cloned_from)
        if request.launch:
            try:
                self._launch(planner, request, row)
            except UnplannableError as error:
                return list(error.problems)
        elif problems := planner.check(request, complete=False):
            return problems
        self._rows.append(row)
        self._created.append(self._event(row))
        return []

    def _row(self, planner: Planner, request: AnyRequest, cloned_from: str | None) -> dict[str, Any]:
        application = request if isinstance(request, ApplicationExperiment) else None
        workflow = planner.workflows.version_of(request)
        return {
            "id": new_id(),
            "gateway_id": self._principal.gateway_id,
            "owner": self._principal.subject,
            "name": request.name,
            "description": request.description,
            "kind": request.kind,
            "spec": Fragment(spec_of(request)),
            "interface_id": application.interface_id if application else None,
            "resource_id": application.resource_id if application else None,
            "workflow_id": workflow.id if workflow else None,
            "workflow_version": workflow.version if workflow else None,
            "cloned_from": cloned_from,
            "state": ExperimentState.CREATED,
            "process_id": None,
            "last_seq": CREATED_SEQ,
            "version": 1,
            "launched_at": None,
            "failure": None,
            "ended_at": None,
        }

    def _launch(self, planner: Planner, request: AnyRequest, row: dict[str, Any]) -> None:
        process_id = new_id()
        placed, placement = planner.place(request, self._placer)
        held, decisions = planner.start(placed, row["id"], process_id, ExperimentState.CREATED, self._now)
        held.last_seq = CREATED_SEQ
        self._recording.begin(held, decisions, launched(self._principal, self._now, placement))
        if placement is not None:
            row["resource_id"] = placement.resource_id
        row |= {**launched_as(held), "launched_at": self._now}

    def _event(self, row: dict[str, Any]) -> dict[str, Any]:
        change = {"entity": "experiment", "id": row["id"], "from": None, "to": ExperimentState.CREATED}
        return history_row(row["id"], self._principal, self._now, CREATED_SEQ, "experiment-created", [change])


def launched(principal: Principal, now: datetime, placement: Placement | None = None) -> Occurrence:
    """Return the entry of a launch in the history, with the choice of the resource where there was one."""
    payload: dict[str, JsonValue] = {} if placement is None else {"placement": placement.model_dump(mode="json")}
    return Occurrence(event_id=new_id(), kind=LAUNCHED_KIND, actor=principal.subject, at=now, payload=payload)


def launched_as(held: HeldRun) -> dict[str, Any]:
    """Return how an experiment stands right after its launch; where nothing is to be done it has ended by then."""
    process, failed = held.run.process, held.run.experiment is ExperimentState.FAILED
    return {
        "state": held.run.experiment,
        "process_id": held.run.identity.process_id,
        "last_seq": held.last_seq,
        "failure": dumped(process.failure) if failed else None,
        "ended_at": process.ended_at,
    }


def launch_existing(
    work: UnitOfWork, principal: Principal, commands: Commands, now: datetime, locked: Sequence[ExperimentRecord]
) -> list[ExperimentRecord]:
    """Launch experiments that are locked and may be launched; return them as they are now."""
    requests = [request_of(record) for record in locked]
    planner = Planner(work.session, principal.gateway_id, requests, commands.standings)
    recording = Recording(commands, now)
    placer = Placer(work, principal, commands, now)
    rows = []
    problems: list[FieldProblem] = []
    for index, (record, request) in enumerate(zip(locked, requests, strict=True)):
        process_id = new_id()
        try:
            placed, placement = planner.place(request, placer)
            held, decisions = planner.start(placed, record.id, process_id, ExperimentState(record.state), now)
        except UnplannableError as error:
            found = error.problems
            problems += [problem.within(f"experiments.{index}") for problem in found] if len(locked) > 1 else found
            continue
        held.last_seq = record.last_seq
        recording.begin(held, decisions, launched(principal, now, placement))
        resource_id = placed.resource_id if isinstance(placed, ApplicationExperiment) else None
        rows.append({"id": record.id, "resource_id": resource_id, **launched_as(held)})
    refuse(problems)
    records = experiments.launch(work.session, principal.gateway_id, rows)
    recording.write(work)
    return records


def request_of(record: ExperimentRecord) -> AnyRequest:
    """Return the request that an experiment was made from."""
    return EXPERIMENT_REQUEST.validate_python(
        {**record.spec, "name": record.name, "description": record.description}, strict=False
    )


def history_row(  # noqa: PLR0913, PLR0917 - the columns of an event
    experiment_id: str, principal: Principal, now: datetime, seq: int, kind: str, changes: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return an event row of what lifecycle itself did to an experiment that is not launched."""
    return {
        "event_id": new_id(),
        "gateway_id": principal.gateway_id,
        "experiment_id": experiment_id,
        "seq": seq,
        "process_number": None,
        "kind": kind,
        "actor": principal.subject,
        "payload": {},
        "changes": changes,
        "at": now,
    }


def _record(row: dict[str, Any], now: datetime) -> ExperimentRecord:
    known = row | {"spec": orjson.loads(orjson.dumps(row["spec"])), "state": str(row["state"])}
    return ExperimentRecord(**known, created_at=now, updated_at=now)
