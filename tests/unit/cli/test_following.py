import io

from rich.console import Console

from howdah.cli.following import MAX_LINES, drawn
from howdah.cli.run_view import RunView
from howdah.client import Snapshot
from howdah.client.run_models import Experiment, Task
from tests.unit.client.samples import experiment, task


def _drawn(count: int, width: int) -> list[str]:
    view = RunView()
    names = [f"output-staging:result-{number}" for number in range(count)]
    tasks = [
        Task.model_validate(task(name, depends_on=[f"task-{one}" for one in names if one != name])) for name in names
    ]
    tasks[-1] = Task.model_validate(task(names[-1], "EXECUTING", step="step " * 60))
    view.apply(Snapshot("c", (Experiment.model_validate(experiment()),), None, tuple(tasks)))
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(drawn(view, 3.0))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_marks_names_and_states_keep_their_place_however_long_the_reasons_are() -> None:
    lines = _drawn(5, 80)
    assert len(lines) == 6
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith("·  output-staging:result-0  CREATED     after output-staging:")
    assert "output-staging:result-4  EXECUTING   step" in lines[5]


def test_of_many_tasks_those_that_do_something_are_shown() -> None:
    lines = _drawn(MAX_LINES + 7, 120)
    assert "EXECUTING" in lines[1]
    assert lines[-1] == "… and 7 more tasks"
