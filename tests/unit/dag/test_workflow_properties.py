"""Random workflows, events in any order and twice: every task that is led to runs exactly once, in a legal order."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_server.dag import expansion, windows
from api_server.dag.decisions import Publication, left_by
from api_server.dag.run import Run
from howdah.contracts.flow import ORCHESTRATED, leads
from howdah.contracts.ids import new_id
from howdah.contracts.messages import TaskCompleted, TimerDue
from howdah.contracts.states import ProcessState, TaskState
from howdah.contracts.tasks import Dag, TaskSpec
from howdah.contracts.workflows import Join
from tests.unit.dag.workflow_world import Answer, Quick, Services, around, broken, done, planned
from tests.unit.dag.world import World

PORTS = ("success", "failure", "always")


@pytest.fixture(autouse=True, scope="module")
def narrow_windows() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "MOST_ON_THEIR_WAY", 2)
        yield


def at_one_resource(dag: Dag) -> Dag:
    """Return the same with one resource for all that a service works on: each is in its line."""
    place = {"resource_id": new_id()}
    return Dag(tasks=tuple(one if one.type in ORCHESTRATED else one.model_copy(update=place) for one in dag.tasks))


@st.composite
def workflow(draw: st.DrawFn) -> str:
    """Draw a definition: tasks and fan-outs, known early or late, with edges from any port of any earlier node."""
    nodes: dict[str, Any] = {"split": {"kind": "task", "type": "split", "inputs": {"parts": draw(st.integers(0, 7))}}}
    for number in range(draw(st.integers(1, 9))):
        earlier = [f"n{one}" for one in range(number)]
        edges: list[str] = draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True)) if earlier else []
        node: dict[str, Any] = {"kind": "task", "type": "step", "after": []}
        node["after"] = [f"{one}.{draw(st.sampled_from(PORTS))}" for one in edges]
        if draw(st.booleans()) and edges:
            node["join"] = "any"
        if draw(st.booleans()) and earlier:
            node["inputs"] = {"value": f"${{nodes.{draw(st.sampled_from(earlier))}.outputs.result?}}"}
        if draw(st.integers(0, 3)) == 0:
            items = draw(st.one_of(st.just("${nodes.split.outputs.parts}"), st.lists(st.just(1), max_size=4)))
            node["for_each"] = {"over": items, "max_failed": draw(st.integers(0, 2))}
            node["for_each"]["concurrency"] = draw(st.integers(1, 3))
        nodes[f"n{number}"] = node
    return yaml.safe_dump({"nodes": nodes})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    workflow(),
    st.randoms(use_true_random=False),
    st.sets(st.integers(0, 8), max_size=3),
    st.sampled_from([1, 2, 3, expansion.CHUNK_TASKS]),
)
def test_every_task_that_is_led_to_runs_exactly_once_in_a_legal_order(
    text: str, chance: Random, failing: set[int], chunk: int
) -> None:
    lost = {f"n{number}" for number in failing}

    def behave(spec: TaskSpec, publication: Publication) -> Answer:
        return broken() if spec.name.partition("[")[0] in lost else done(spec, publication)

    dag = planned(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expansion, "CHUNK_TASKS", chunk)
        world = World(at_one_resource(dag) if chance.random() < 0.5 else dag)
        services = Services(world, behave, chance)
        services.work()
    assert all(len(decisions.added) <= chunk for decisions in world.decisions)
    run = world.run
    assert services.has_ended
    assert set(Counter(services.ran).values()) <= {1}
    ran = set(services.ran)
    for task in run.dag.tasks:
        status = run.tasks[task.task_id]
        led = _is_led_to(run, task)
        if task.type not in ORCHESTRATED:
            assert (task.name in ran) == led, task.name
        assert (status.state is TaskState.SKIPPED) == (not led), task.name
    unborne = [task for task in run.dag.tasks if _fails_the_run(run, task)]
    assert world.process is (ProcessState.FAILED if unborne else ProcessState.COMPLETED)


def _is_led_to(run: Run, task: TaskSpec) -> bool:
    """Say it once more, from the states at the end alone."""
    routes = task.way.routes
    led = [leads(ports, left_by(run.tasks[needed])) for needed, ports in routes.items()]
    return not routes or (any(led) if task.way.join is Join.ANY else all(led))


def _fails_the_run(run: Run, task: TaskSpec) -> bool:
    return run.tasks[task.task_id].state is TaskState.FAILED and task.way.failure_means == "run"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflow(), st.randoms(use_true_random=False))
def test_what_comes_twice_or_late_changes_nothing(text: str, chance: Random) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expansion, "CHUNK_TASKS", 2)
        world = World(planned(text))
        told: list[TaskCompleted | TimerDue] = []
        over: set[str] = set()
        while waiting := [one for one in world.published if one.command_id not in over] or world.told:
            one = chance.choice([*waiting, *world.told])
            if isinstance(one, TimerDue):
                world.told.remove(one)
                world.now += timedelta(milliseconds=1)
                told.append(one)
            else:
                over.add(one.command_id)
                answer = done(world.run.dag.by_id[one.task_id], one)
                assert isinstance(answer, dict)
                told.append(world.completed(one, **answer))
            world.feed(told[-1])
            world.feed(chance.choice(told))
    assert world.process is ProcessState.COMPLETED
    assert set(Counter(world.names_published()).values()) <= {1}


def test_a_fan_out_of_ten_thousand_runs_each_item_once() -> None:
    text = """
    parameters: {items: {type: array}}
    nodes:
      work:
        {kind: task, type: step, inputs: {value: "${item}"}, for_each: {over: "${parameters.items}", concurrency: 50}}
    outputs: {sizes: "${nodes.work.outputs.size}"}
    """
    items = list(range(9_997))
    services = Quick(planned(text, items=items))
    services.play()
    assert services.run.process.state is ProcessState.COMPLETED
    assert sorted(services.ran) == sorted(f"work[{number}]" for number in items)
    assert services.most_at_once == 50


def test_a_fan_out_of_ten_thousand_that_is_known_late_runs_each_item_once() -> None:
    text = """
    nodes:
      split: {kind: task, type: split, inputs: {parts: 9990}}
      work:
        kind: task
        type: step
        inputs: {value: "${item}"}
        for_each: {over: "${nodes.split.outputs.parts}", concurrency: 50}
    """
    services = Quick(planned(text))
    services.play()
    assert services.run.process.state is ProcessState.COMPLETED
    assert len(services.run.dag.tasks) == 9_993
    assert sorted(services.ran) == sorted(["split", *(f"work[{number}]" for number in range(9_990))])
    assert services.most_at_once == 50
    assert services.most_added == expansion.CHUNK_TASKS


def test_fan_outs_in_a_fan_out_make_their_items_one_after_another() -> None:
    inner = """
    parameters: {parts: {type: integer}}
    nodes:
      split: {kind: task, type: split, inputs: {parts: "${parameters.parts}"}}
      work: {kind: task, type: step, inputs: {value: "${item}"}, for_each: {over: "${nodes.split.outputs.parts}"}}
    """
    text = """
    nodes:
      split: {kind: task, type: split, inputs: {parts: 40}}
      many: {kind: workflow, workflow: inner, inputs: {parts: 40}, for_each: {over: "${nodes.split.outputs.parts}"}}
    """
    services = Quick(planned(text, around(inner=inner)))
    services.play()
    assert services.run.process.state is ProcessState.COMPLETED
    assert len(set(services.ran)) == len(services.ran) == 1 + 40 + 1_600
    assert services.most_added <= expansion.CHUNK_TASKS
