"""An application experiment becomes a DAG: set up, stage in, submit, follow the job, stage out, clean up. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, JsonValue, ValidationError

from api_server.dag.application import (
    Application,
    ApplicationInput,
    ApplicationOutput,
    InputType,
    OutputType,
    Requirements,
    WorkDirectory,
)
from api_server.dag.deliveries import Asked, Wanted, wanted_deliveries
from api_server.dag.inputs import InputValue, check_inputs
from api_server.dag.problems import FieldProblem, UnplannableError
from api_server.dag.requirements import beyond_the_scheduler, resolve
from api_server.dag.staging import (
    ARCHIVE,
    StagedInput,
    archive_params,
    cleanup_trigger,
    input_params,
    output_params,
    output_trigger,
    same_names,
    staged_files,
    words,
)
from howdah.contracts import params
from howdah.contracts.failures import RetryPolicy
from howdah.contracts.flow import OutputRef
from howdah.contracts.ids import GatewayId, ProcessId, TaskId, new_id
from howdah.contracts.resources import ReachKind, ResourceTarget
from howdah.contracts.states import ProcessState
from howdah.contracts.tasks import Dag, TaskSpec, Trigger
from howdah.contracts.wrong_fields import first_wrong

HOUR: Final = 3_600.0
HEARTBEAT_WINDOW_SECONDS: Final = 900.0
"""A job may last for weeks: its monitoring is given up for lost after this long without a sign of life."""
DEADLINES: Final[Mapping[str, float]] = {
    params.ENV_SETUP: 0.5 * HOUR,
    params.INPUT_STAGING: 12 * HOUR,
    params.JOB_SUBMISSION: 0.5 * HOUR,
    params.JOB_MONITORING: HEARTBEAT_WINDOW_SECONDS,
    params.OUTPUT_STAGING: 12 * HOUR,
    params.ENV_CLEANUP: 0.5 * HOUR,
}
PHASES: Final[Mapping[str, ProcessState]] = {
    params.ENV_SETUP: ProcessState.CONFIGURING_WORKSPACE,
    params.INPUT_STAGING: ProcessState.INPUT_DATA_STAGING,
    params.JOB_SUBMISSION: ProcessState.EXECUTING,
    params.JOB_MONITORING: ProcessState.MONITORING,
    params.OUTPUT_STAGING: ProcessState.OUTPUT_DATA_STAGING,
    params.ENV_CLEANUP: ProcessState.POST_PROCESSING,
}
RETRIES: Final[Mapping[str, RetryPolicy]] = {
    # An attempt that ended unknown is reconciled only after three times the submit command's own limit has passed.
    params.JOB_SUBMISSION: RetryPolicy(max_attempts=12, initial_delay_seconds=2.0, max_delay_seconds=60.0),
    # To lose sight of a job is no reason to give it up: the next attempt takes up where the last one was.
    params.JOB_MONITORING: RetryPolicy(max_attempts=100, initial_delay_seconds=1.0, max_delay_seconds=60.0),
}
"""Task types that are tried longer than usual."""
_GENERATION: Final = 1
_STREAMS: Final = {OutputType.STDOUT: "stdout.txt", OutputType.STDERR: "stderr.txt"}


@dataclass(frozen=True, slots=True)
class ApplicationRun:
    """What one run is made of: who, where, what with."""

    gateway_id: GatewayId
    process_id: ProcessId
    target: ResourceTarget
    application: Application
    inputs: Mapping[str, JsonValue]
    requirements: Requirements
    work_directory: WorkDirectory = WorkDirectory.REMOVE_ON_SUCCESS
    archive: bool = False
    """Whether the whole work directory is kept as well, as one tar file."""
    deliveries: Asked = ()
    place: str = ""
    """Where it is one application of several in a run: what tells its work directory and its outputs from theirs."""


def check_application(
    application: Application, inputs: Mapping[str, JsonValue], requirements: Requirements, *, complete: bool = True
) -> tuple[dict[str, InputValue], Requirements, list[FieldProblem]]:
    """Return the typed inputs, the resolved requirements, and all that is wrong with either."""
    checked = check_inputs(application.interface.inputs, inputs, application.files, complete=complete)
    resolved, problems = resolve(requirements, application.deployment.defaults, application.queues)
    problems += beyond_the_scheduler(application, resolved)
    problems += same_names(application.interface.inputs, checked.values)
    return checked.values, resolved, [*checked.problems, *problems]


def plan_application(run: ApplicationRun) -> Dag:
    """Return the DAG of one run; UnplannableError names every wrong field."""
    values, resolved, problems = check_application(run.application, run.inputs, run.requirements)
    wanted, undeliverable = wanted_deliveries(run.application, run.target, run.deliveries, archive=run.archive)
    problems += [*_beyond_an_agent(run, values), *undeliverable]
    if problems:
        raise UnplannableError(tuple(problems))
    try:
        return _Plan(run, values, resolved, wanted).dag()
    except ValidationError as error:
        text = f"the application can't be run as described: {first_wrong(error)}"
        raise UnplannableError((FieldProblem("", text),)) from None


def _beyond_an_agent(run: ApplicationRun, values: Mapping[str, InputValue]) -> list[FieldProblem]:
    """Return a problem for each file that takes a credential to read: none is handed to where an agent works."""
    if run.target.reach is not ReachKind.AGENT:
        return []
    text = f"it takes a credential to read, and {run.target.name} is worked on by an agent, which gets none: upload it"
    return [
        FieldProblem(f"inputs.{staged.item.name}", text, staged.file.uri)
        for staged in staged_files(run.application.interface.inputs, values)
        if staged.file.origin is not None and staged.file.origin.credential_ids
    ]


def arguments(inputs: Sequence[ApplicationInput], values: Mapping[str, InputValue]) -> tuple[str, ...]:
    """Return the command line: inputs by ``order``, a flag before its value, a boolean's flag alone."""
    line: list[str] = []
    for item in sorted(inputs, key=lambda item: item.order):
        value = values.get(item.name)
        if value is None:
            continue
        if item.type is InputType.BOOLEAN and item.flag is not None:
            line += [item.flag] if value else []
            continue
        line += words(item, value) if item.flag is None else [item.flag, *words(item, value)]
    return tuple(line)


class _Plan:
    """Builds the tasks one after the other; each method names what its task depends on."""

    def __init__(
        self, run: ApplicationRun, values: Mapping[str, InputValue], resolved: Requirements, wanted: Wanted
    ) -> None:
        self._run = run
        self._values = values
        self._resolved = resolved
        self._wanted = wanted
        self._work_dir = "/".join((run.target.scratch.rstrip("/"), run.process_id, *_steps(run.place)))
        self._tasks: list[TaskSpec] = []

    def dag(self) -> Dag:
        """Return the whole plan."""
        set_up = self._add(params.ENV_SETUP, params.EnvSetupParams(work_dir=self._work_dir))
        files = staged_files(self._run.application.interface.inputs, self._values)
        staged = [self._stage_in(one, set_up) for one in files]
        submission, monitoring = TaskId(new_id()), TaskId(new_id())
        self._submit(submission, monitoring, staged or [set_up])
        self._follow(submission, monitoring)
        stored = [self._stage_out(item, monitoring) for item in self._run.application.interface.outputs]
        if self._run.archive:
            stored.append(self._archive(monitoring))
        self._clean_up([monitoring, *stored])
        return Dag(tasks=tuple(self._tasks))

    def _add(self, task_type: str, model: BaseModel, **fields: Any) -> TaskId:  # noqa: ANN401 - fields of TaskSpec
        spec: dict[str, Any] = {
            "task_id": TaskId(new_id()),
            "name": task_type,
            "type": task_type,
            "params": model.model_dump(mode="json", exclude_none=True),
            "resource_id": self._run.target.resource_id,
            "phase": PHASES[task_type],
            "deadline_seconds": DEADLINES[task_type],
            "retry": self._retry(task_type),
        }
        task = TaskSpec(**(spec | fields))
        self._tasks.append(task)
        return task.task_id

    def _retry(self, task_type: str) -> RetryPolicy:
        """Return the type's policy with what the resource says; monitoring is no work there and keeps its own."""
        policy = RETRIES.get(task_type, RetryPolicy())
        return policy if task_type == params.JOB_MONITORING else policy.overridden(self._run.target.retry)

    def _stage_in(self, staged: StagedInput, set_up: TaskId) -> TaskId:
        name = f"{params.INPUT_STAGING}:{staged.task_name}"
        model = input_params(self._work_dir, staged)
        return self._add(params.INPUT_STAGING, model, name=name, depends_on=(set_up,))

    def _submit(self, submission: TaskId, monitoring: TaskId, after: Sequence[TaskId]) -> None:
        model = params.JobSubmissionParams(
            work_dir=self._work_dir,
            job=self._job(),
            job_name=job_name(submission),
            generation=_GENERATION,
            monitoring_task_id=monitoring,
        )
        self._add(params.JOB_SUBMISSION, model, task_id=submission, depends_on=tuple(after))

    def _job(self) -> params.JobSpec:
        deployment = self._run.application.deployment
        return params.JobSpec(
            executable=deployment.executable,
            arguments=arguments(self._run.application.interface.inputs, self._values),
            environment=deployment.environment,
            modules=deployment.modules,
            pre_commands=deployment.pre_commands,
            post_commands=deployment.post_commands,
            stdout=self._stream(OutputType.STDOUT),
            stderr=self._stream(OutputType.STDERR),
            native=deployment.native,
            container=deployment.container,
            **self._resolved.model_dump(exclude_none=True),
        )

    def _stream(self, kind: OutputType) -> str:
        named = (item.path for item in self._run.application.interface.outputs if item.type is kind)
        return next((path for path in named if path), _STREAMS[kind])

    def _follow(self, submission: TaskId, monitoring: TaskId) -> None:
        model = params.JobMonitoringParams(
            work_dir=self._work_dir,
            job_name=job_name(submission),
            generation=_GENERATION,
            submission_task_id=submission,
            native_id="to be bound",
            stderr=self._stream(OutputType.STDERR),
        )
        self._add(
            params.JOB_MONITORING,
            model,
            task_id=monitoring,
            depends_on=(submission,),
            bindings={"native_id": OutputRef(task_id=submission, output="native_id")},
        )

    def _stage_out(self, item: ApplicationOutput, monitoring: TaskId) -> TaskId:
        path = item.path if item.type not in _STREAMS else self._stream(item.type)
        target = self._target(item.name)
        model = output_params(self._work_dir, item, path or item.name, target, self._wanted.get(item.name, ()))
        name = f"{params.OUTPUT_STAGING}:{item.name}"
        trigger = output_trigger(item)
        return self._add(params.OUTPUT_STAGING, model, name=name, depends_on=(monitoring,), trigger=trigger)

    def _target(self, name: str) -> str:
        steps = (*_steps(self._run.place), name)
        return output_uri(self._run.gateway_id, self._run.process_id, "/".join(steps))

    def _archive(self, monitoring: TaskId) -> TaskId:
        target = self._target(ARCHIVE)
        model = archive_params(self._work_dir, target, self._wanted.get(ARCHIVE, ()))
        name = f"{params.OUTPUT_STAGING}:{ARCHIVE}"
        trigger = Trigger.ALL_RAN
        return self._add(params.OUTPUT_STAGING, model, name=name, depends_on=(monitoring,), trigger=trigger)

    def _clean_up(self, after: Sequence[TaskId]) -> None:
        choice = self._run.work_directory
        model = params.EnvCleanupParams(work_dir=self._work_dir, remove=choice is not WorkDirectory.KEEP)
        self._add(params.ENV_CLEANUP, model, depends_on=tuple(after), trigger=cleanup_trigger(choice))


def _steps(place: str) -> tuple[str, ...]:
    return tuple(place.split("/")) if place else ()


def job_name(submission: TaskId, generation: int = _GENERATION) -> str:
    """Return the name under which the scheduler knows the job: unique to (submission task, generation)."""
    return f"howdah-{submission}-g{generation}"


def output_uri(gateway_id: GatewayId, process_id: ProcessId, name: str) -> str:
    """Return where an output of a process is kept in the object store."""
    return f"howdah://objects/{gateway_id}/outputs/{process_id}/{name}"
