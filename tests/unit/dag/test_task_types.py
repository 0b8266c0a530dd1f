"""Tasks of registered types are held to what the type says; which descriptions of types make sense."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from api_server.dag.inline import InlineTask, plan_tasks
from api_server.dag.problems import UnplannableError
from api_server.dag.task_types import MAX_SCHEMA_DEPTH, KnownType, schema_trouble
from howdah.contracts.ids import ResourceId, new_id
from howdah.contracts.resources import ResourceTarget, TransportKind
from howdah.contracts.task_types import LaneName, TaskTypeDescription

WORDS: dict[str, Any] = {
    "parameters": {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 10}, "least": {"type": "integer", "minimum": 0}},
        "required": ["text"],
        "additionalProperties": False,
    },
    "outputs": [
        {"name": "words", "type": "integer"},
        {"name": "longest", "type": "string"},
        {"name": "report", "type": "file"},
        {"name": "whatever"},
    ],
    "resource": "none",
    "lane": "slow",
    "limits": {"deadline_seconds": 60, "max_deadline_seconds": 600, "max_attempts": 3},
}
RESOURCE = ResourceId(new_id())
TARGETS = {RESOURCE: ResourceTarget(resource_id=RESOURCE, name="cluster", transport=TransportKind.LOCAL)}


def known(**changed: object) -> dict[str, KnownType]:
    return {"word-count": KnownType("word-count", TaskTypeDescription.model_validate(WORDS | changed))}


def task(name: str = "count", **fields: object) -> InlineTask:
    return InlineTask.model_validate({"name": name, "type": "word-count", "params": {"text": "to be"}} | fields)


def problems(*tasks: InlineTask, types: dict[str, KnownType] | None = None) -> dict[str, str]:
    with pytest.raises(UnplannableError) as refused:
        plan_tasks(tasks, TARGETS, known() if types is None else types)
    return {problem.field: problem.message for problem in refused.value.problems}


def bound(output: str, parameter: str = "text", **fields: object) -> InlineTask:
    binding = {parameter: {"task": "count", "output": output}}
    return task("next", params={}, depends_on=["count"], bindings=binding, **fields)


def test_a_task_gets_what_its_type_says() -> None:
    (planned,) = plan_tasks([task(retry={"max_attempts": 2})], {}, known()).tasks
    assert (planned.deadline_seconds, planned.lane, planned.retry.max_attempts) == (60, LaneName.SLOW, 2)
    (planned,) = plan_tasks([task(deadline_seconds=100)], {}, known()).tasks
    assert planned.deadline_seconds == 100
    assert planned.retry.max_attempts == 3  # the usual number is more than the type allows


def test_of_a_type_that_nobody_registered_nothing_is_asked() -> None:
    (planned,) = plan_tasks([task(params={"anything": 1})], {}, {}).tasks
    assert (planned.deadline_seconds, planned.lane) == (3_600, LaneName.FAST)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"params": {"txt": "x"}}, "tasks.0.params", "'txt' was unexpected"),
        ({"params": {"text": 7}}, "tasks.0.params.text", "is not of type 'string'"),
        ({"params": {"text": "x" * 11}}, "tasks.0.params.text", "is too long"),
        ({"params": {"text": "x", "least": -1}}, "tasks.0.params.least", "less than the minimum"),
        ({"params": {}}, "tasks.0.params", "'text' is a required property"),
        ({"resource_id": RESOURCE}, "tasks.0.resource_id", "uses no compute resource"),
        ({"deadline_seconds": 601}, "tasks.0.deadline_seconds", "600 at most"),
        ({"retry": {"max_attempts": 4}}, "tasks.0.retry.max_attempts", "3 at most"),
    ],
)
def test_what_contradicts_the_type_is_refused_with_its_place(fields: dict[str, Any], field: str, words: str) -> None:
    found = problems(task(**fields))
    assert words in found[field]


def test_a_type_that_needs_a_resource_is_not_run_without() -> None:
    found = problems(task(), types=known(resource="required"))
    assert "needs the resource" in found["tasks.0.resource_id"]


@pytest.mark.parametrize("output", ["longest", "report", "whatever"])
def test_an_output_of_the_right_type_may_be_bound(output: str) -> None:
    assert len(plan_tasks([task(), bound(output)], {}, known()).tasks) == 2


def test_both_ends_of_a_binding_are_checked() -> None:
    assert "is a integer, while 'text' takes a string" in problems(task(), bound("words"))["tasks.1.bindings.text"]
    assert (
        "give no 'letters', only words, longest" in problems(task(), bound("letters"))["tasks.1.bindings.text.output"]
    )
    assert "has no parameter 'txt'" in problems(task(), bound("longest", "txt"))["tasks.1.bindings.txt"]


def test_the_other_parameters_of_a_task_with_bindings_are_checked_too() -> None:
    found = problems(task(), bound("longest").model_copy(update={"params": {"least": -1}}))
    assert "less than the minimum" in found["tasks.1.params.least"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "must have the type 'object'"),
        ({"type": "array"}, "must have the type 'object'"),
        ({"type": "object", "properties": {"x": {"type": "strnig"}}}, "strnig"),
        (
            {"type": "object", "properties": {"x": {"$ref": "https://example.org/x.json"}}},
            "only what stands in the schema",
        ),
        ({"type": "object", "properties": {"x": {"$ref": "#/$defs/missing"}}}, "which it does not define"),
        ({"type": "object", "description": "x" * 100_001}, "more than 100000"),
    ],
)
def test_a_schema_that_makes_no_sense_is_refused(schema: dict[str, JsonValue], words: str) -> None:
    assert words in (schema_trouble(schema) or "")


def test_a_schema_is_not_nested_without_end() -> None:
    schema: dict[str, JsonValue] = {"type": "object"}
    for _ in range(MAX_SCHEMA_DEPTH):
        schema = {"type": "object", "properties": {"x": schema}}
    assert "nested more than" in (schema_trouble(schema) or "")


def test_a_schema_that_refers_to_itself_without_end_refuses_tasks_instead_of_breaking() -> None:
    loop = {"type": "object", "$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert "without end" in problems(task(), types=known(parameters=loop))["tasks.0.params"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.text(), i)
    )
)
def test_no_schema_breaks_its_check(content: JsonValue) -> None:
    schema_trouble({"type": "object", "properties": {"x": content}, "$defs": content})


@pytest.mark.parametrize(
    "changed",
    [
        {"outputs": [{"name": "a"}, {"name": "a"}]},
        {"branches": ["success"]},
        {"branches": ["late", "late"]},
        {"limits": {"deadline_seconds": 2, "max_deadline_seconds": 1}},
        {"lane": "middle"},
        {"unknown": 1},
    ],
)
def test_a_description_that_contradicts_itself_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TaskTypeDescription.model_validate(WORDS | changed)
