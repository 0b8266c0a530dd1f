"""Events as bytes of a Server-Sent Events stream, serialised once for all who read them. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from operator import attrgetter

import orjson

from api_server.registry.repositories.feed import FeedRow
from api_server.registry.repositories.feed_cursor import Cursor, Position

_OPTIONS = orjson.OPT_UTC_Z


class ResyncReason(StrEnum):
    """Why a client must start over from a new snapshot."""

    TOO_OLD = "too-old"
    OVERFLOW = "overflow"


_SENTENCES = {
    ResyncReason.TOO_OLD: "The registry can't replay from there: connect again without Last-Event-ID.",
    ResyncReason.OVERFLOW: "This client reads slower than events happen: connect again without Last-Event-ID.",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, ready to be written but for its cursor."""

    position: Position
    gateway_id: str
    experiment_id: str
    body: bytes

    @classmethod
    def of(cls, row: FeedRow) -> "Frame":
        """Serialise a row; its JSON columns are put in as they are."""
        data = {
            "seq": row.seq,
            "kind": row.kind,
            "at": row.at,
            "actor": row.actor,
            "experiment_id": row.experiment_id,
            "process_id": row.process_id,
            "process_number": row.process_number,
            "task_id": row.task_id,
            "attempt": row.attempt,
            "changes": orjson.Fragment(row.changes),
            "payload": orjson.Fragment(row.payload),
        }
        body = b"event: change\ndata: " + orjson.dumps(data, option=_OPTIONS) + b"\n\n"
        return cls(row.position, row.gateway_id, row.experiment_id, body)

    def with_cursor(self, cursor: Cursor | Position) -> bytes:
        """Return the bytes to write, with ``cursor`` as the event's id."""
        return b"id: %b\n%b" % (str(cursor).encode(), self.body)


@dataclass(frozen=True)
class Batch:
    """Events of one gateway in the feed's order; never empty."""

    frames: Sequence[Frame]

    @cached_property
    def size(self) -> int:
        """How many bytes it is about."""
        return sum(len(frame.body) for frame in self.frames)

    @cached_property
    def joined(self) -> bytes:
        """All of it in one piece, shared by all who follow the whole gateway."""
        return b"".join([frame.with_cursor(frame.position) for frame in self.frames])

    def only(self, experiment_ids: frozenset[str]) -> "Batch | None":
        """Return the part about these experiments; None when there is none."""
        kept = [frame for frame in self.frames if frame.experiment_id in experiment_ids]
        return Batch(kept) if kept else None


def batches_by_gateway(frames: Iterable[Frame]) -> dict[str, Batch]:
    """Divide frames among the gateways, keeping their order."""
    ordered = sorted(frames, key=attrgetter("gateway_id"))
    return {gateway_id: Batch(list(found)) for gateway_id, found in groupby(ordered, attrgetter("gateway_id"))}


def snapshot(cursor: Cursor, content: dict[str, object]) -> bytes:
    """Return the first event of a stream: the state as of ``cursor``."""
    data = orjson.dumps({"cursor": str(cursor), **content}, option=_OPTIONS)
    return b"id: %b\nevent: snapshot\ndata: %b\n\n" % (str(cursor).encode(), data)


def lane(news: str) -> bytes:
    """Return the event that a lane was paused or resumed; without an id, since it has no place in the feed."""
    return b"event: lane\ndata: %b\n\n" % news.encode()


def resync(reason: ResyncReason) -> bytes:
    """Return the last event of a stream that can't go on; the empty id makes browsers forget their cursor."""
    data = orjson.dumps({"reason": reason, "sentence": _SENTENCES[reason]})
    return b"id:\nevent: resync\ndata: %b\n\n" % data
