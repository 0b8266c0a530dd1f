"""What a run that goes on adopts, and when an application runs again: at most once for each generation."""

from typing import Any

import pytest

from api_server.dag import adoption
from api_server.dag.adoption import Choice, Continuation, continue_run
from api_server.dag.advance import begin
from api_server.dag.application import (
    Application,
    ApplicationOutput,
    Deployment,
    Interface,
    OutputType,
    Requirements,
    WorkDirectory,
)
from api_server.dag.plan import ApplicationRun, plan_application
from api_server.dag.problems import UnplannableError
from api_server.dag.run import Run, RunIdentity
from howdah.contracts import params
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import GatewayId, ProcessId, ResourceId, TaskId, new_id
from howdah.contracts.messages import JobStatusChanged
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState
from howdah.contracts.tasks import TaskSpec
from tests.unit.dag.world import START, World, spec

SUBMIT, MONITOR = params.JOB_SUBMISSION, params.JOB_MONITORING
NEXT = ProcessId(new_id())


def application(**fields: Any) -> World:  # noqa: ANN401 - of the run
    target = ResourceTarget(
        resource_id=ResourceId(new_id()), name="local", transport="local", scheduler="fork", host="h", scratch="/s"
    )
    outputs = (
        ApplicationOutput(name="table", type=OutputType.FILE, path="t.csv"),
        ApplicationOutput(name="log", type=OutputType.STDOUT),
    )
    made = Application(Interface(outputs=outputs), Deployment(executable="/bin/true"))
    run = ApplicationRun(GatewayId(new_id()), ProcessId(new_id()), target, made, {}, Requirements(), **fields)
    return World(plan_application(run))


def named(world: World, name: str) -> TaskSpec:
    return next(task for task in world.dag.tasks if task.name == name)


def publication(world: World, name: str) -> Any:  # noqa: ANN401 - a Publication
    return next(p for p in reversed(world.published) if p.task_id == named(world, name).task_id)


def complete(world: World, *names: str) -> None:
    for name in names:
        world.feed(world.completed(publication(world, name), native_id="7"))


def job(world: World, state: JobState) -> None:
    world.feed(
        world.event(
            JobStatusChanged,
            publication(world, SUBMIT),
            generation=named(world, SUBMIT).params["generation"],
            job_name=str(named(world, SUBMIT).params["job_name"]),
            native_id="7",
            state=state,
        )
    )


def fail(world: World, name: str) -> None:
    world.feed(world.failed(publication(world, name), FailureKind.PERMANENT))


def of(continuation: Continuation, name: str) -> TaskSpec:
    return next(task for task in continuation.dag.tasks if task.name == name)


def adopted_names(continuation: Continuation) -> set[str]:
    return {continuation.dag.by_id[task_id].name for task_id in continuation.adopted_from}


def again(world: World, continuation: Continuation) -> World:
    """Return the world of the run that goes on."""
    identity = world.run.identity
    later = World.__new__(World)
    later.dag, later.now, later.published, later.decisions, later.told = continuation.dag, START, [], [], []
    later.run = Run(
        RunIdentity(identity.gateway_id, identity.experiment_id, NEXT, number=2),
        continuation.dag,
        experiment=world.run.experiment,
        tasks=continuation.tasks,
    )
    later.take(begin(later.run, later.now))
    return later


def test_finished_tasks_are_adopted_with_their_outputs_and_the_rest_is_begun() -> None:
    world = World.of(spec("a"), spec("b", "a"), spec("c", "b"))
    complete(world, "a")
    fail(world, "b")
    assert world.run.experiment is ExperimentState.FAILED
    found = continue_run(world.run, NEXT, Choice())
    assert adopted_names(found) == {"a"}
    assert set(found.dag.by_id).isdisjoint(world.dag.by_id), "tasks of another run have ids of their own"
    later = again(world, found)
    assert later.names_published() == ["b"]
    assert found.tasks[of(found, "a").task_id].outputs == {"native_id": "7"}
    complete(later, "b")
    complete(later, "c")
    assert later.process is ProcessState.COMPLETED
    assert later.run.experiment is ExperimentState.COMPLETED


def test_what_depends_on_a_task_that_is_done_again_is_done_again() -> None:
    world = World.of(spec("a"), spec("b", "a"), spec("c", "b"), spec("d"))
    complete(world, "a", "b", "d")
    fail(world, "c")
    found = continue_run(world.run, NEXT, Choice(again=("a",)))
    assert adopted_names(found) == {"d"}


def test_a_failed_task_may_be_skipped_by_the_run_that_goes_on() -> None:
    world = World.of(spec("a"), spec("b", "a"))
    fail(world, "a")
    later = again(world, continue_run(world.run, NEXT, Choice(skip=("a",), actor="me")))
    assert later.names_published() == ["b"]


def test_when_nothing_is_left_to_do_the_run_ends_at_once() -> None:
    world = World.of(spec("a"))
    fail(world, "a")
    later = again(world, continue_run(world.run, NEXT, Choice(skip=("a",))))
    assert later.process is ProcessState.COMPLETED


def test_an_unknown_name_is_refused() -> None:
    world = World.of(spec("a"))
    fail(world, "a")
    with pytest.raises(UnplannableError, match="rerun: the experiment has no task"):
        continue_run(world.run, NEXT, Choice(again=("z",)))


def test_after_a_failed_job_the_application_runs_again_as_the_next_generation() -> None:
    world = application()
    complete(world, params.ENV_SETUP, SUBMIT)
    job(world, JobState.FAILED)
    fail(world, MONITOR)
    complete(world, "output-staging:log")
    found = continue_run(world.run, NEXT, Choice())
    assert adopted_names(found) == {params.ENV_SETUP}
    submit, monitor = of(found, SUBMIT), of(found, MONITOR)
    assert submit.params["generation"] == monitor.params["generation"] == 2
    assert submit.params["job_name"] == monitor.params["job_name"] == f"howdah-{submit.task_id}-g2"
    before = named(world, SUBMIT)
    assert submit.params["supersedes"] == {
        "task_id": before.task_id,
        "generation": 1,
        "job_name": before.params["job_name"],
    }
    assert submit.params["work_dir"] == before.params["work_dir"]
    assert monitor.params["submission_task_id"] == submit.task_id
    assert str(NEXT) in str(of(found, "output-staging:log").params["target"])
    params.JobSubmissionParams.model_validate(submit.params)


@pytest.mark.parametrize("state", [None, JobState.INTENT, JobState.ACTIVE, JobState.UNKNOWN, JobState.COMPLETE])
def test_a_job_that_may_exist_or_has_completed_is_adopted_by_its_claim(state: JobState | None) -> None:
    world = application()
    complete(world, params.ENV_SETUP)
    if state is not None:
        job(world, state)
    fail(world, SUBMIT)
    found = continue_run(world.run, NEXT, Choice())
    submit, monitor = of(found, SUBMIT), of(found, MONITOR)
    before = named(world, SUBMIT)
    assert submit.params["generation"] == 1
    assert submit.params["claim_task_id"] == monitor.params["claim_task_id"] == before.task_id
    assert submit.params["job_name"] == before.params["job_name"]
    assert submit.params["earlier_attempts"] == 1
    assert submit.params.get("supersedes") is None
    third = again(world, found)
    complete(third, SUBMIT)
    fail(third, MONITOR)
    once_more = of(continue_run(third.run, NEXT, Choice()), SUBMIT)
    assert once_more.params["claim_task_id"] == before.task_id, "the claim goes on over any number of runs"
    assert once_more.params["earlier_attempts"] == 2


def test_a_job_that_ran_well_is_not_run_again() -> None:
    world = application()
    complete(world, params.ENV_SETUP, SUBMIT)
    job(world, JobState.COMPLETE)
    complete(world, MONITOR, "output-staging:log")
    fail(world, "output-staging:table")
    found = continue_run(world.run, NEXT, Choice())
    assert adopted_names(found) == {params.ENV_SETUP, SUBMIT, MONITOR, "output-staging:log"}
    forced = continue_run(world.run, NEXT, Choice(again=(MONITOR,)))
    assert of(forced, SUBMIT).params["generation"] == 2, "unless somebody wants it to"


def test_after_a_cancel_the_next_generation_first_makes_sure_that_the_earlier_job_is_gone() -> None:
    world = application()
    complete(world, params.ENV_SETUP, SUBMIT)
    job(world, JobState.ACTIVE)
    world.feed(world.cancel_requested())
    world.feed(world.event(type(world.canceled(publication(world, MONITOR))), publication(world, MONITOR)))
    submit = of(continue_run(world.run, NEXT, Choice()), SUBMIT)
    assert submit.params["generation"] == 2
    assert submit.params["supersedes"]["task_id"] == named(world, SUBMIT).task_id  # type: ignore[index,call-overload]


def test_a_submission_that_was_never_tried_begins_its_own_claim() -> None:
    world = application()
    fail(world, params.ENV_SETUP)
    submit = of(continue_run(world.run, NEXT, Choice()), SUBMIT)
    assert submit.params["job_name"] == f"howdah-{submit.task_id}-g1"
    assert submit.params.get("claim_task_id") is None


def test_nothing_is_adopted_from_a_work_directory_that_was_removed() -> None:
    world = application(work_directory=WorkDirectory.REMOVE)
    complete(world, params.ENV_SETUP, SUBMIT)
    job(world, JobState.FAILED)
    fail(world, MONITOR)
    complete(world, "output-staging:log", params.ENV_CLEANUP)
    assert world.process is ProcessState.FAILED
    assert adopted_names(continue_run(world.run, NEXT, Choice())) == set()
    with pytest.raises(UnplannableError, match="was removed"):
        adoption.refetch(world.run, NEXT, ())


def test_outputs_are_fetched_again_by_a_run_that_does_nothing_else() -> None:
    world = application(work_directory=WorkDirectory.KEEP)
    complete(world, params.ENV_SETUP, SUBMIT, MONITOR, "output-staging:log")
    fail(world, "output-staging:table")
    whole = adoption.refetch(world.run, NEXT, ())
    assert {task.name for task in whole.dag.tasks} == {"output-staging:table", "output-staging:log"}
    part = adoption.refetch(world.run, NEXT, ["table"])
    assert adopted_names(part) == {"output-staging:log"}
    assert again(world, part).names_published() == ["output-staging:table"]
    with pytest.raises(UnplannableError, match="no such output"):
        adoption.refetch(world.run, NEXT, ["nothing"])


def test_fetching_outputs_does_not_make_a_failed_experiment_a_success() -> None:
    world = application(work_directory=WorkDirectory.KEEP)
    complete(world, params.ENV_SETUP, SUBMIT)
    fail(world, MONITOR)
    complete(world, "output-staging:log")
    found = adoption.refetch(world.run, NEXT, ["log"])
    identity = RunIdentity(
        world.run.identity.gateway_id, world.run.identity.experiment_id, NEXT, settles_as=ExperimentState.FAILED
    )
    run = Run(identity, found.dag, experiment=world.run.experiment, tasks=found.tasks)
    run.apply(begin(run, START))
    later = again(world, found)
    later.run = run
    assert TaskId(found.dag.tasks[0].task_id) in run.tasks
    later.feed(later.completed(later.published[0], uri="u"))
    assert run.process.state is ProcessState.COMPLETED
    assert run.experiment is ExperimentState.FAILED
    assert {status.state for status in run.tasks.values()} == {TaskState.COMPLETED}
