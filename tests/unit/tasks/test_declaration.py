from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from howdah.contracts.errors import ConfigurationError
from howdah.tasks import AtCancel, Needs, TaskContext, task


class Params(BaseModel):
    word: str = ""


def handler(context: TaskContext[Params]) -> None:
    context.log(context.params.word)


def test_a_declared_task_can_still_be_called_as_the_function_that_it_was() -> None:
    said: list[str] = []

    class Fake:
        params = Params(word="hello")
        log = said.append

    declared = task("greet", params=Params)(handler)
    declared(Fake())  # type: ignore[arg-type]  # as much of a context as the handler uses
    assert said == ["hello"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": "Bad_Name"}, "lower-case"),
        ({"threads": 0}, "threads must be between"),
        ({"bulkhead_share": 1.5}, "at most 1"),
        ({"bulkhead_share": 0.5, "needs": Needs.NOTHING}, "would be ignored"),
        ({"on_cancel": lambda _: True, "at_cancel": AtCancel.RUN_ON}, "would be ignored"),
        ({"params": dict}, "pydantic model"),
    ],
)
def test_an_option_that_is_wrong_or_would_be_ignored_is_refused(options: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"type": "greet", "params": Params} | options
    with pytest.raises(ConfigurationError, match=words):
        task(arguments.pop("type"), **arguments)(handler)


async def coroutine(context: TaskContext[Params]) -> None: ...


def generator(context: TaskContext[Params]) -> Iterator[TaskContext[Params]]:
    yield context


def two(context: TaskContext[Params], more: int) -> None: ...


@pytest.mark.parametrize("bad", [coroutine, generator, two])
def test_a_handler_that_would_never_run_is_refused(bad: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match="handler"):
        task("greet", params=Params)(bad)
