"""Applications in workflows: their tasks, what they are given late, what they give, what a retry keeps."""

from dataclasses import replace

from api_server.dag.adoption import Choice, continue_run
from api_server.dag.decisions import Publication
from api_server.dag.workflows.surroundings import KnownApplication, Surroundings
from howdah.contracts import params
from howdah.contracts.ids import ProcessId, new_id
from howdah.contracts.states import ProcessState, TaskState
from howdah.contracts.tasks import TaskSpec
from tests.unit.dag.test_plan import URI, application
from tests.unit.dag.workflow_world import SANDBOX, Answer, Services, around, broken, done, planned, problems, refusal
from tests.unit.dag.world import World


def with_an_application() -> Surroundings:
    found, known = around(), application()
    blast = KnownApplication(new_id(), "blast", known.interface)
    return replace(
        found,
        applications={"blast": blast},
        deployed={(blast.id, SANDBOX.resource_id): known},
        files=known.files,
    )


TWO = f"""
parameters: {{steps: {{type: integer}}}}
nodes:
  first:
    kind: application
    application: blast
    resource: sandbox
    inputs: {{steps: "${{parameters.steps}}", grid: "{URI}"}}
  second:
    kind: application
    application: blast
    resource: sandbox
    inputs: {{steps: 2, grid: "${{nodes.first.outputs.table}}", title: "after ${{nodes.look.outputs.result}}"}}
    requirements: {{wall_time_minutes: 5}}
  look: {{kind: task, type: step, inputs: {{text: here}}}}
outputs: {{table: "${{nodes.second.outputs.table}}"}}
"""


def behaves(spec: TaskSpec, publication: Publication) -> Answer:
    match spec.type:
        case params.JOB_SUBMISSION:
            return {"native_id": "42"}
        case params.OUTPUT_STAGING | params.INPUT_STAGING:
            return {"uri": publication.params.get("target"), "size_bytes": 1}
        case "step":
            return done(spec, publication)
        case _:
            return {}


def published(run: Services, name: str) -> Publication:
    return next(one for one in run.world.published if run.world.run.dag.by_id[one.task_id].name == name)


def test_an_application_takes_what_an_earlier_one_gave() -> None:
    run = Services(World(planned(TWO, with_an_application(), steps=7)), behaves).work()
    assert run.world.process is ProcessState.COMPLETED
    first, second = (published(run, f"{node}/job-submission").params for node in ("first", "second"))
    told = params.JobSubmissionParams.model_validate(second)
    assert told.job.arguments[-1] == "after <here>"
    assert told.job.wall_time_minutes == 5
    assert params.JobSubmissionParams.model_validate(first).work_dir.endswith("/first")
    staged = params.InputStagingParams.model_validate(published(run, "second/input-staging:grid").params)
    assert staged.source == run.outputs("first")["table"]
    assert staged.target == "grid"
    assert run.outputs("@outputs")["table"] == run.outputs("second")["table"]
    assert str(run.outputs("second")["table"]).endswith("/second/table")


def test_an_application_that_is_left_out_leaves_nothing_behind() -> None:
    text = f"""
    nodes:
      first:
        kind: application
        application: blast
        resource: sandbox
        when: {{value: 1, equals: 2}}
        inputs: {{steps: 1, grid: "{URI}"}}
        work_directory: remove
    """
    run = Services(World(planned(text, with_an_application())), behaves).work()
    assert set(run.states().values()) == {TaskState.SKIPPED}
    assert run.world.process is ProcessState.COMPLETED


def test_a_failed_job_is_the_failure_of_its_node_and_its_retry_keeps_the_application_before() -> None:
    def fails(spec: TaskSpec, publication: Publication) -> Answer:
        return broken("Exit 1.") if spec.name == "second/job-monitoring" else behaves(spec, publication)

    run = Services(World(planned(TWO, with_an_application(), steps=7)), fails).work()
    assert run.world.process is ProcessState.FAILED
    assert run.states()["second"] is TaskState.FAILED
    assert run.world.run.process.failure is not None
    assert run.world.run.process.failure.sentence == "Exit 1."
    again = continue_run(run.world.run, ProcessId(new_id()), Choice())
    second = Services(World.continued(again), behaves).work()
    assert second.world.process is ProcessState.COMPLETED
    assert not [name for name in second.ran if name.startswith(("first/", "look"))], second.ran
    assert "second/job-submission" in second.ran


def test_a_fan_out_of_applications_has_a_work_directory_for_each_item() -> None:
    text = f"""
    nodes:
      split: {{kind: task, type: split, inputs: {{parts: 3}}}}
      run:
        kind: application
        application: blast
        resource: sandbox
        inputs: {{steps: 1, grid: "{URI}", title: "${{item}}"}}
        for_each: {{over: "${{nodes.split.outputs.parts}}", concurrency: 1}}
    outputs: {{tables: "${{nodes.run.outputs.table}}"}}
    """

    def does(spec: TaskSpec, publication: Publication) -> Answer:
        return done(spec, publication) if spec.type == "split" else behaves(spec, publication)

    run = Services(World(planned(text, with_an_application())), does).work()
    assert run.world.process is ProcessState.COMPLETED
    for number in range(3):
        told = params.JobSubmissionParams.model_validate(published(run, f"run[{number}]/job-submission").params)
        task_id = published(run, f"run[{number}]/job-submission").task_id
        assert told.work_dir.endswith(f"/run.{number}")
        assert told.job_name == f"howdah-{task_id}-g1"
        assert told.job.arguments[-1] == f"part-{number}"
    assert [str(uri).rsplit("/", 2)[-2] for uri in run.outputs("@outputs")["tables"]] == ["run.0", "run.1", "run.2"]


def test_what_an_application_lacks_is_told_with_its_place() -> None:
    text = """
    nodes:
      first: {kind: application, application: blast, resource: sandbox, inputs: {steps: many, colour: red}}
    """
    found = problems(text, with_an_application())
    assert found.keys() == {"nodes.first.inputs.steps", "nodes.first.inputs.colour", "nodes.first.inputs.grid"}
    assert "required" in found["nodes.first.inputs.grid"]
    late = refusal(TWO, with_an_application(), steps=1_000)
    assert late.keys() == {"nodes.first.inputs.steps"}
