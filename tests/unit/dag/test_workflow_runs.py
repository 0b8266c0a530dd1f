"""Runs of workflows: branches, conditions, fan-outs, workflows in workflows, approvals, callbacks."""

import pytest

from api_server.dag.adoption import Choice, continue_run
from api_server.dag.decisions import Publication
from howdah.contracts.ids import ProcessId, new_id
from howdah.contracts.states import ProcessState, TaskState
from howdah.contracts.tasks import TaskSpec
from tests.unit.dag.workflow_world import Answer, Services, around, broken, done, planned, played
from tests.unit.dag.world import World

COMPLETED, FAILED, SKIPPED, EXECUTING = (
    TaskState.COMPLETED,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.EXECUTING,
)

BRANCHES = """
parameters: {count: {type: integer}}
nodes:
  split: {kind: task, type: split, inputs: {parts: "${parameters.count}"}}
  few: {kind: task, type: step, after: [size.few], inputs: {text: few}}
  many: {kind: task, type: step, after: [size.many], inputs: {text: many}}
  size:
    kind: choice
    branches: {many: {value: "${nodes.split.outputs.count}", greater_than: 2}}
    otherwise: few
  merge:
    kind: task
    type: step
    join: any
    after: [few, many]
    inputs: {text: "${nodes.few.outputs.result?}${nodes.many.outputs.result?}"}
"""


@pytest.mark.parametrize(("count", "taken", "left"), [(1, "few", "many"), (5, "many", "few")])
def test_a_choice_takes_one_branch_and_the_branches_meet_again(count: int, taken: str, left: str) -> None:
    run = played(BRANCHES, count=count)
    assert run.world.process is ProcessState.COMPLETED
    assert run.states() == {"split": COMPLETED, "size": COMPLETED, taken: COMPLETED, left: SKIPPED, "merge": COMPLETED}
    assert run.outputs("merge")["result"] == f"<<{taken}>>"


FALLBACK = """
nodes:
  try: {kind: task, type: step}
  mend: {kind: task, type: step, after: [try.failure], inputs: {text: "${nodes.try.failure.sentence}"}}
  go-on: {kind: task, type: step, join: any, after: [try, mend]}
"""


def test_a_failure_that_leads_on_fails_no_run() -> None:
    run = Services(
        World(planned(FALLBACK)), behave=lambda spec, it: broken() if spec.name == "try" else done(spec, it)
    ).work()
    assert run.world.process is ProcessState.COMPLETED
    assert run.world.run.process.failure is None
    assert run.states() == {"try": FAILED, "mend": COMPLETED, "go-on": COMPLETED}
    assert run.outputs("mend")["result"] == "<It broke.>"


def test_a_branch_for_the_failure_is_left_out_after_success() -> None:
    assert played(FALLBACK).states() == {"try": COMPLETED, "mend": SKIPPED, "go-on": COMPLETED}


def test_a_task_leaves_by_a_branch_of_its_own() -> None:
    text = """
    nodes:
      split: {kind: task, type: split, inputs: {parts: 1}}
      more: {kind: task, type: step, after: [split]}
      none: {kind: task, type: step, after: [split.nothing-left]}
    """
    run = Services(
        World(planned(text)), behave=lambda spec, it: ({}, "nothing-left") if spec.type == "split" else done(spec, it)
    ).work()
    assert run.states() == {"split": COMPLETED, "more": SKIPPED, "none": COMPLETED}


def test_a_node_whose_condition_is_false_is_left_out_with_what_follows() -> None:
    text = """
    parameters: {wanted: {type: boolean}}
    nodes:
      extra: {kind: task, type: step, when: {value: "${parameters.wanted}", equals: true}}
      after: {kind: task, type: step, after: [extra]}
      last: {kind: task, type: step}
    """
    assert played(text, wanted=False).states() == {"extra": SKIPPED, "after": SKIPPED, "last": COMPLETED}
    assert set(played(text, wanted=True).states().values()) == {COMPLETED}


def test_a_condition_that_can_not_be_told_fails_its_task_with_the_reason() -> None:
    text = """
    nodes:
      split: {kind: task, type: split, inputs: {parts: 1}}
      a: {kind: task, type: step, when: {value: "${nodes.split.outputs.parts}", at_least: 1}}
    """
    run = played(text)
    assert run.world.process is ProcessState.FAILED
    assert run.world.run.process.failure is not None
    assert "can't be compared by size" in run.world.run.process.failure.sentence


FAN_OUT = """
parameters: {parts: {type: any, default: []}}
nodes:
  split: {kind: task, type: split, inputs: {parts: 9}}
  work:
    kind: task
    type: step
    inputs: {value: "${item}", text: "number ${index}"}
    for_each: {over: OVER, concurrency: 4, max_failed: 1}
  gather: {kind: task, type: step, inputs: {value: "${nodes.work.outputs.result}"}}
"""
KNOWN_BEFORE = FAN_OUT.replace("OVER", '"${parameters.parts}"')
KNOWN_LATER = FAN_OUT.replace("OVER", '"${nodes.split.outputs.parts}"')
PARTS = [f"part-{index}" for index in range(9)]


@pytest.mark.parametrize("text", [KNOWN_BEFORE, KNOWN_LATER])
def test_a_fan_out_does_each_item_once_some_at_a_time_and_gathers_in_order(text: str) -> None:
    run = played(text, parts=PARTS)
    assert run.world.process is ProcessState.COMPLETED
    assert sorted(name for name in run.ran if name.startswith("work")) == sorted(f"work[{n}]" for n in range(9))
    assert run.outputs("work")["result"] == [f"<{part}>" for part in PARTS]
    assert run.most_at_once <= 5, "four items, and the one task beside them"


@pytest.mark.parametrize("text", [KNOWN_BEFORE, KNOWN_LATER])
@pytest.mark.parametrize(("failures", "state"), [(1, COMPLETED), (2, FAILED)])
def test_a_fan_out_bears_so_many_failures_and_no_more(text: str, failures: int, state: TaskState) -> None:
    lost = {f"work[{number}]" for number in range(failures)}
    run = Services(
        World(planned(text, parts=PARTS)), behave=lambda spec, it: broken() if spec.name in lost else done(spec, it)
    ).work()
    assert run.states()["work"] is state
    assert run.world.process is (ProcessState.COMPLETED if state is COMPLETED else ProcessState.FAILED)
    if state is COMPLETED:
        assert run.outputs("work")["result"] == [None, *(f"<{part}>" for part in PARTS[1:])]


@pytest.mark.parametrize("text", [KNOWN_BEFORE, KNOWN_LATER.replace("parts: 9", "parts: 0")])
def test_a_fan_out_over_nothing_goes_on_with_empty_lists(text: str) -> None:
    run = played(text, parts=[])
    assert run.world.process is ProcessState.COMPLETED
    assert run.outputs("work") == {"result": [], "size": [], "failed": 0, "count": 0}


def test_a_fan_out_over_what_is_no_list_fails_with_the_reason() -> None:
    run = Services(World(planned(KNOWN_LATER)), behave=lambda *_: {"parts": "all", "count": 1}).work()
    assert run.world.process is ProcessState.FAILED
    assert run.world.run.process.failure is not None
    assert "for each item of a list" in run.world.run.process.failure.sentence


INNER = """
parameters: {names: {type: array}, greeting: {type: string, default: hello}}
nodes:
  greet:
    kind: task
    type: step
    inputs: {text: "${parameters.greeting} ${item}"}
    for_each: {over: "${parameters.names}"}
outputs: {greetings: "${nodes.greet.outputs.result}"}
"""


def test_a_workflow_in_a_fan_out_in_a_workflow_is_one_run() -> None:
    text = """
    nodes:
      split: {kind: task, type: split, inputs: {parts: 2}}
      each:
        kind: workflow
        workflow: inner
        inputs: {names: ["${item}", "both"], greeting: "hi ${index},"}
        for_each: {over: "${nodes.split.outputs.parts}", concurrency: 1}
    outputs: {all: "${nodes.each.outputs.greetings}"}
    """
    run = played(text, around(inner=INNER))
    assert run.world.process is ProcessState.COMPLETED
    assert run.outputs("@outputs")["all"] == [
        ["<hi 0, part-0>", "<hi 0, both>"],
        ["<hi 1, part-1>", "<hi 1, both>"],
    ]
    assert "each[1]/greet[0]" in run.ran


def test_fan_outs_that_are_known_late_nest() -> None:
    inner = INNER.replace("type: array", "type: any")
    text = """
    nodes:
      outer:
        kind: workflow
        workflow: inner
        inputs: {names: "${item.names}", greeting: "${item.who}"}
        for_each: {over: "${nodes.start.outputs.parts}"}
      start: {kind: task, type: split, inputs: {parts: 2}}
    outputs: {all: "${nodes.outer.outputs.greetings}"}
    """
    parts = [{"who": "a", "names": ["x", "y"]}, {"who": "b", "names": []}]
    run = Services(
        World(planned(text, around(inner=inner))),
        behave=lambda spec, it: {"parts": parts, "count": 2} if spec.type == "split" else done(spec, it),
    ).work()
    assert run.world.process is ProcessState.COMPLETED
    assert run.outputs("@outputs")["all"] == [["<a x>", "<a y>"], []]


def test_a_failure_inside_a_workflow_is_the_failure_of_its_node() -> None:
    text = """
    nodes:
      each: {kind: workflow, workflow: inner, inputs: {names: [x]}}
      mend: {kind: task, type: step, after: [each.failure]}
    """
    run = Services(
        World(planned(text, around(inner=INNER))),
        behave=lambda spec, it: broken() if spec.name.startswith("each/") else done(spec, it),
    ).work()
    assert run.world.process is ProcessState.COMPLETED
    assert run.states()["each"] is FAILED
    assert run.states()["mend"] is COMPLETED


APPROVAL = """
nodes:
  make: {kind: task, type: step, inputs: {text: draft}}
  review: {kind: approval, message: "Send ${nodes.make.outputs.result}?", deadline_seconds: 60}
  send: {kind: task, type: step, after: [review.approved]}
  drop: {kind: task, type: step, after: [review.rejected]}
"""


def test_an_approval_waits_for_the_answer_and_leads_where_it_says() -> None:
    run = played(APPROVAL)
    assert run.states()["review"] is EXECUTING
    assert run.outputs("review")["message"] == "Send <draft>?"
    run.answer("review", "maybe")
    assert run.states()["review"] is EXECUTING
    run.answer("review", "rejected").answer("review", "approved").work()
    assert run.states() == {"make": COMPLETED, "review": COMPLETED, "send": SKIPPED, "drop": COMPLETED}
    assert run.world.process is ProcessState.COMPLETED


@pytest.mark.parametrize(
    ("ends", "state"), [("", ProcessState.FAILED), (", on_deadline: rejected", ProcessState.COMPLETED)]
)
def test_an_approval_that_nobody_gives_ends_at_its_deadline(ends: str, state: ProcessState) -> None:
    run = played(APPROVAL.replace("deadline_seconds: 60", f"deadline_seconds: 60{ends}"))
    for timer in run.world.timers():
        run.world.feed(timer)
    run.work()
    assert run.world.process is state


def test_a_canceled_run_waits_for_no_answer() -> None:
    run = played(APPROVAL)
    run.world.feed(run.world.cancel_requested())
    assert run.world.process is ProcessState.CANCELED


CALLBACK = """
nodes:
  build:
    kind: task
    type: step
    callback: {deadline_seconds: 60, outputs: [{name: image, type: string}], branches: [cached]}
  use: {kind: task, type: step, inputs: {text: "${nodes.build.outputs.image}"}}
  same: {kind: task, type: step, after: [build.cached]}
"""


@pytest.mark.parametrize("early", [True, False])
def test_a_task_that_calls_back_ends_when_it_does_however_early(early: bool) -> None:
    run = Services(World(planned(CALLBACK)))
    if early:
        run.answer("build", "success", image="x:1")
    run.work()
    if not early:
        assert run.states()["build"] is EXECUTING
        run.answer("build", "success", image="x:1").work()
    assert run.outputs("use")["result"] == "<x:1>"
    assert run.states()["same"] is SKIPPED
    assert run.world.process is ProcessState.COMPLETED


def test_what_could_not_be_started_is_not_waited_for() -> None:
    run = Services(World(planned(CALLBACK)), behave=lambda *_: broken("No room.")).work()
    assert run.world.process is ProcessState.FAILED
    assert run.states()["build"] is FAILED


def test_a_retry_goes_on_with_what_had_not_finished_and_runs_nothing_twice() -> None:
    text = """
    nodes:
      try: {kind: task, type: step}
      mend: {kind: task, type: step, after: [try.failure]}
      split: {kind: task, type: split, join: any, after: [try, mend], inputs: {parts: 4}}
      work: {kind: task, type: step, inputs: {value: "${item}"}, for_each: {over: "${nodes.split.outputs.parts}"}}
      last: {kind: task, type: step, inputs: {value: "${nodes.work.outputs.result}"}}
    """
    lost = {"try", "work[2]"}
    first = Services(
        World(planned(text)), behave=lambda spec, it: broken() if spec.name in lost else done(spec, it)
    ).work()
    assert first.world.process is ProcessState.FAILED
    again = continue_run(first.world.run, ProcessId(new_id()), Choice())
    second = Services(World.continued(again)).work()
    assert second.world.process is ProcessState.COMPLETED
    assert sorted(second.ran) == ["last", "work[2]"]
    assert second.outputs("last")["result"] == str([f"<part-{n}>" for n in range(4)]).join("<>")


def test_a_retry_from_before_a_fan_out_makes_its_items_anew() -> None:
    run = played(KNOWN_LATER)
    again = continue_run(run.world.run, ProcessId(new_id()), Choice(again=("split",)))
    second = Services(World.continued(again)).work()
    assert second.world.process is ProcessState.COMPLETED
    assert sorted(second.ran) == ["gather", "split", *(f"work[{n}]" for n in range(9))]


@pytest.mark.parametrize("text", [KNOWN_BEFORE, KNOWN_LATER])
def test_a_fan_out_that_was_paused_goes_on_with_all_its_places(text: str) -> None:
    world = World(planned(text.replace("concurrency: 4", "concurrency: 1"), parts=PARTS))

    def behave(spec: TaskSpec, publication: Publication) -> Answer:
        if spec.name == "work[1]":
            world.feed(world.pause_requested())
        return done(spec, publication)

    run = Services(world, behave).work()
    assert run.states()["work[2]"] is TaskState.CREATED
    world.feed(world.resume_requested())
    run.behave = done
    run.work()
    assert world.process is ProcessState.COMPLETED
    assert {name for name in run.ran if name.startswith("work[")} == {f"work[{number}]" for number in range(len(PARTS))}
