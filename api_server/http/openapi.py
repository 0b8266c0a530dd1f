"""The OpenAPI document: complete enough to generate clients from, the same bytes for the same code."""

from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api_server.http.problem import MEDIA_TYPE, Problem

TAGS = {
    "experiments": "Create, launch, follow and cancel experiments.",
    "workflows": "Definitions of workflows with their versions. A run of one is an experiment.",
    "runs": "Runs of experiments: processes, tasks with attempts and logs, jobs, events.",
    "outputs": "What runs left behind.",
    "live stream": "Server-sent events: what happens, as it happens.",
    "files": "Upload inputs, download them again.",
    "data": "Data products with their replicas, and the storage resources from which inputs are read.",
    "compute resources": "The machines that run jobs.",
    "quotas": "Who may run how many jobs at once, and when a resource is to be empty.",
    "schedules": "Experiments that start by themselves, by cron expression and time zone.",
    "applications": "What can be run, and how it is started where.",
    "credentials": "How resources are reached. Secrets go in and never come out.",
    "overview": "What needs somebody, what runs, what waits, over the whole gateway.",
    "lanes": "The two lanes of each task type: what waits in them, who holds their partitions; pause and resume.",
    "operations": "Dead letters and the audit trail.",
    "task types": "What tasks of a type of one's own take and give: checked when they are written.",
    "services": "What runs in how many instances; scale, restart, deploy; for platform administrators.",
    "access": "Tokens, and who the caller is.",
    "gateways": "Tenants; for platform administrators.",
    "internal": "For task services only.",
    "objects": "Where signed URLs of a local object store lead.",
    "health": "Probes and metrics.",
}


def operation_id(route: APIRoute) -> str:
    """Name an operation after its function: stable, whatever happens to the path."""
    return route.name


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document of ``app``; FastAPI's own 422 gives way to problems."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    schemas: dict[str, Any] = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = {**problem, "example": Problem.example}
    for operation in _operations(document):
        _without_validation_error(operation)
    return document


def document_bytes(app: FastAPI) -> bytes:
    """Return the document as it is committed."""
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def _without_validation_error(operation: dict[str, Any]) -> None:
    """FastAPI adds a 422 of its own shape to every route with parameters; ours are problems, or there is none."""
    answers: dict[str, Any] = operation["responses"]
    if MEDIA_TYPE not in answers.get("422", {}).get("content", {MEDIA_TYPE: None}):
        del answers["422"]
    for answer in answers.values():
        content = answer.get("content", {})
        if MEDIA_TYPE in content:  # FastAPI puts its own media type beside ours
            answer["content"] = {MEDIA_TYPE: content[MEDIA_TYPE]}
