"""Application experiments become the right DAG, or every wrong field is named."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from api_server.dag.application import (
    Application,
    ApplicationInput,
    Deployment,
    Interface,
    QueueLimits,
    Requirements,
    StoredFile,
    WorkDirectory,
)
from api_server.dag.plan import ApplicationRun, arguments, plan_application
from api_server.dag.problems import UnplannableError
from howdah.contracts import params
from howdah.contracts.flow import OutputRef
from howdah.contracts.ids import CredentialId, GatewayId, ProcessId, ResourceId, new_id
from howdah.contracts.resources import ReachKind, ResourceTarget, SchedulerKind, TransportKind
from howdah.contracts.states import ProcessState
from howdah.contracts.storage import Delivery, S3Origin
from howdah.contracts.tasks import Dag, TaskSpec, Trigger

URI = "howdah://objects/g/uploads/grid.csv"
INPUTS: list[dict[str, Any]] = [
    {"name": "steps", "type": "integer", "minimum": 1, "maximum": 100, "flag": "--steps", "order": 2},
    {"name": "grid", "type": "file", "order": 1, "flag": "--grid"},
    {"name": "rate", "type": "float", "default": 0.5, "flag": "--rate", "order": 3},
    {"name": "mode", "type": "enum", "choices": ["fast", "exact"], "required": False, "order": 4},
    {"name": "verbose", "type": "boolean", "required": False, "flag": "-v", "order": 5},
    {"name": "title", "type": "string", "pattern": "[a-z ]+", "required": False, "order": 6},
]
OUTPUTS: list[dict[str, Any]] = [
    {"name": "table", "type": "file", "path": "out/table.csv"},
    {"name": "log", "type": "stdout"},
    {"name": "errors", "type": "stderr", "path": "errors.log"},
]
GIVEN: dict[str, JsonValue] = {"steps": 10, "grid": URI, "verbose": True, "title": "a run of mine"}


def application(queues: tuple[QueueLimits, ...] = (), **deployment: Any) -> Application:  # noqa: ANN401 - its fields
    return Application(
        interface=Interface.model_validate({"inputs": INPUTS, "outputs": OUTPUTS}),
        deployment=Deployment(executable="/opt/app/run", **deployment),
        queues=queues,
        files={URI: StoredFile(URI, "grid.csv", 12, "a" * 64)},
    )


def test_what_the_scheduler_has_not_is_refused_before_launch() -> None:
    queue = QueueLimits(name="gpu", max_gpus_per_node=4, max_wall_time_minutes=60)
    asked = Requirements(queue="gpu", gpus_per_node=8, qos="high", wall_time_minutes=60)
    on_pbs = replace(application((queue,)), scheduler=SchedulerKind.PBS)
    found = problems(application=on_pbs, requirements=asked)
    assert set(found) == {"requirements.gpus_per_node", "requirements.qos"}
    assert "nearest legal value is 4" in found["requirements.gpus_per_node"]
    assert "leave it out" in found["requirements.qos"]


def test_a_deployments_directives_are_those_of_its_scheduler() -> None:
    deployed = replace(application(native=("--constraint=haswell",)), scheduler=SchedulerKind.HTCONDOR)
    assert "no line of a submit description" in problems(application=deployed)["resource_id"]


def test_directives_and_container_reach_the_job() -> None:
    deployed = application(native=("--constraint=haswell",), container={"image": "docker://x/y:1"})
    asked = Requirements(reservation="r1", qos="high", gpus_per_node=2)
    dag = plan_application(run_of(application=deployed, requirements=asked))
    job = params.JobSubmissionParams.model_validate(named(dag, "job-submission").params).job
    assert job.native == ("--constraint=haswell",)
    assert (job.reservation, job.qos, job.gpus_per_node) == ("r1", "high", 2)
    assert job.container is not None
    assert job.container.image == "docker://x/y:1"


def run_of(**fields: Any) -> ApplicationRun:  # noqa: ANN401 - its fields
    values: dict[str, Any] = {
        "gateway_id": GatewayId(new_id()),
        "process_id": ProcessId(new_id()),
        "target": ResourceTarget(
            resource_id=ResourceId(new_id()), name="here", transport=TransportKind.LOCAL, scratch="/scratch/"
        ),
        "application": application(),
        "inputs": GIVEN,
        "requirements": Requirements(),
    }
    return ApplicationRun(**(values | fields))


def named(dag: Dag, name: str) -> TaskSpec:
    return next(task for task in dag.tasks if task.name == name)


def problems(**fields: Any) -> dict[str, str]:  # noqa: ANN401 - the fields of the run
    with pytest.raises(UnplannableError) as error:
        plan_application(run_of(**fields))
    return {problem.field: problem.message for problem in error.value.problems}


def test_the_tasks_stand_in_their_order() -> None:
    dag = plan_application(run_of())
    needs = {task.name: {dag.by_id[needed].name for needed in task.depends_on} for task in dag.tasks}
    assert needs == {
        "env-setup": set(),
        "input-staging:grid": {"env-setup"},
        "job-submission": {"input-staging:grid"},
        "job-monitoring": {"job-submission"},
        "output-staging:table": {"job-monitoring"},
        "output-staging:log": {"job-monitoring"},
        "output-staging:errors": {"job-monitoring"},
        "env-cleanup": {"job-monitoring", "output-staging:table", "output-staging:log", "output-staging:errors"},
    }
    assert [task.phase for task in dag.tasks][-1] is ProcessState.POST_PROCESSING


def test_parameters_are_those_that_the_services_read() -> None:
    run = run_of()
    dag = plan_application(run)
    submission, monitoring = named(dag, "job-submission"), named(dag, "job-monitoring")
    work_dir = f"/scratch/{run.process_id}"
    submitted = params.JobSubmissionParams.model_validate(submission.params)
    assert submitted.work_dir == work_dir
    assert submitted.job_name == f"howdah-{submission.task_id}-g1"
    assert submitted.monitoring_task_id == monitoring.task_id
    assert (submitted.job.stdout, submitted.job.stderr) == ("stdout.txt", "errors.log")
    followed = params.JobMonitoringParams.model_validate(monitoring.params)
    assert (followed.submission_task_id, followed.stderr) == (submission.task_id, "errors.log")
    assert monitoring.bindings["native_id"] == OutputRef(task_id=submission.task_id, output="native_id")
    staged = params.InputStagingParams.model_validate(named(dag, "input-staging:grid").params)
    assert (staged.source, staged.target, staged.size_bytes) == (URI, "grid.csv", 12)
    stored = params.OutputStagingParams.model_validate(named(dag, "output-staging:errors").params)
    assert stored.source == "errors.log"
    assert stored.target == f"howdah://objects/{run.gateway_id}/outputs/{run.process_id}/errors"


def test_arguments_stand_in_order_with_flags_before_values() -> None:
    submission = named(plan_application(run_of()), "job-submission")
    job = params.JobSubmissionParams.model_validate(submission.params).job
    title = str(GIVEN["title"])
    assert job.arguments == ("--grid", "grid.csv", "--steps", "10", "--rate", "0.5", "-v", title)


def test_a_boolean_without_a_flag_is_a_word() -> None:
    inputs = [ApplicationInput(name="on", type="boolean"), ApplicationInput(name="off", type="boolean")]
    assert arguments(inputs, {"on": True, "off": False}) == ("true", "false")


def test_what_a_failed_application_printed_is_still_fetched() -> None:
    dag = plan_application(run_of())
    assert named(dag, "output-staging:log").trigger is Trigger.ALL_RAN
    assert named(dag, "output-staging:table").trigger is Trigger.ALL_SUCCEEDED


@pytest.mark.parametrize(
    ("choice", "trigger", "remove"),
    [
        (WorkDirectory.REMOVE_ON_SUCCESS, Trigger.ALL_SUCCEEDED, True),
        (WorkDirectory.REMOVE, Trigger.ALL_DONE, True),
        (WorkDirectory.KEEP, Trigger.ALL_SUCCEEDED, False),
    ],
)
def test_the_work_directory_is_treated_as_chosen(choice: WorkDirectory, trigger: Trigger, remove: bool) -> None:
    cleanup = named(plan_application(run_of(work_directory=choice)), "env-cleanup")
    assert cleanup.trigger is trigger
    assert params.EnvCleanupParams.model_validate(cleanup.params).remove is remove


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("steps", "ten", "must be an integer"),
        ("steps", True, "must be an integer"),
        ("steps", 0, "at least 1"),
        ("steps", 101, "at most 100"),
        ("rate", float("nan"), "finite"),
        ("mode", "slow", "one of fast, exact"),
        ("verbose", 1, "true or false"),
        ("title", "A1", "pattern [a-z ]+"),
        ("title", 5, "must be a string"),
        ("grid", "/etc/passwd", "is no source of a file"),
        ("grid", "howdah://objects/g/uploads/gone", "upload it first"),
        ("colour", "red", "no such input"),
    ],
)
def test_a_wrong_input_is_named_with_what_would_be_right(name: str, value: JsonValue, says: str) -> None:
    found = problems(inputs={**GIVEN, name: value})
    assert list(found) == [f"inputs.{name}"]
    assert says in found[f"inputs.{name}"]


def test_all_problems_are_told_at_once() -> None:
    limits = QueueLimits("batch", is_default=True, max_nodes=2, max_wall_time_minutes=60)
    asked = Requirements(nodes=3, wall_time_minutes=61)
    found = problems(application=application((limits,)), inputs={"mode": "slow"}, requirements=asked)
    assert set(found) == {
        "inputs.steps",
        "inputs.grid",
        "inputs.mode",
        "requirements.nodes",
        "requirements.wall_time_minutes",
    }
    assert "nearest legal value is 60" in found["requirements.wall_time_minutes"]


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        (Requirements(queue="gpu"), "queue", "it has batch"),
        (Requirements(memory_mb=9_000), "memory_mb", "nearest legal value is 8000"),
        (Requirements(cpus_per_task=9), "cpus_per_task", "nearest legal value is 8"),
        (Requirements(cpus_per_task=3, tasks_per_node=3), "tasks_per_node", "nearest legal value is 2"),
    ],
)
def test_what_a_queue_does_not_allow_is_told_with_the_nearest_legal_value(
    asked: Requirements, field: str, says: str
) -> None:
    queue = QueueLimits("batch", is_default=True, max_cpus_per_node=8, max_memory_mb=8_000)
    assert says in problems(application=application((queue,)), requirements=asked)[f"requirements.{field}"]


def test_defaults_of_deployment_and_queue_are_filled_in() -> None:
    queue = QueueLimits("batch", is_default=True)
    defaults = Requirements(nodes=2, wall_time_minutes=10)
    run = run_of(application=application((queue,), defaults=defaults), requirements=Requirements(nodes=3))
    submission = named(plan_application(run), "job-submission")
    job = params.JobSubmissionParams.model_validate(submission.params).job
    assert (job.queue, job.nodes, job.wall_time_minutes) == ("batch", 3, 10)


def test_an_agent_is_handed_no_credential_for_an_input() -> None:
    known, here = application(), run_of().target
    agent = here.model_copy(update={"reach": ReachKind.AGENT})
    bucket = S3Origin(bucket="data", key="grid.csv", credential_id=CredentialId(new_id()))
    for origin, refused in ((bucket, True), (bucket.model_copy(update={"credential_id": None}), False)):
        closed = replace(known, files={URI: replace(known.files[URI], origin=origin)})
        plan_application(run_of(application=closed, target=here))
        if refused:
            assert "worked on by an agent" in problems(application=closed, target=agent)["inputs.grid"]
        else:
            plan_application(run_of(application=closed, target=agent))


def test_an_output_is_delivered_where_the_experiment_says_and_by_no_agent_with_a_credential() -> None:
    to = "howdah://storage/archive/runs/42/stdout"
    bucket = S3Origin(bucket="archive", key="runs/42/stdout", credential_id=CredentialId(new_id()))
    placed, here = replace(application(), places={to: bucket}), run_of().target
    dag = plan_application(run_of(application=placed, deliveries=(("log", to),)))
    task = named(dag, "output-staging:log")
    assert params.OutputStagingParams.model_validate(task.params).deliveries == (Delivery(to=to, place=bucket),)
    agent = here.model_copy(update={"reach": ReachKind.AGENT})
    refused = problems(application=placed, deliveries=(("log", to),), target=agent)
    assert "worked on by an agent" in refused["deliveries"]


def test_two_files_of_one_name_are_refused() -> None:
    second = {"name": "mask", "type": "file"}
    interface = Interface.model_validate({"inputs": [*INPUTS, second], "outputs": []})
    known = application()
    same = Application(interface, known.deployment, files=known.files)
    assert "grid.csv" in problems(application=same, inputs={**GIVEN, "mask": URI})["inputs.mask"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a", "type": "enum"},
        {"name": "a", "type": "integer", "pattern": "x"},
        {"name": "a", "type": "string", "minimum": 1},
        {"name": "a", "type": "string", "pattern": "("},
        {"name": "a", "type": "float", "minimum": 2, "maximum": 1},
        {"name": "a", "type": "string", "file_name": "x"},
        {"name": "a", "type": "file", "file_name": "../x"},
    ],
)
def test_an_input_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ApplicationInput.model_validate(wrong)
