"""Tasks that wait for a resource which is away: parked, released, given up. Pure, as all decisions.

A parked task stands in RETRY_WAIT with the account it waits for; its due moment is the end of its patience. It uses no
attempt, no thread and no partition. While a process has one, it is BLOCKED.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from api_server.dag import pausing, windows
from api_server.dag.decisions import Blocked, Outcome, TaskStatus
from howdah.contracts.failures import MEANINGS, Failure, FailureKind
from howdah.contracts.ids import TaskId
from howdah.contracts.messages import TaskReleased
from howdah.contracts.params import JOB_MONITORING
from howdah.contracts.requests import GiveUpRequested
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.standings import CircuitState, ResourceStanding
from howdah.contracts.states import ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft

OUTAGE: Final = "outage"
"""The operation that a failure names when the patience with a resource that is away has ended."""


def is_withheld(draft: "Draft", spec: TaskSpec) -> bool:
    """Tell whether a command of the task would only run into a resource that is known to be away.

    Never so for what does not connect itself (monitoring), for what ends a job (a canceled process's commands), and
    where the resource says that nobody waits for it.
    """
    target = draft.target(spec)
    if target is None or draft.canceling or spec.type == JOB_MONITORING or not target.outage_seconds:
        return False
    standing = draft.standings(target)
    return standing is not None and standing.circuit is CircuitState.OPEN


def absorbs(draft: "Draft", spec: TaskSpec, kind: FailureKind) -> bool:
    """Tell whether a failed attempt belongs to an outage that is known, and is waited out."""
    return MEANINGS[kind].counts_against_resource and is_withheld(draft, spec)


def park(draft: "Draft", spec: TaskSpec, attempt: int) -> None:
    """Let the task wait for its resource in the place of publishing ``attempt``; fail it when its patience is over."""
    target, status = draft.target(spec), draft.status(spec.task_id)
    if target is None:
        return
    since = status.outage_since or draft.now
    gives_up_at = since + timedelta(seconds=target.outage_seconds)
    standing = draft.standings(target)
    if gives_up_at <= draft.now or _was_given_up(draft, spec):
        draft.fail_task(spec.task_id, _exhausted(draft, spec, "nobody waits for it any longer"))
        return
    again = status.attempt in {0, attempt}
    draft.set_task(
        spec.task_id,
        TaskState.RETRY_WAIT,
        attempt=max(status.attempt, 1),
        deferred=again,
        due_at=gives_up_at,
        parked=target.account,
        outage_since=since,
    )
    if again and status.publications:
        draft.note(spec.task_id, attempt, state=TaskState.RETRY_WAIT)
    draft.decisions.blocked = _blocked(target, standing, gives_up_at)


def release(draft: "Draft", event: TaskReleased) -> None:
    """Publish what waited. After an outage that was confirmed, the attempt that ran into it does not count."""
    spec, status = draft.run.dag.by_id[event.task_id], draft.status(event.task_id)
    if status.parked is None:
        draft.ignore(Outcome.RECORDED, "the task waits for no resource")
        return
    failed = None if status.deferred else status.failure
    excused = status.excused
    if failed is not None:
        excused += event.confirmed and MEANINGS[failed.kind].counts_against_resource
        if spec.retry.next_delay_seconds(failed.kind, status.attempt - excused, 0.0) is None:
            draft.fail_task(spec.task_id, failed)
            return
    again = draft.decisions.tasks[spec.task_id] = status._replace(parked=None, excused=excused)
    windows.note(draft, spec, status, again)
    if pausing.holds_back(draft, spec):
        pausing.keep_due(draft, spec.task_id, deferred=status.deferred)
    else:
        draft.publish(spec.task_id, status.attempt + (not status.deferred), released=True)


def expire(draft: "Draft", spec: TaskSpec) -> None:
    """End the wait of a task whose patience has ended."""
    draft.fail_task(spec.task_id, _exhausted(draft, spec, "its patience has ended"))


def give_up(draft: "Draft", event: GiveUpRequested) -> None:
    """Fail what is blocked, at a person's word."""
    wanted = draft.run.parked if event.task_id is None else draft.run.parked & {event.task_id}
    if not wanted or draft.canceling:
        draft.ignore(Outcome.RECORDED, "nothing of it waits for a resource")
        return
    words = f"{event.actor} gave it up" + (f" ({event.reason})" if event.reason else "")
    for spec in [spec for spec in draft.run.dag.tasks if spec.task_id in wanted]:
        draft.fail_task(spec.task_id, _exhausted(draft, spec, words))


def settle(draft: "Draft") -> None:
    """Make the process BLOCKED while something of it is parked, and let it go back to the phase that it had reached."""
    process = draft.process.state
    if is_terminal(process) or (not draft.run.parked and draft.decisions.blocked is None):
        return
    if any_parked(draft):
        if process not in _ASIDE:
            draft.set_process(ProcessState.BLOCKED)
    elif process is ProcessState.BLOCKED:
        draft.set_process(pausing.phase_reached(draft))


_ASIDE: Final = frozenset({ProcessState.BLOCKED, ProcessState.PAUSED, ProcessState.QUEUED, ProcessState.CANCELING})


def any_parked(draft: "Draft") -> bool:
    """Tell whether a task is parked, after what was decided so far."""
    changed = draft.decisions.tasks
    return any(status.parked for status in changed.values()) or any(
        task_id not in changed for task_id in draft.run.parked
    )


def is_wanted_no_more(status: TaskStatus, kind: FailureKind) -> bool:
    """Tell whether the failure of an attempt adds nothing, since the task waits for its resource already."""
    return status.parked is not None and MEANINGS[kind].retried


def _was_given_up(draft: "Draft", spec: TaskSpec) -> bool:
    """Whoever gave up on a resource does not wait for it again with the next task of the same run."""
    if draft.process.failure is None:
        return False
    return any(_gave_up(draft.status(other.task_id)) for other in draft.run.dag.tasks if _same_place(spec, other))


def _same_place(one: TaskSpec, other: TaskSpec) -> bool:
    return one.resource_id == other.resource_id and one.task_id != other.task_id


def _gave_up(status: TaskStatus) -> bool:
    return status.failure is not None and status.failure.operation == OUTAGE


def _blocked(target: ResourceTarget, standing: ResourceStanding | None, gives_up_at: datetime) -> Blocked:
    return Blocked(
        resource_id=target.resource_id,
        resource=target.name,
        account=target.account,
        since=standing.since if standing else None,
        cause=standing.cause if standing else None,
        next_probe_at=standing.next_probe_at if standing else None,
        gives_up_at=gives_up_at,
    )


def _exhausted(draft: "Draft", spec: TaskSpec, why: str) -> Failure:
    """Return the end of a wait as a failure: kind and sentence of the outage, and the history in the detail."""
    task_id: TaskId = spec.task_id
    status, target = draft.status(task_id), draft.target(spec)
    standing = draft.standings(target) if target else None
    cause = (standing.cause if standing else None) or status.failure
    where = target.name if target else "its resource"
    said = cause.sentence if cause else MEANINGS[FailureKind.TRANSIENT].sentence
    since = status.outage_since or draft.now
    waited = (draft.now - since).total_seconds()
    lines = [f"{where} has been waited for since {since:%Y-%m-%d %H:%M:%S} UTC ({waited:.0f} s)."]
    if standing is not None and standing.circuit is CircuitState.OPEN:
        lines.append(
            f"It has been away since {standing.since:%Y-%m-%d %H:%M:%S} UTC; {standing.failed_probes} probes failed."
        )
    if status.failure is not None:
        lines.append(f"Attempt {status.attempt}: {status.failure.kind}: {status.failure.sentence}")
    if cause is not None and cause is not status.failure:
        lines.append(f"Seen last: {cause.kind}: {cause.sentence}")
    return Failure.bounded(
        kind=cause.kind if cause else FailureKind.TRANSIENT,
        sentence=f"{spec.name} waited for {where}, which is away, until {why}: {said}",
        detail="\n".join(lines),
        host=cause.host if cause else None,
        operation=OUTAGE,
    )
