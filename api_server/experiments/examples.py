"""Requests as OpenAPI shows them."""

APPLICATION_EXAMPLE = {
    "kind": "application",
    "name": "spots, 2,000 steps",
    "interface_id": "0190f5e0-0000-7000-8000-000000000001",
    "resource_id": "0190f5e0-0000-7000-8000-000000000002",
    "inputs": {"steps": 2000, "seeds": "howdah://objects/gateway/uploads/seeds.csv"},
    "requirements": {"queue": "debug", "wall_time_minutes": 10},
    "launch": True,
}
TASKS_EXAMPLE = {
    "kind": "tasks",
    "name": "two commands",
    "tasks": [
        {"name": "first", "type": "command", "params": {"argv": ["hostname"]}, "resource_id": "0190f5e0-…"},
        {
            "name": "second",
            "type": "command",
            "params": {"argv": ["date"]},
            "resource_id": "0190f5e0-…",
            "depends_on": ["first"],
        },
    ],
    "launch": False,
}


WORKFLOW_EXAMPLE = {
    "kind": "workflow",
    "name": "count the words of today",
    "workflow": "count-words",
    "version": 3,
    "parameters": {"texts": ["a short one", "and another"], "cluster": "sandbox"},
    "launch": True,
}
