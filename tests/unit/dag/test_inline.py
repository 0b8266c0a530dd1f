"""Tasks that users bring: names become ids, and what is wrong is named with its place."""

from typing import Any

import pytest

from api_server.dag.inline import MAX_PARAMS_BYTES, InlineTask, plan_tasks
from api_server.dag.problems import UnplannableError
from howdah.contracts.flow import OutputRef


def tasks(*raw: dict[str, Any]) -> list[InlineTask]:
    return [InlineTask.model_validate({"type": "noop"} | item) for item in raw]


def test_names_become_ids() -> None:
    dag = plan_tasks(
        tasks(
            {"name": "a"},
            {"name": "b", "depends_on": ["a", "a"], "bindings": {"x": {"task": "a", "output": "y"}}},
        ),
        {},
    )
    first, second = dag.tasks
    assert second.depends_on == (first.task_id,)
    assert second.bindings["x"] == OutputRef(task_id=first.task_id, output="y")


@pytest.mark.parametrize(
    ("raw", "field", "says"),
    [
        ([{"name": "a"}, {"name": "a"}], "tasks.1.name", "names are unique"),
        ([{"name": "a", "depends_on": ["b"]}], "tasks.0.depends_on.0", "no task named 'b'"),
        ([{"name": "a", "bindings": {"x": {"task": "b", "output": "y"}}}], "tasks.0.bindings.x.task", "depends_on"),
        ([{"name": "a", "resource_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12}], "tasks.0.resource_id", "no enabled"),
        ([{"name": "a", "params": {"x": "y" * MAX_PARAMS_BYTES}}], "tasks.0.params", "bytes"),
        ([{"name": "a", "type": "env-setup"}], "tasks.0.type", "belongs to application experiments"),
        ([{"name": "a", "type": "command", "params": {"argv": ["true"]}}], "tasks.0.resource_id", "needs the resource"),
        ([{"name": "a", "depends_on": ["b"]}, {"name": "b", "depends_on": ["a"]}], "tasks", "circle"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(raw: list[dict[str, Any]], field: str, says: str) -> None:
    with pytest.raises(UnplannableError) as error:
        plan_tasks(tasks(*raw), {})
    found = {problem.field: problem.message for problem in error.value.problems}
    assert says in found[field]
