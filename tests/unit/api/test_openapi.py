"""The API's description: complete, stable, committed."""

from pathlib import Path
from typing import Any

import pytest

from api_server.http.openapi import TAGS, document_bytes
from api_server.main import create_app
from api_server.settings import for_description

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"
APP = create_app(for_description())
DOCUMENT: dict[str, Any] = APP.openapi()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def test_the_committed_description_is_that_of_the_code() -> None:
    assert COMMITTED.read_bytes() == document_bytes(APP), (
        "the API has changed: python -m api_server openapi > docs/openapi.json"
    )


def test_operation_ids_are_unique_and_words() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)
    assert all(name.isidentifier() and name.islower() for name in ids)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_described(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["description"].strip()
    assert set(operation["tags"]) <= set(TAGS)
    bodies = operation.get("requestBody", {}).get("content", {})
    for content in bodies.values():
        assert {"example", "examples"} & content.keys() or has_example(content["schema"]), "its body has no example"
    for status, answer in operation["responses"].items():
        if status >= "400" and status != "503":
            assert answer["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def has_example(schema: dict[str, Any]) -> bool:
    if {"example", "examples"} & schema.keys():
        return True
    if "$ref" in schema:
        return has_example(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    members = schema.get("oneOf", schema.get("anyOf"))
    if members:
        return all(has_example(member) for member in members if member.get("type") != "null")
    return any(has_example(each) for each in schema.get("properties", {}).values())


OPENS_A_SESSION = "POST /api/v1/session"
"""Its body has the token or the code."""
CALLS_BACK = "POST /api/v1/callbacks"
"""Whoever calls back has what the task was given, and no token."""


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "/v1/" in name and name != OPENS_A_SESSION])
def test_every_call_says_that_it_needs_a_token(name: str) -> None:
    bearer = "callback" if name == CALLS_BACK else "token"
    assert [list(each) for each in OPERATIONS[name]["security"]] == [[bearer]]
    assert {"401", "403"} <= OPERATIONS[name]["responses"].keys()


def test_references_lead_somewhere() -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) <= known
