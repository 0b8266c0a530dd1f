"""pydantic's errors in our words: which field, what was wrong, what would be right. Never shows a secret back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from api_server.problems import BadRequestError, FieldError, InvalidRequestError, NotFoundError, ProblemError
from howdah.contracts.wrong_fields import in_words, place_of

SECRET_FIELDS: Final = frozenset({"private_key", "passphrase", "password", "secret", "token", "authorization"})
MAX_SHOWN: Final = 100
MAX_ERRORS: Final = 50


def explained(request: Request, error: RequestValidationError) -> ProblemError:
    """Turn FastAPI's validation error into a problem: 404 for the path, 400 for query and headers, 422 for the body."""
    items = list(error.errors())
    first = items[0]
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", "it ends too early")
        return BadRequestError(f"The body is not JSON: {reason} at byte {first['loc'][-1]}.", slug="invalid-json")
    place = first["loc"][0]
    errors = [_field_error(request, item) for item in items[:MAX_ERRORS]]
    if place == "path":
        return NotFoundError(errors=errors)
    if place in {"query", "header", "cookie"}:
        return BadRequestError(errors=errors)
    return InvalidRequestError(errors=errors)


def _field_error(request: Request, item: Mapping[str, Any]) -> FieldError:
    path: Sequence[str | int] = _as_sent(request, place_of(item)[1:])
    field = ".".join(str(part) for part in path) or "body"
    shown = _shown(item, path)
    return FieldError(_encodable(field), _message(request, item, path), None if shown is None else _encodable(shown))


def _encodable(text: str) -> str:
    """Return the text with what JSON allows and UTF-8 does not (lone surrogates) replaced."""
    return text.encode(errors="replace").decode()


def _message(request: Request, item: Mapping[str, Any], path: Sequence[str | int]) -> str:
    if item["type"] == "extra_forbidden":
        known = _known_fields(request, path)
        return "is not known here" + (f"; the fields are {', '.join(known)}" if known else "; leave it out")
    if not path and item["type"] == "model_attributes_type" and not _says_json(request):
        return "must be JSON, sent with the header Content-Type: application/json"
    if item["type"] == "union_tag_not_found":
        tags = sorted(str(tag) for model in _models_at(request, path[:-1]) if (tag := _tag(model)) is not None)
        return "is required" + (f": one of {', '.join(tags)}" if tags else "")
    return in_words(item)


def _says_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "")


def _shown(item: Mapping[str, Any], path: Sequence[str | int]) -> str | None:
    if item["type"] in {"missing", "extra_forbidden"} or not SECRET_FIELDS.isdisjoint(map(str, path)):
        return None
    value = item.get("input")
    if not isinstance(value, str | int | float | bool | None):
        return None
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _as_sent(request: Request, path: Sequence[str | int]) -> Sequence[str | int]:
    """Return the path without what pydantic puts in for the chosen member of a union: the caller sent no such level."""
    models = _body_models(request)
    kept: list[str | int] = []
    for part in path:
        chosen = [model for model in models if _tag(model) == part] if len(models) > 1 else []
        if chosen:
            models = chosen
        else:
            kept.append(part)
            models = _models_below(models, part)
    return kept


def _tag(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return None if field is None else next(iter(get_args(field.annotation)), field.default)


def _known_fields(request: Request, path: Sequence[str | int]) -> list[str]:
    """Return the names of the fields beside the unknown one, as far as the model can be found."""
    return sorted({name for model in _models_at(request, path[:-1]) for name in model.model_fields})


def _models_at(request: Request, path: Sequence[str | int]) -> list[type[BaseModel]]:
    models = _body_models(request)
    for part in path:
        models = _models_below(models, part)
    return models


def _body_models(request: Request) -> list[type[BaseModel]]:
    body_field = getattr(request.scope.get("route"), "body_field", None)
    return [] if body_field is None else _models_in(body_field.field_info.annotation)


def _models_below(models: list[type[BaseModel]], part: str | int) -> list[type[BaseModel]]:
    inner = [model.model_fields[str(part)].annotation for model in models if str(part) in model.model_fields]
    return [found for annotation in inner for found in _models_in(annotation)] or models


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models_in(argument)]
