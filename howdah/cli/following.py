"""Follows one experiment: a view that redraws itself on a terminal, plain lines in a pipe, JSON lines for programs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from howdah.cli.run_view import RunView
from howdah.cli.session import Session
from howdah.client import Change, News
from howdah.client.run_models import Experiment
from howdah.contracts.states import ExperimentState, TaskState

MAX_NAME_WIDTH: Final = 48
MAX_LINES: Final = 40
"""How many tasks the view shows at once; of more, those that do something come first."""

_STYLES: Final = {
    TaskState.CREATED: "dim",
    TaskState.SCHEDULED: "cyan",
    TaskState.EXECUTING: "bold blue",
    TaskState.RETRY_WAIT: "yellow",
    TaskState.COMPLETED: "green",
    TaskState.FAILED: "bold red",
    TaskState.CANCELED: "magenta",
    TaskState.SKIPPED: "dim",
}
_MARKS: Final = {
    TaskState.COMPLETED: "✔",
    TaskState.FAILED: "✘",
    TaskState.CANCELED: "■",
    TaskState.SKIPPED: "–",
    TaskState.RETRY_WAIT: "↻",
}
_URGENCY: Final = (
    TaskState.EXECUTING,
    TaskState.RETRY_WAIT,
    TaskState.FAILED,
    TaskState.SCHEDULED,
    TaskState.CREATED,
    TaskState.CANCELED,
    TaskState.SKIPPED,
    TaskState.COMPLETED,
)


class Display(Protocol):
    """Shows the view after each piece of news."""

    def update(self, view: RunView, news: News, changed: list[str]) -> None:
        """The view changed by ``news``, in the tasks ``changed``."""
        ...


def follow(session: Session, experiment_id: str) -> Experiment:
    """Show what happens until the experiment ends, and return it as it ended.

    Raises:
        ClientError: the API server refuses, or could not be reached for minutes.
    """
    view = RunView()
    with _display(session, view) as display:
        for news in session.client.experiments.watch(experiment_id):
            changed = view.apply(news)
            if view.stale:
                view.learn(session.client.experiments.tasks(experiment_id))
            display.update(view, news, changed)
    experiment = session.client.experiments.get(experiment_id)
    if experiment.failure is not None:
        session.say(f"{experiment.state}: {experiment.failure.sentence}")
        session.say(f"what it printed: howdah experiments outputs {experiment.id} --download DIR")
    return experiment


def follow_to_the_end(session: Session, experiment: Experiment) -> None:
    """Follow it; the command's exit code says whether it COMPLETED."""
    try:
        ended = follow(session, experiment.id)
    except KeyboardInterrupt:
        session.say(f"the experiment goes on; look again with: howdah experiments watch {experiment.id}")
        raise
    if ended.state is not ExperimentState.COMPLETED:
        raise typer.Exit(1)


@contextmanager
def _display(session: Session, view: RunView) -> Iterator[Display]:
    if session.as_json:
        yield _JsonLines(session)
    elif session.screen.is_terminal:
        drawing = _Drawing(view)
        with Live(console=session.screen, get_renderable=drawing.render, refresh_per_second=8):
            yield drawing
    else:
        yield _PlainLines(session)


class _JsonLines:
    """One JSON object a line: snapshots and changes as they come."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def update(self, view: RunView, news: News, changed: list[str]) -> None:  # noqa: ARG002 - Display's shape
        if isinstance(news, Change):
            self._session.json_line({"event": "change", "data": news.event})
        else:
            data = {"experiments": news.experiments, "process": news.process, "tasks": news.tasks, "jobs": news.jobs}
            self._session.json_line({"event": "snapshot", "data": data})


class _PlainLines:
    """One line for each task that changed, and for each new state of the experiment."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._state: ExperimentState | None = None
        self._told: dict[str, tuple[TaskState, str]] = {}

    def update(self, view: RunView, news: News, changed: list[str]) -> None:
        at = news.event.at.astimezone().strftime("%H:%M:%S") if isinstance(news, Change) else time.strftime("%H:%M:%S")
        for task_id in changed:
            line = view.lines.get(task_id)
            if line is None or (line.state is TaskState.CREATED and task_id not in self._told):
                continue
            telling = (line.state, view.reason(line))
            if self._told.get(task_id) != telling:
                self._told[task_id] = telling
                self._print(f"{at}  {line.state:<10}  {line.task.name}  {telling[1]}".rstrip())
        if view.state is not None and view.state is not self._state:
            self._state = view.state
            self._print(f"{at}  experiment {view.experiment.name if view.experiment else ''} is {view.state}")

    def _print(self, text: str) -> None:
        self._session.screen.print(escape(text), soft_wrap=True)


class _Drawing:
    """A table of the tasks that is redrawn in place."""

    def __init__(self, view: RunView) -> None:
        self._view = view
        self._began = time.monotonic()

    def update(self, view: RunView, news: News, changed: list[str]) -> None:
        """Nothing to do: the view is drawn several times a second anyway."""

    def render(self) -> RenderableType:
        return drawn(self._view, time.monotonic() - self._began)


def drawn(view: RunView, seconds: float) -> RenderableType:
    """Return the view after ``seconds`` of watching: a title, a line for each task, how many are left out."""
    lines = list(view.lines.values())
    if len(lines) > MAX_LINES:
        lines = sorted(lines, key=lambda line: _URGENCY.index(line.state))[:MAX_LINES]
    names = min(max((len(line.task.name) for line in lines), default=0), MAX_NAME_WIDTH)
    grid = Table(box=None, pad_edge=False, show_header=False, expand=True)
    for width in (1, names, max(map(len, TaskState))):
        grid.add_column(no_wrap=True, min_width=width, max_width=width)
    grid.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
    for line in lines:
        attempt = f" (attempt {line.attempt})" if line.attempt > 1 else ""
        mark: RenderableType = _SPINNER if line.state is TaskState.EXECUTING else Text(_MARKS.get(line.state, "·"))
        state = Text(line.state, style=_STYLES[line.state])
        grid.add_row(mark, Text(line.task.name), state, Text(view.reason(line) + attempt, style="dim"))
    hidden = len(view.lines) - len(lines)
    left_out = [Text(f"… and {hidden} more tasks", style="dim")] if hidden else []
    return Group(_title(view, seconds), grid, *left_out)


def _title(view: RunView, seconds: float) -> Text:
    title = Text(view.experiment.name if view.experiment else "…", style="bold")
    title.append(f"  {view.state or ''}", style="green" if view.state is ExperimentState.COMPLETED else "cyan")
    if view.phase is not None and view.state is ExperimentState.EXECUTING:
        title.append(f"  {view.phase}", style="dim")
    title.append(f"  {seconds:.0f} s", style="dim")
    return title


_SPINNER: Final = Spinner("dots")
