"""How one run stands, folded from the feed's news: each task with its state, and what it waits for and why. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from pydantic import JsonValue, ValidationError

from howdah.client import Change, News, Snapshot
from howdah.client.run_models import Event, Experiment, Task
from howdah.contracts.failures import Failure
from howdah.contracts.params import JOB_MONITORING
from howdah.contracts.states import ExperimentState, ProcessState, TaskState, is_terminal

MAX_NAMED: Final = 3
_NEEDS_DETAILS: Final = {TaskState.RETRY_WAIT, TaskState.FAILED}
"""States whose reason or due time only the task itself tells."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task as a person sees it."""

    task: Task
    state: TaskState
    attempt: int
    note: str = ""
    """Progress, the scheduler's word, or why it waits."""


@dataclass(slots=True)
class RunView:
    """Folds news into what is shown. ``stale`` says that the tasks should be read again from the API."""

    experiment: Experiment | None = None
    state: ExperimentState | None = None
    phase: ProcessState | None = None
    lines: dict[str, TaskLine] = field(default_factory=dict)
    stale: bool = False
    job_note: str = ""
    """The scheduler's word on the latest job."""

    def apply(self, news: News) -> list[str]:
        """Take the news in; return the ids of the tasks that it changed."""
        if isinstance(news, Snapshot):
            return self._begin(news)
        return self._change(news)

    def learn(self, tasks: Iterable[Task]) -> None:
        """Take the tasks as the API tells them; what the feed said of progress is kept."""
        for task in tasks:
            known = self.lines.get(task.id)
            note = known.note if known and known.state is task.state else _progress(task.step, task.fraction)
            self.lines[task.id] = TaskLine(task, task.state, task.attempt, note)
        self.stale = False

    def reason(self, line: TaskLine) -> str:
        """Return what the task does, or what it waits for and why."""
        failure = line.task.failure.sentence if line.task.failure else ""
        match line.state:
            case TaskState.CREATED:
                return _after(list(self._unfinished_before(line.task))) or "in line"
            case TaskState.SCHEDULED:
                return line.note or "waits for a worker"
            case TaskState.RETRY_WAIT:
                return line.task.next if line.task.blocked else _until_the_next(line.task, failure or line.note)
            case TaskState.FAILED:
                return failure or line.note
            case TaskState.EXECUTING:
                return (self.job_note if line.task.type == JOB_MONITORING else "") or line.note
            case _:
                return ""

    def _begin(self, snapshot: Snapshot) -> list[str]:
        self.experiment = next(iter(snapshot.experiments), None)
        self.state = self.experiment.state if self.experiment else None
        self.phase = snapshot.process.state if snapshot.process else None
        self.lines = {}
        self.job_note = _job_note(snapshot.jobs[0].model_dump(mode="json")) if snapshot.jobs else ""
        self.learn(snapshot.tasks)
        return list(self.lines)

    def _change(self, news: Change) -> list[str]:
        event = news.event
        self.state = news.experiment_state() or self.state
        changed = []
        for change in event.changes:
            if change.entity == "process":
                self.phase = ProcessState(change.after)
            if change.entity == "task":
                changed.append(change.id)
                self._moved(change.id, TaskState(change.after), event)
        if event.kind == "job-status-changed":
            self.job_note = _job_note(event.payload)
            changed += [one.task.id for one in self.lines.values() if one.task.type == JOB_MONITORING]
        line = self.lines.get(event.task_id or "")
        if line is not None and not is_terminal(line.state) and (note := _note(event)):
            self.lines[line.task.id] = replace(line, note=note)
            changed.append(line.task.id)
        return list(dict.fromkeys(changed))

    def _moved(self, task_id: str, state: TaskState, event: Event) -> None:
        line = self.lines.get(task_id)
        if line is None:
            self.stale = True
            return
        attempt = event.attempt if event.task_id == task_id and event.attempt else line.attempt
        failure = _failure(event) if event.task_id == task_id else None
        task = line.task.model_copy(update={"failure": failure or line.task.failure})
        self.lines[task_id] = TaskLine(task, state, max(attempt, line.attempt))
        self.stale |= state in _NEEDS_DETAILS

    def _unfinished_before(self, task: Task) -> Iterable[str]:
        for needed in task.depends_on:
            before = self.lines.get(needed)
            if before is not None and not is_terminal(before.state):
                yield before.task.name


def _until_the_next(task: Task, why: str) -> str:
    when = f"next attempt at {_clock(task.due_at)}" if task.due_at else "another attempt follows"
    return f"{when}: {why}".removesuffix(": ")


def _note(event: Event) -> str:
    payload = event.payload
    match event.kind:
        case "task-progressed":
            return _progress(payload.get("step"), payload.get("fraction"))
        case "job-status-changed":
            return _job_note(payload)
        case "task-deferred":
            return str(payload.get("reason", ""))
        case _:
            return ""


def _job_note(job: dict[str, JsonValue]) -> str:
    native = f"job {job['native_id']} " if job.get("native_id") else "job "
    reason = f": {job['reason']}" if job.get("reason") else ""
    return f"{native}{job.get('state', '')}{reason}"


def _after(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"after {', '.join(names[:MAX_NAMED])}{more}" if names else ""


def _progress(step: JsonValue, fraction: JsonValue) -> str:
    share = f" {fraction:.0%}" if isinstance(fraction, int | float) else ""
    return f"{step or ''}{share}".strip()


def _failure(event: Event) -> Failure | None:
    try:
        return Failure.model_validate(event.payload.get("failure"))
    except ValidationError:
        return None


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")
