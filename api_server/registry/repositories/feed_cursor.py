"""Where a reader of the feed stands, as values: no I/O.

The feed's order is (transaction id, event id), read only below the oldest transaction still in progress. A snapshot of
the registry may already show events beyond that line (their transaction was committed while an older one was still
running); the reader's cursor therefore carries, until it has passed them, which transactions the snapshot had seen.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_TEXT: Final = re.compile(r"(\d{1,20})-(\d{1,19})(?:@(\d{1,20}):(\d{1,20}):((?:\d{1,20}(?:,\d{1,20})*)?))?")
_MAX_XID: Final = (1 << 64) - 1
_MAX_ID: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the feed's order: at the event ``id`` of transaction ``txid``; id 0 is before its first event."""

    txid: int
    id: int

    def __str__(self) -> str:
        return f"{self.txid}-{self.id}"


@dataclass(frozen=True)
class View:
    """Which transactions a snapshot of the registry saw, as ``pg_current_snapshot`` says."""

    xmin: int
    xmax: int
    in_progress: frozenset[int]

    @classmethod
    def of(cls, text: str) -> "View":
        """Read PostgreSQL's ``xmin:xmax:xip,xip``."""
        xmin, xmax, listed = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(xid) for xid in listed.split(",") if xid))

    def sees(self, txid: int) -> bool:
        """Tell whether the snapshot showed what transaction ``txid`` had written."""
        return txid < self.xmax and txid not in self.in_progress

    @cached_property
    def text(self) -> str:
        """PostgreSQL's notation."""
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.in_progress)))}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """All at or before ``position`` was delivered, and all that ``view`` saw."""

    position: Position
    view: View | None = None

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Read what a client sent back; None when no cursor of ours looks like that."""
        found = _TEXT.fullmatch(text)
        if found is None:
            return None
        txid, event_id, xmin, xmax, listed = found.groups()
        view = None if xmin is None else View.of(f"{xmin}:{xmax}:{listed}")
        numbers = (int(txid), *((view.xmin, view.xmax, *view.in_progress) if view else ()))
        if max(numbers) > _MAX_XID or int(event_id) > _MAX_ID:
            return None
        return cls(Position(int(txid), int(event_id)), view)

    @classmethod
    def at_snapshot(cls, view: View) -> "Cursor":
        """Return the cursor of somebody who was just shown the snapshot ``view``."""
        return cls(Position(view.xmin, 0), view if view.xmax > view.xmin else None)

    def __str__(self) -> str:
        return f"{self.position}@{self.view.text}" if self.view else str(self.position)

    def lacks(self, position: Position) -> bool:
        """Tell whether the event at ``position`` is still to be delivered."""
        return position > self.position and not (self.view is not None and self.view.sees(position.txid))

    def moved_to(self, position: Position) -> "Cursor":
        """Return the cursor after delivering up to ``position``; the view is dropped once it is passed."""
        keep = self.view is not None and position.txid < self.view.xmax
        return Cursor(position, self.view if keep else None)
