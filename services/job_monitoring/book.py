"""The jobs that fall to this replica, as the table tells them and as the monitor knows better. No I/O.

The table's rows are written by several hands: job-submission's handler, this service's handler on any replica, the
monitor that owns the partition. Rows of the handlers have revision 0 and say who awaits the job; those of the monitor
have a greater one and say how the job is. ``merged`` takes from each what it knows best, in whatever order they come.
"""

import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from howdah.contracts.ids import CredentialId, ProcessId, ResourceId
from howdah.contracts.records import JobRecord
from howdah.contracts.resources import ResourceTarget

_EVERY_FIELD = set(JobRecord.model_fields)


class Group(NamedTuple):
    """The jobs that one status query covers."""

    resource_id: ResourceId
    account: str
    credential_id: CredentialId | None


def group_of(record: JobRecord) -> Group:
    """Return the group that the record belongs to."""
    target = record.target
    return Group(target.resource_id, target.account, target.credential_id)


def merged(known: JobRecord, incoming: JobRecord) -> JobRecord:
    """Return what both together say: who awaits the job from the later attempt, how it is from the later revision."""
    awaiting = incoming if (incoming.monitoring_attempt or 0) >= (known.monitoring_attempt or 0) else known
    later = incoming if incoming.revision > known.revision else known
    return awaiting.model_copy(
        update={
            "attempt": max(known.attempt, incoming.attempt),
            "native_id": later.native_id,
            "state": later.state,
            "missing_since": later.missing_since,
            "revision": later.revision,
            "cancel_since": later.cancel_since,
            "reaping": later.reaping,
        }
    )


@dataclass(slots=True)
class _Entry:
    record: JobRecord
    group: Group
    ended: bool = False
    """The terminal event was told and the tombstone written; the entry waits for its echo."""
    tombstones: int = 0
    """Our tombstones that have not come back yet."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row of the table means for the monitor."""

    look: Group | None = None
    """Ask about this group soon."""
    rewrite: JobRecord | None = None
    """Write this row: what stands in the table knows less than we do."""


@dataclass
class JobBook:
    """Thread-safe: the table's thread brings rows, the monitor's threads look and write."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _targets: dict[str, ResourceTarget] = field(default_factory=dict)
    """Each target once, though 100,000 records may bear it."""

    def __len__(self) -> int:
        return len(self._entries)

    def take_in(self, incoming: JobRecord) -> Taken:
        """Take in a row that was read."""
        with self._lock:
            incoming = self._sharing(incoming)
            entry = self._entries.get(incoming.key())
            if entry is None:
                self._entries[incoming.key()] = _Entry(incoming, group_of(incoming))
                return Taken(look=group_of(incoming))
            if entry.ended:
                return self._revived(entry, incoming)
            awaited_before = entry.record.monitoring_attempt
            entry.record = merged(entry.record, incoming)
            entry.group = group_of(entry.record)
            look = None if entry.record.monitoring_attempt == awaited_before else group_of(entry.record)
            if incoming.revision > 0 or _same(entry.record, incoming):
                return Taken(look=look)
            entry.record = entry.record.model_copy(update={"revision": entry.record.revision + 1})
            return Taken(look=look, rewrite=entry.record)

    def _revived(self, entry: _Entry, incoming: JobRecord) -> Taken:
        """A later attempt wants to hear of a job that we had closed: its row comes after our tombstone."""
        if (incoming.monitoring_attempt or 0) <= (entry.record.monitoring_attempt or 0):
            return Taken()
        entry.record = incoming.model_copy(update={"revision": entry.record.revision + 1})
        entry.ended = False
        entry.group = group_of(incoming)
        return Taken(look=entry.group, rewrite=entry.record)

    def _sharing(self, record: JobRecord) -> JobRecord:
        """Return the record with what many have alike held once: the target, and which fields are set."""
        target = self._targets.setdefault(record.target.model_dump_json(), record.target)
        return JobRecord.model_construct(_EVERY_FIELD, **{**dict(record), "target": target})

    def removed(self, key: str) -> None:
        """Take in a tombstone that was read: an echo of ours, or another replica's."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return
            entry.tombstones -= 1
            if entry.tombstones < 0 or (entry.ended and entry.tombstones == 0):
                del self._entries[key]

    def moved_away(self, key: str) -> None:
        """Forget a row that falls to another replica now."""
        with self._lock:
            self._entries.pop(key, None)

    def of(self, group: Group) -> list[JobRecord]:
        """Return the live jobs of the group."""
        with self._lock:
            return [entry.record for entry in self._entries.values() if not entry.ended and entry.group == group]

    def live(self) -> list[JobRecord]:
        """Return all live jobs."""
        with self._lock:
            return [entry.record for entry in self._entries.values() if not entry.ended]

    def groups_of(self, process_id: ProcessId) -> set[Group]:
        """Return the groups that the process has live jobs in."""
        return {group_of(record) for record in self.live() if record.process_id == process_id}

    def change(self, before: JobRecord, after: JobRecord) -> bool:
        """Put ``after`` in the place of ``before``; False, changing nothing, when a row came in meanwhile."""
        with self._lock:
            entry = self._entries.get(before.key())
            if entry is None or entry.record is not before:
                return False
            entry.record = after
            return True

    def end(self, record: JobRecord) -> bool:
        """Close the job, whose tombstone is written next; False when a row came in meanwhile."""
        with self._lock:
            entry = self._entries.get(record.key())
            if entry is None or entry.record is not record:
                return False
            entry.ended = True
            entry.tombstones += 1
            return True


def _same(one: JobRecord, other: JobRecord) -> bool:
    unimportant = {"at", "trace"}
    return one.model_dump(exclude=unimportant) == other.model_dump(exclude=unimportant)
