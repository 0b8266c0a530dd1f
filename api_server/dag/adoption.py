"""A run that goes on where an earlier one ended: which of its tasks are adopted, which are done again. Pure.

The rules
- The new run has the same tasks under new ids. A task is adopted when it had COMPLETED (or was skipped on request) and
  all that it depends on are adopted. It keeps its outputs and gets no attempt.
- The new run goes on in the work directory of the earlier one. Was that removed, nothing that lived there is adopted.
- A task of a workflow is adopted, too, when it was left out, or when its failure concerns only what it is a part of,
  and that is settled: what a branch has decided stays decided. Of a fan-out that is not adopted the items go.
- A submission is adopted together with the monitoring of its job, when that had COMPLETED: an application that ran well
  is not run again. Otherwise the generation decides, and the next one opens only when the one before is over: a job
  that FAILED or was CANCELED, or whose cancellation was asked for, gets a next generation, which first makes sure on
  the resource that the earlier job does not run (``supersedes``). In every other case the claim of the earlier
  submission is continued, so that a job which it made, or may have made, is adopted.
- Tasks may be named that are done again whatever became of them, with all that depends on them, and tasks that are
  skipped.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any, Final

from pydantic import JsonValue

from api_server.dag.decisions import TaskStatus, counts_as
from api_server.dag.pausing import why_not_skipped
from api_server.dag.plan import job_name
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.renaming import Renaming
from api_server.dag.run import Run
from howdah.contracts import params
from howdah.contracts.flow import ORCHESTRATED, FailureMeans
from howdah.contracts.ids import ProcessId, TaskId, new_id
from howdah.contracts.states import JobState, TaskState, is_terminal
from howdah.contracts.tasks import Dag, TaskSpec

_OF_SOME_RUN: Final = re.compile(r"/outputs/[^/]+/")
_IN_THE_WORK_DIRECTORY = frozenset(params.BUILT_IN) - {params.COMMAND}


@dataclass(frozen=True, slots=True)
class Continuation:
    """The tasks of the new run: how those stand that have ended already, and which tasks those were."""

    dag: Dag
    tasks: Mapping[TaskId, TaskStatus]
    adopted_from: Mapping[TaskId, TaskId]
    """Task of the new run → the finished task that it was."""


Plan = Callable[[Run, ProcessId], Continuation]
"""From the earlier run to what the new process does; UnplannableError says why it can't."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants of the new run, by the names of tasks."""

    again: Collection[str] = ()
    skip: Collection[str] = ()
    actor: str = ""


@dataclass(slots=True)
class _Continuing:
    """One continuation in the making."""

    earlier: Run
    process_id: ProcessId
    choice: Choice
    ids: dict[TaskId, TaskId] = field(default_factory=dict)
    renaming: Renaming = field(init=False)
    adopted: set[TaskId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ids = {spec.task_id: TaskId(new_id()) for spec in self.earlier.dag.tasks}
        self.renaming = Renaming(self.ids, self.earlier.identity.process_id, self.process_id)
        order = TopologicalSorter({spec.task_id: spec.depends_on for spec in self.earlier.dag.tasks}).static_order()
        for task_id in order:
            if self._is_adopted(self.earlier.dag.by_id[task_id]):
                self.adopted.add(task_id)
        # A submission counts only with its job followed to a good end.
        undone = {TaskId(s) for s, monitor in self.earlier.monitors.items() if not self._ran_well(TaskId(s), monitor)}
        self._give_up(undone)

    def _ran_well(self, submission: TaskId, monitor: TaskId) -> bool:
        return {submission, monitor} <= self.adopted

    def _give_up(self, tasks: set[TaskId]) -> None:
        """Adopt neither these nor what depends on them."""
        while tasks:
            self.adopted -= tasks
            tasks = {dependent for task_id in tasks for dependent in self.earlier.dag.dependents[task_id]}

    def _is_adopted(self, spec: TaskSpec) -> bool:
        if not self._is_finished(spec):
            return False
        if spec.name in self.choice.again or spec.name in self.choice.skip:
            return False
        if spec.type in _IN_THE_WORK_DIRECTORY and self._is_lost(spec):
            return False
        return all(needed in self.adopted for needed in spec.depends_on)

    def _is_finished(self, spec: TaskSpec) -> bool:
        """Tell whether the task has ended in a way that stands."""
        status = self.earlier.tasks[spec.task_id]
        if not is_terminal(status.state) or status.state is TaskState.CANCELED:
            return False
        if counts_as(status) is TaskState.COMPLETED:
            return True
        if spec.flow is None:
            return False
        return status.state is TaskState.SKIPPED or self._is_borne(spec)

    def _is_borne(self, spec: TaskSpec) -> bool:
        """Tell whether the failure of a task is one that a workflow has gone on from."""
        match spec.way.failure_means:
            case FailureMeans.BRANCH:
                return True
            case FailureMeans.PARENT:
                parent = None if spec.way.parent is None else self.earlier.dag.by_id[spec.way.parent]
                return parent is not None and self._is_finished(parent)
            case FailureMeans.RUN:
                return False

    def _is_lost(self, spec: TaskSpec) -> bool:
        """Tell whether what the task left on the resource is gone, and still needed."""
        parent = spec.way.parent
        if parent is not None and counts_as(self.earlier.tasks[parent]) is TaskState.COMPLETED:
            return False
        return work_directory_is_gone(self.earlier, str(spec.params.get("work_dir")))

    # ------------------------------------------------------------ the new run

    def result(self) -> Continuation:
        """Return the whole of it."""
        specs = tuple(self._renewed(spec) for spec in self.earlier.dag.tasks if self._is_kept(spec))
        statuses = {self.ids[task_id]: adopted(self.earlier.tasks[task_id]) for task_id in self.adopted}
        asked: dict[str, JsonValue] = {"on_request": True, "by": self.choice.actor}
        for spec in self.earlier.dag.tasks:
            if spec.name in self.choice.skip:
                for left_out in self._with_monitor(spec):
                    statuses[self.ids[left_out]] = TaskStatus(TaskState.SKIPPED, outputs=asked)
        origins = {self.ids[task_id]: task_id for task_id in self.adopted}
        return Continuation(Dag(tasks=specs), statuses, origins)

    def _with_monitor(self, spec: TaskSpec) -> list[TaskId]:
        monitor = self.earlier.monitors.get(spec.task_id) if spec.type == params.JOB_SUBMISSION else None
        return [spec.task_id] if monitor is None else [spec.task_id, monitor]

    def _is_kept(self, spec: TaskSpec) -> bool:
        return spec.way.made_by is None or spec.way.made_by in self.adopted

    def _renewed(self, spec: TaskSpec) -> TaskSpec:
        by_id = self.earlier.dag.by_id
        renamed = self.renaming.of(spec)
        needed = tuple(self.ids[one] for one in spec.depends_on if self._is_kept(by_id[one]))
        params = renamed.params if spec.type in ORCHESTRATED else self._params(spec)
        return renamed.model_copy(update={"depends_on": needed, "params": params})

    def _params(self, spec: TaskSpec) -> dict[str, JsonValue]:
        if spec.task_id in self.adopted:
            return spec.params
        match spec.type:
            case params.JOB_SUBMISSION:
                return {**spec.params, **self._claim(spec)}
            case params.JOB_MONITORING:
                submission = TaskId(str(spec.params["submission_task_id"]))
                claim = self._claim(self.earlier.dag.by_id[submission])
                kept = {name: claim[name] for name in ("job_name", "generation", "claim_task_id")}
                return {**spec.params, **kept, "submission_task_id": self.ids[submission]}
            case params.OUTPUT_STAGING:
                return renewed_output(spec, self.process_id)
            case _:
                return spec.params

    def _claim(self, spec: TaskSpec) -> dict[str, Any]:
        """Return under which name, generation and claim the job of the new run is submitted."""
        known = params.JobSubmissionParams.model_validate(spec.params)
        new, attempts = self.ids[spec.task_id], self.earlier.tasks[spec.task_id].attempt
        claim: dict[str, Any] = {
            "monitoring_task_id": self.ids[known.monitoring_task_id],
            "generation": known.generation,
            "claim_task_id": None,
            "earlier_attempts": 0,
        }
        if attempts == 0 and known.claim_task_id is None:  # Nothing was asked of the resource under this claim.
            return {**claim, "job_name": job_name(new, known.generation)}
        before = params.EarlierSubmission(
            task_id=known.claim_task_id or spec.task_id, generation=known.generation, job_name=known.job_name
        )
        if self._may_be_continued(spec, known.generation):
            attempts += known.earlier_attempts
            return {
                **claim,
                "job_name": before.job_name,
                "claim_task_id": before.task_id,
                "earlier_attempts": attempts,
            }
        generation = known.generation + 1
        superseded = before.model_dump(mode="json")
        return {
            **claim,
            "job_name": job_name(new, generation),
            "generation": generation,
            "supersedes": superseded,
        }

    def _may_be_continued(self, spec: TaskSpec, generation: int) -> bool:
        """Tell whether the claim may yet lead to a job worth having."""
        if any(needed not in self.adopted for needed in spec.depends_on):
            return False  # What the job would find, or has found, is made anew.
        job = self.earlier.jobs.get((spec.task_id, generation))
        if job is not None and job.state is JobState.COMPLETE:
            return self._names_of_job(spec).isdisjoint(self.choice.again)
        if job is not None and is_terminal(job.state):
            return False
        return self.earlier.process.cancel_requested_at is None

    def _names_of_job(self, spec: TaskSpec) -> set[str]:
        return {self.earlier.dag.by_id[task_id].name for task_id in self._with_monitor(spec)}


def continue_run(earlier: Run, process_id: ProcessId, choice: Choice) -> Continuation:
    """Return the run that goes on where ``earlier`` ended; UnplannableError names what can't be chosen."""
    if problems := _wrong_choices(earlier, choice):
        raise UnplannableError(tuple(problems))
    return _Continuing(earlier, process_id, choice).result()


def refetch(earlier: Run, process_id: ProcessId, names: Collection[str]) -> Continuation:
    """Return the run that brings outputs back once more, and does nothing else: all of them, or those named.

    UnplannableError when there is none of that name, or when the work directory is gone.
    """
    places = {str(spec.params["work_dir"]) for spec in earlier.dag.tasks if spec.type == params.OUTPUT_STAGING}
    if any(work_directory_is_gone(earlier, place) for place in places):
        text = "the work directory on the resource was removed when the run had ended; what was brought back is kept"
        raise UnplannableError((FieldProblem("outputs", text),))
    staging = [spec for spec in earlier.dag.tasks if spec.type == params.OUTPUT_STAGING]
    known = {str(spec.params["name"]) for spec in staging}
    if unknown := sorted(set(names) - known):
        text = f"the experiment has no such output; it has {', '.join(sorted(known)) or 'none'}"
        raise UnplannableError(tuple(FieldProblem("outputs", text, name) for name in unknown))
    if not staging:
        raise UnplannableError((FieldProblem("outputs", "the experiment has no outputs that are brought back"),))
    chosen = [spec for spec in staging if not names or spec.params["name"] in names]
    kept = [spec for spec in staging if spec not in chosen and earlier.tasks[spec.task_id].state is TaskState.COMPLETED]
    ids = {spec.task_id: TaskId(new_id()) for spec in (*chosen, *kept)}
    alone: dict[str, Any] = {"depends_on": (), "bindings": {}}
    specs = [
        spec.model_copy(update={"task_id": ids[spec.task_id], **alone, "params": renewed_output(spec, process_id)})
        for spec in chosen
    ] + [spec.model_copy(update={"task_id": ids[spec.task_id], **alone}) for spec in kept]
    statuses = {ids[spec.task_id]: adopted(earlier.tasks[spec.task_id]) for spec in kept}
    return Continuation(Dag(tasks=tuple(specs)), statuses, {ids[spec.task_id]: spec.task_id for spec in kept})


def adopted(status: TaskStatus) -> TaskStatus:
    """Return how a finished task stands in a run that adopts it: done, without an attempt of its own."""
    outputs = status.outputs if status.state is TaskState.SKIPPED else status.outputs or {}
    kept = TaskStatus(status.state, outputs=outputs, started_at=status.started_at, ended_at=status.ended_at)
    return kept._replace(port=status.port, failure=status.failure if status.state is TaskState.FAILED else None)


def work_directory_is_gone(earlier: Run, work_dir: str) -> bool:
    """Tell whether the run's own clean-up has removed a work directory."""
    return any(
        spec.type == params.ENV_CLEANUP
        and spec.params.get("work_dir") == work_dir
        and spec.params.get("remove", True)
        and earlier.tasks[spec.task_id].state is TaskState.COMPLETED
        for spec in earlier.dag.tasks
    )


def renewed_output(spec: TaskSpec, process_id: ProcessId) -> dict[str, JsonValue]:
    """Return the parameters by which an output is brought back once more, beside what earlier runs brought."""
    target = _OF_SOME_RUN.sub(f"/outputs/{process_id}/", str(spec.params["target"]), count=1)
    return {**spec.params, "target": target}


def _wrong_choices(earlier: Run, choice: Choice) -> list[FieldProblem]:
    by_name = {spec.name: spec for spec in earlier.dag.tasks}
    problems = []
    for field_name, names in (("rerun", choice.again), ("skip", choice.skip)):
        problems += [
            FieldProblem(field_name, "the experiment has no task of this name", name)
            for name in names
            if name not in by_name
        ]
    problems += [FieldProblem("skip", "it is to be done again, too", n) for n in set(choice.skip) & set(choice.again)]
    for name in choice.skip:
        spec = by_name.get(name)
        if spec is not None and (why := why_not_skipped(spec.type, TaskState.CREATED)) is not None:
            problems.append(FieldProblem("skip", why, name))
    return problems
