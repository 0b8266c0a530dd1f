"""Tasks as they are stored: what a plain one has not is not written, so that earlier releases read it."""

from howdah.contracts.ids import TaskId, new_id
from howdah.contracts.tasks import TaskSpec


def test_a_plain_task_is_written_without_what_only_workflows_have() -> None:
    needed = TaskId(new_id())
    binding = {"native_id": {"task_id": needed, "output": "native_id"}}
    task = TaskSpec.model_validate(
        {"task_id": new_id(), "name": "follow", "type": "noop", "depends_on": [needed], "bindings": binding}
    )
    written = task.model_dump(mode="json")
    assert "flow" not in written
    assert written["bindings"] == binding
    assert TaskSpec.model_validate_json(task.model_dump_json()) == task
