"""A run that goes on where an earlier one ended: which of its tasks are adopted, which are done again. Pure.

The rules
- The new run has the same tasks under new ids. A task is adopted when it had COMPLETED (or was skipped on request) and
  all that it depends on are adopted. It keeps its outputs and gets no attempt.
- The new run goes on in the work directory of the earlier one. Was that removed, nothing that lived there is adopted.
- A submission is adopted together with the monitoring of its job, when that had COMPLETED: an application that ran well
  is not run again. Otherwise the generation decides, and the next one opens only when the one before is over: a job
  that FAILED or was CANCELED, or whose cancellation was asked for, gets a next generation, which first makes sure on
  the resource that the earlier job does not run (``supersedes``). In every other case the claim of the earlier
  submission is continued, so that a job which it made, or may have made, is adopted.
- Tasks may be named that are done again whatever became of them, with all that depends on them, and tasks that are
  skipped.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from pydantic import JsonValue

from api_server.dag.decisions import TaskStatus, counts_as
from api_server.dag.pausing import why_not_skipped
from api_server.dag.plan import job_name, output_uri
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.run import Run
from howdah.contracts import params
from howdah.contracts.ids import ProcessId, TaskId, new_id
from howdah.contracts.states import JobState, TaskState, is_terminal
from howdah.contracts.tasks import Dag, OutputRef, TaskSpec

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
    adopted: set[TaskId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ids = {spec.task_id: TaskId(new_id()) for spec in self.earlier.dag.tasks}
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
        status = self.earlier.tasks[spec.task_id]
        if counts_as(status) is not TaskState.COMPLETED or not is_terminal(status.state):
            return False
        if spec.name in self.choice.again or spec.name in self.choice.skip:
            return False
        if spec.type in _IN_THE_WORK_DIRECTORY and work_directory_is_gone(self.earlier):
            return False
        return all(needed in self.adopted for needed in spec.depends_on)

    # ------------------------------------------------------------ the new run

    def result(self) -> Continuation:
        """Return the whole of it."""
        specs = tuple(self._renewed(spec) for spec in self.earlier.dag.tasks)
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

    def _renewed(self, spec: TaskSpec) -> TaskSpec:
        return spec.model_copy(
            update={
                "task_id": self.ids[spec.task_id],
                "depends_on": tuple(self.ids[needed] for needed in spec.depends_on),
                "bindings": {
                    name: OutputRef(task_id=self.ids[ref.task_id], output=ref.output)
                    for name, ref in spec.bindings.items()
                },
                "params": self._params(spec),
            }
        )

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
                return renewed_output(spec, self.earlier, self.process_id)
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
    if work_directory_is_gone(earlier):
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
        spec.model_copy(
            update={"task_id": ids[spec.task_id], **alone, "params": renewed_output(spec, earlier, process_id)}
        )
        for spec in chosen
    ] + [spec.model_copy(update={"task_id": ids[spec.task_id], **alone}) for spec in kept]
    statuses = {ids[spec.task_id]: adopted(earlier.tasks[spec.task_id]) for spec in kept}
    return Continuation(Dag(tasks=tuple(specs)), statuses, {ids[spec.task_id]: spec.task_id for spec in kept})


def adopted(status: TaskStatus) -> TaskStatus:
    """Return how a finished task stands in a run that adopts it: done, without an attempt of its own."""
    return TaskStatus(
        status.state, outputs=status.outputs or {}, started_at=status.started_at, ended_at=status.ended_at
    )


def work_directory_is_gone(earlier: Run) -> bool:
    """Tell whether the run's own clean-up has removed its work directory."""
    return any(
        spec.type == params.ENV_CLEANUP
        and spec.params.get("remove", True)
        and earlier.tasks[spec.task_id].state is TaskState.COMPLETED
        for spec in earlier.dag.tasks
    )


def renewed_output(spec: TaskSpec, earlier: Run, process_id: ProcessId) -> dict[str, JsonValue]:
    """Return the parameters by which an output is brought back once more, beside what earlier runs brought."""
    name = str(spec.params["name"])
    return {**spec.params, "target": output_uri(earlier.identity.gateway_id, process_id, name)}


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
