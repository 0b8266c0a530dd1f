"""What the API answers, in the shapes that it has."""
# ruff: noqa: ANN401 - further fields of any type

from typing import Any

E1 = "0190c0de-0000-7000-8000-000000000001"
AT = "2026-11-22T19:00:00.000000Z"


def experiment(state: str = "EXECUTING", **more: Any) -> dict[str, Any]:
    return {"id": E1, "name": "corals", "kind": "application", "owner": "ada", "state": state, "created_at": AT, **more}


def task(name: str, state: str = "CREATED", **more: Any) -> dict[str, Any]:
    return {"id": f"task-{name}", "name": name, "type": more.pop("type", "command"), "state": state, **more}


def event(seq: int, *changes: tuple[str, str, str, str], kind: str = "task-started", **more: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "kind": kind,
        "at": AT,
        "actor": "test",
        "experiment_id": E1,
        "changes": [{"entity": entity, "id": one, "from": old, "to": new} for entity, one, old, new in changes],
        "payload": {},
        **more,
    }
