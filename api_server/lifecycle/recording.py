"""What a transaction writes about runs: gathered decision by decision, written with one statement a table.

Launching and orchestrating use the same: nobody else writes processes, tasks, attempts, jobs and their events.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from orjson import Fragment
from sqlalchemy.exc import IntegrityError

from api_server.dag.decisions import AttemptNote, CancellationNote, Decisions, JobStatus, TaskStatus
from api_server.dag.run import Run
from api_server.lifecycle import rows
from api_server.lifecycle.addressing import agent_of
from api_server.lifecycle.commands import Commands
from api_server.lifecycle.held import HeldRun, Occurrence
from api_server.lifecycle.rows import Row
from api_server.lifecycle.telling import timer_due, told
from api_server.registry.repositories import run_writes
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts import codec, topics
from howdah.contracts.ids import ExperimentId, TaskId
from howdah.contracts.messages import TimerDue
from howdah.contracts.records import Cancellation
from howdah.messaging.abstract import Outgoing
from howdah.runtime.tracing import child_of

_HISTORY_KEY: Final = "uq_event_experiment_id_seq"
_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED"})


class ConflictingWriteError(Exception):
    """Somebody else wrote one of the processes: nothing of this transaction may stay, it is to be done again."""


class Recording:
    """Gathers what was decided on any number of runs; ``write`` writes it all."""

    def __init__(self, commands: Commands, now: datetime) -> None:
        self._commands = commands
        self._now = now
        self._new: list[HeldRun] = []
        self._touched: dict[str, HeldRun] = {}
        self._tasks: dict[TaskId, tuple[Run, TaskStatus]] = {}
        self._added: list[Row] = []
        self._respecified: dict[TaskId, Row] = {}
        self._attempts: dict[tuple[TaskId, int], Row] = {}
        self._jobs: dict[tuple[TaskId, int], tuple[Run, JobStatus]] = {}
        self._asking: list[Row] = []
        self._events: list[Row] = []
        self._seqs: dict[ExperimentId, int] = {}
        """How far the history of an experiment goes, which all its runs write into."""
        self._messages: list[Outgoing] = []

    def begin(self, held: HeldRun, decisions: Decisions, occurrence: Occurrence) -> None:
        """Take in a run that this transaction launches: its process and tasks are new rows."""
        held.run.apply(decisions)
        self._new.append(held)
        self._take_in(held, decisions)
        self._keep(held, decisions, occurrence)

    def add(self, held: HeldRun, decisions: Decisions, occurrence: Occurrence) -> None:
        """Take in what was decided on a run that stands in the registry, and make it the run's present state."""
        held.run.apply(decisions)
        self._touched[held.run.identity.process_id] = held
        positions = range(len(held.run.dag.tasks) - len(decisions.added), len(held.run.dag.tasks))
        self._added += [
            rows.new_task_row(held, spec, position) for spec, position in zip(decisions.added, positions, strict=True)
        ]
        for task_id, spec in decisions.respecified.items():
            self._respecified[task_id] = {"id": task_id, "spec": Fragment(spec.model_dump_json())}
        for task_id, status in decisions.tasks.items():
            self._tasks[task_id] = (held.run, status)
        self._take_in(held, decisions)
        if decisions.cancellation is not None:
            self._messages += _cancellations(held.run, decisions.cancellation, occurrence, self._now)
        self._keep(held, decisions, occurrence)

    def _take_in(self, held: HeldRun, decisions: Decisions) -> None:
        run = held.run
        for note in decisions.attempts:
            self._note(note)
        for key, job in decisions.jobs.items():
            self._jobs[key] = (run, job)
        self._asking += [rows.admission_row(run, task_id) for task_id in decisions.asking]
        for publication in decisions.publications:
            self._messages.append(self._commands.message(run, publication, self._now))
        self._messages += [told(_due_now(run, task_id, self._now)) for task_id in decisions.timers]

    def _note(self, note: AttemptNote) -> None:
        row = self._attempts.setdefault(
            (note.task_id, note.attempt), {"task_id": note.task_id, "attempt": note.attempt}
        )
        state = row.get("state")
        row.update(note.known)
        if state in _ENDED:
            row["state"] = state
        if (failure := note.known.get("failure")) is not None:
            row["failure"] = rows.dumped(failure)

    def _keep(self, held: HeldRun, decisions: Decisions, occurrence: Occurrence) -> None:
        identity = held.run.identity
        held.last_seq = max(held.last_seq, self._seqs.get(identity.experiment_id, 0)) + 1
        self._seqs[identity.experiment_id] = held.last_seq
        held.applied.add(occurrence.event_id)
        self._events.append(
            {
                "event_id": occurrence.event_id,
                "gateway_id": identity.gateway_id,
                "experiment_id": identity.experiment_id,
                "seq": held.last_seq,
                "process_id": identity.process_id,
                "process_number": identity.number,
                "task_id": occurrence.task_id,
                "attempt": occurrence.attempt,
                "kind": occurrence.kind,
                "actor": occurrence.actor,
                "payload": rows.payload(occurrence, decisions.blocked),
                "changes": [rows.change_row(change) for change in decisions.changes],
                "at": occurrence.at,
            }
        )

    def write(self, work: UnitOfWork, before: Sequence[Row] = ()) -> None:
        """Write everything, in the history after ``before``; ConflictingWriteError when a process has changed."""
        script = work.script
        run_writes.lock_processes(script, list(self._touched))
        run_writes.insert_processes(script, [rows.process_row(held) for held in self._new])
        run_writes.insert_tasks(script, [row for held in self._new for row in rows.new_task_rows(held)])
        run_writes.insert_tasks(script, self._added)
        run_writes.respecify_tasks(script, list(self._respecified.values()))
        run_writes.update_tasks(
            script, [rows.task_row(task_id, status) for task_id, (_, status) in self._tasks.items()]
        )
        run_writes.publish_attempts(script, [row for row in self._attempts.values() if "command_id" in row])
        run_writes.update_attempts(script, [row for row in self._attempts.values() if "command_id" not in row])
        run_writes.upsert_jobs(script, [rows.job_row(run, job) for run, job in self._jobs.values()])
        run_writes.ask_for_admission(script, self._asking)
        touched = list(self._touched.values())
        run_writes.update_experiments(script, self._experiment_updates(touched))
        run_writes.insert_events(script, [*before, *self._events])
        work.enqueue(*self._messages)
        work.stage_outbox()
        run_writes.update_processes(script, [rows.process_update(held) for held in touched])
        try:
            written = work.send()
        except IntegrityError as error:
            if _HISTORY_KEY in str(error.orig):  # Another run of the same experiment has told something meanwhile.
                raise ConflictingWriteError from error
            raise
        if written != len(touched) and touched:
            raise ConflictingWriteError

    def _experiment_updates(self, touched: Sequence[HeldRun]) -> list[Row]:
        """Return a row for each experiment: of several runs, the latest says how the experiment stands."""
        updates: dict[ExperimentId, Row] = {}
        for held in sorted(touched, key=lambda held: held.run.identity.number):
            experiment_id = held.run.identity.experiment_id
            updates[experiment_id] = {**rows.experiment_update(held), "last_seq": self._seqs[experiment_id]}
        return list(updates.values())

    def committed(self) -> None:
        """The transaction was committed: the runs in memory are what the rows say."""
        for held in self._touched.values():
            held.version += 1
            held.last_seq = self._seqs[held.run.identity.experiment_id]


def _due_now(run: Run, task_id: TaskId, now: datetime) -> TimerDue:
    identity, status = run.identity, run.tasks[task_id]
    of_run = {name: getattr(identity, name) for name in ("gateway_id", "experiment_id", "process_id")}
    return timer_due(of_run, task_id, status.attempt, status.due_at or now, now)


def _cancellations(run: Run, note: CancellationNote, occurrence: Occurrence, now: datetime) -> list[Outgoing]:
    """Return the row of the cancellations for the services, and for each agent that works for the process."""
    identity = run.identity
    value = None
    if note is CancellationNote.ANNOUNCE:
        cancellation = Cancellation(
            at=now,
            trace=child_of(identity.trace),
            gateway_id=identity.gateway_id,
            experiment_id=identity.experiment_id,
            process_id=identity.process_id,
            reason=occurrence.reason,
        )
        value = codec.encode(cancellation)
    agents = [own for target in identity.targets.values() if (own := agent_of(target)) is not None]
    names = [topics.CANCELLATIONS.name, *(own.cancellations.name for own in agents)]
    return [Outgoing(topic=name, key=identity.process_id.encode(), value=value) for name in names]
