"""The parameters of a workflow: what a run is given, against what the definition asks for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import JsonValue

from api_server.dag.late import is_late
from api_server.dag.problems import FieldProblem
from api_server.dag.sources import why_no_source
from api_server.dag.workflows.surroundings import Surroundings, known_names
from howdah.contracts.workflows import Parameter, ParameterType

Values = dict[str, JsonValue]


def check_parameters(
    parameters: Mapping[str, Parameter],
    given: Mapping[str, JsonValue],
    around: Surroundings,
    *,
    complete: bool = True,
    field: str = "parameters",
) -> tuple[Values, list[FieldProblem]]:
    """Return the values, defaults among them, and all that is wrong; without ``complete`` some may be missing."""
    problems = [
        FieldProblem(f"{field}.{name}", f"there is no such parameter; there are {known_names(parameters)}")
        for name in given.keys() - parameters.keys()
    ]
    values: Values = {}
    for name, parameter in parameters.items():
        if name not in given and not parameter.has_default:
            if parameter.required and complete:
                problems.append(FieldProblem(f"{field}.{name}", f"required, of type {parameter.type.value}"))
            values[name] = None
            continue
        values[name] = value = given.get(name, parameter.default)
        problems += [FieldProblem(f"{field}.{name}", text, value) for text in trouble_with(parameter, value, around)]
    return values, problems


def trouble_with(parameter: Parameter, value: JsonValue, around: Surroundings) -> Iterator[str]:
    """Yield what is wrong with a value of a parameter."""
    if is_late(value) or (value is None and not (parameter.required and not parameter.has_default)):
        return
    if (text := _CHECKS[parameter.type](value, around)) is not None:
        yield text
    elif parameter.choices and value not in parameter.choices:
        yield f"must be one of {', '.join(map(str, parameter.choices))}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if parameter.minimum is not None and value < parameter.minimum:
            yield f"must be at least {parameter.minimum:g}"
        if parameter.maximum is not None and value > parameter.maximum:
            yield f"must be at most {parameter.maximum:g}"


def resource_trouble(name: str, around: Surroundings) -> str | None:
    """Return why the resource of this name or id can't be used; None when it can."""
    resource = around.resources.get(name)
    if resource is None:
        return "no compute resource of this gateway has this name or id; see `howdah resources list`"
    return resource.trouble or None


def _is(kind: Any, text: str) -> Callable[[JsonValue, Surroundings], str | None]:  # noqa: ANN401 - types for isinstance
    def check(value: JsonValue, _: Surroundings) -> str | None:
        wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        return text if wrong else None

    return check


def _file(value: JsonValue, around: Surroundings) -> str | None:
    return None if isinstance(value, str) and value in around.files else why_no_source(value)


def _files(value: JsonValue, around: Surroundings) -> str | None:
    if not isinstance(value, list):
        return "must be a list of sources of files"
    wrong = ((number, _file(one, around)) for number, one in enumerate(value) if not is_late(one))
    return next((f"number {number}: {text}" for number, text in wrong if text), None)


def _resource(value: JsonValue, around: Surroundings) -> str | None:
    return resource_trouble(value, around) if isinstance(value, str) else "must be the name or id of a resource"


_CHECKS: Final[Mapping[ParameterType, Callable[[JsonValue, Surroundings], str | None]]] = {
    ParameterType.STRING: _is(str, "must be a text"),
    ParameterType.INTEGER: _is(int, "must be a whole number"),
    ParameterType.NUMBER: _is(int | float, "must be a number"),
    ParameterType.BOOLEAN: _is(bool, "must be true or false"),
    ParameterType.ARRAY: _is(list, "must be a list"),
    ParameterType.OBJECT: _is(dict, "must be an object"),
    ParameterType.FILE: _file,
    ParameterType.FILES: _files,
    ParameterType.RESOURCE: _resource,
    ParameterType.ANY: lambda _, __: None,
}
