"""What is wrong with a definition is told with its place and the cure, all of it at once."""

import pytest
from pydantic import ValidationError

from howdah.contracts.workflows import Condition, as_written
from tests.unit.dag.workflow_world import around, definition, problems, refusal

FINE = """
parameters: {count: {type: integer, default: 3}, names: {type: array, default: []}}
nodes:
  split: {kind: task, type: split, inputs: {parts: "${parameters.count}"}}
  work:
    kind: task
    type: step
    inputs: {value: "${item}", text: "${index} of ${parameters.count}"}
    for_each: {over: "${nodes.split.outputs.parts}", concurrency: 2}
  tell: {kind: task, type: step, after: [work.failure], inputs: {text: "${nodes.work.failure.sentence}"}}
outputs: {results: "${nodes.work.outputs.result}"}
"""


def test_a_definition_without_faults_has_no_problems() -> None:
    assert problems(FINE) == {}


def test_a_definition_is_kept_as_it_was_written() -> None:
    written = as_written(definition(FINE))
    assert written["nodes"]["tell"]["after"] == [{"node": "work", "port": "failure"}]  # type: ignore[index,call-overload]
    assert definition(FINE) == type(definition(FINE)).model_validate(written)
    assert "description" not in written


@pytest.mark.parametrize(
    ("nodes", "place", "words"),
    [
        ("a: {kind: task, type: stepp}", "nodes.a.type", "there are command, split, step"),
        ("a: {kind: task, type: env-setup}", "nodes.a.type", "the platform's own"),
        ("a: {kind: task, type: workflow-join}", "nodes.a.type", "the platform's own"),
        ("a: {kind: task, type: step, inputs: {valu: 1}}", "nodes.a.inputs", "'valu'"),
        ("a: {kind: task, type: split}", "nodes.a.inputs", "'parts' is a required property"),
        ("a: {kind: task, type: split, inputs: {parts: two}}", "nodes.a.inputs.parts", "integer"),
        ("a: {kind: task, type: split, inputs: {parts: '${parameters.no}'}}", "nodes.a.inputs.parts", "no parameter"),
        ("a: {kind: task, type: step, inputs: {text: 'x ${oops} y'}}", "nodes.a.inputs.text", "refers to nothing"),
        ("a: {kind: task, type: step, inputs: {value: '${item}'}}", "nodes.a.inputs.value", "for_each"),
        ("a: {kind: task, type: step, inputs: {value: '${nodes.a.outputs.size}'}}", "nodes.a.inputs.value", "itself"),
        ("a: {kind: task, type: step, after: [b]}", "nodes.a.after.0.node", "there are a"),
        ("a: {kind: task, type: step, after: [a]}", "nodes.a.after.0.node", "after itself"),
        ("a: {kind: task, type: step, join: any}", "nodes.a.join", "leave it out"),
        ("a: {kind: task, type: step, for_each: {over: 3}}", "nodes.a.for_each.over", "list"),
        ("a: {kind: task, type: step, resource: sandbox}", "nodes.a.resource", "leave it out"),
        ("a: {kind: task, type: command, inputs: {argv: [id]}}", "nodes.a.resource", "needs the resource"),
        (
            "a: {kind: task, type: command, resource: no, inputs: {argv: [id]}}",
            "nodes.a.resource",
            "no compute resource",
        ),
        ("a: {kind: workflow, workflow: other}", "nodes.a.workflow", "no workflow"),
        ("a: {kind: application, application: blast, resource: sandbox}", "nodes.a.application", "no application"),
    ],
)
def test_a_fault_of_a_node_has_its_place_and_the_cure(nodes: str, place: str, words: str) -> None:
    found = problems(f"nodes:\n  {nodes}".replace("resource: no,", "resource: 'no',"))
    assert words in found[place], found


@pytest.mark.parametrize(
    ("second", "place", "words"),
    [
        ("{kind: task, type: step, after: [first.nothing]}", "nodes.second.after.0.port", "nothing-left, failure"),
        (
            "{kind: task, type: step, inputs: {value: '${nodes.first.outputs.part}'}}",
            "nodes.second.inputs.value",
            "it gives count, parts",
        ),
        (
            "{kind: task, type: step, inputs: {number: '${nodes.first.outputs.parts}'}}",
            "nodes.second.inputs.number",
            "takes the type integer",
        ),
        (
            "{kind: task, type: step, after: [first.failure], inputs: {value: '${nodes.first.outputs.parts}'}}",
            "nodes.second.inputs.value",
            "${nodes.first.outputs.parts?}",
        ),
        (
            "{kind: task, type: step, for_each: {over: '${nodes.first.outputs.count}'}}",
            "nodes.second.for_each.over",
            "list",
        ),
        (
            "{kind: choice, branches: {big: {value: '${nodes.frst.outputs.count}', at_least: 1}}}",
            "nodes.second.branches.big.value",
            "no node",
        ),
    ],
)
def test_a_fault_between_two_nodes_has_its_place_and_the_cure(second: str, place: str, words: str) -> None:
    found = problems(f"nodes:\n  first: {{kind: task, type: split, inputs: {{parts: 1}}}}\n  second: {second}")
    assert words in found[place], found


LISTS = """
nodes:
  first: {{kind: task, type: split, inputs: {{parts: 1}}}}
  each: {{kind: task, type: step, for_each: {{over: "${{nodes.first.outputs.parts}}"}}}}
  second: {{kind: task, {}}}
"""


@pytest.mark.parametrize(
    ("second", "place", "words"),
    [
        (
            "type: step, inputs: {number: '${item}'}, for_each: {over: '${nodes.each.outputs.result}'}",
            "inputs.number",
            "takes the type integer, and ${item} has the type string",
        ),
        ("type: step, inputs: {text: '${item}'}, for_each: {over: [1, 2]}", "inputs.text", "has the type integer"),
        ("type: step, for_each: {over: '${nodes.each.outputs.count}'}", "for_each.over", "this is a integer"),
        (
            "type: command, resource: sandbox, inputs: {argv: '${nodes.each.outputs.size}'}",
            "inputs.argv",
            "takes the type array of string, and ${nodes.each.outputs.size} has the type array of integer",
        ),
        (
            "type: command, resource: sandbox, inputs: {argv: [echo, '${nodes.each.outputs.count}']}",
            "inputs.argv.1",
            "takes the type string",
        ),
        (
            "type: command, resource: sandbox, inputs: {argv: [x], environment: {N: '${nodes.first.outputs.count}'}}",
            "inputs.environment.N",
            "takes the type string",
        ),
    ],
)
def test_the_elements_of_lists_have_types_too(second: str, place: str, words: str) -> None:
    found = problems(LISTS.format(second))
    assert words in found.get(f"nodes.second.{place}", ""), found


@pytest.mark.parametrize(
    "second",
    [
        "type: step, inputs: {text: '${item}'}, for_each: {over: '${nodes.each.outputs.result}'}",
        "type: step, inputs: {number: '${item}'}, for_each: {over: '${nodes.each.outputs.size}'}",
        "type: step, inputs: {number: '${item}'}, for_each: {over: '${nodes.first.outputs.parts}'}",
        "type: command, resource: sandbox, inputs: {argv: '${nodes.each.outputs.result}'}",
        "type: command, resource: sandbox, inputs: {argv: [echo, 'n ${nodes.each.outputs.count}']}",
        "type: step, inputs: {text: '${item.name}'}, for_each: {over: [{name: x}]}",
    ],
)
def test_lists_of_what_is_taken_or_of_what_is_not_known_are_no_fault(second: str) -> None:
    assert problems(LISTS.format(second)) == {}


def test_a_circle_is_told_with_its_way_round() -> None:
    found = problems(
        """
        nodes:
          a: {kind: task, type: step, after: [c]}
          b: {kind: task, type: step, after: [a]}
          c: {kind: task, type: step, inputs: {value: "${nodes.b.outputs.result}"}}
        """
    )
    [(place, words)] = found.items()
    assert place.endswith(".after")
    assert "in a circle" in words
    assert words.count("→") == 3


def test_a_workflow_may_not_contain_itself_by_a_detour() -> None:
    inside = around(
        inner="name: inner\nnodes: {back: {kind: workflow, workflow: test}}",
        test="nodes: {x: {kind: task, type: step}}",
    )
    found = problems("nodes: {a: {kind: workflow, workflow: inner}}", inside)
    assert "test → inner → test" in found["nodes.a.workflow"]


def test_parameters_of_a_run_are_checked_by_their_types() -> None:
    text = """
    parameters:
      count: {type: integer, minimum: 1}
      mode: {type: string, choices: [fast, exact], default: fast}
      where: {type: resource}
    nodes: {a: {kind: task, type: split, inputs: {parts: "${parameters.count}"}}}
    """
    assert refusal(text, count=0, mode="slow", where="mars", colour=1).keys() == {
        "parameters.count",
        "parameters.mode",
        "parameters.where",
        "parameters.colour",
    }
    assert "required" in refusal(text)["parameters.count"]
    assert refusal(text, count=2, where="sandbox") == {}


def test_a_value_that_fits_the_parameter_and_not_the_task_is_told_at_the_task() -> None:
    text = "parameters: {n: {type: any}}\nnodes: {a: {kind: task, type: split, inputs: {parts: '${parameters.n}'}}}"
    assert "integer" in refusal(text, n="many")["nodes.a.inputs.parts"]


def test_a_condition_says_one_thing() -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        Condition.model_validate({"value": 1, "equals": 1, "at_least": 0})
    with pytest.raises(ValidationError, match="what is compared"):
        Condition.model_validate({"equals": 1})
    Condition.model_validate({"not": {"any": [{"value": "${item}", "equals": None}]}})
