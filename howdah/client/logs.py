"""What jobs print, read while they run: bytes from an offset on, each fetched once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import httpx2

from howdah.client.connection import Connection
from howdah.client.errors import UnexpectedAnswerError

Stream = Literal["stdout", "stderr"]
PART_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LogPart:
    """Some bytes of a log."""

    content: bytes
    offset: int
    size_bytes: int
    """How many bytes the log is known to have."""
    complete: bool
    """Whether that is all there will be."""
    epoch: int
    """Another number than before: the job began its output anew."""

    @property
    def ends_here(self) -> bool:
        """Whether nothing comes after this part."""
        return self.complete and self.offset + len(self.content) >= self.size_bytes


def read_log(connection: Connection, task_id: str, stream: Stream, offset: int, wait_seconds: float) -> LogPart:
    """Return at most ``PART_BYTES`` from ``offset`` on; nothing when nothing came in ``wait_seconds``."""
    path = f"/tasks/{task_id}/logs/{stream}"
    response = connection.send("GET", path, params={"offset": offset, "limit": PART_BYTES, "wait": str(wait_seconds)})
    try:
        return _part(response)
    except (KeyError, ValueError):
        raise UnexpectedAnswerError(f"the answer from {response.request.url} is no part of a log") from None


def follow_log(connection: Connection, task_id: str, stream: Stream, *, wait_seconds: float = 20.0) -> Iterator[bytes]:
    """Yield the log's bytes as they come, until it is complete. A log that begins anew is yielded from there again."""
    offset, epoch = 0, None
    while True:
        part = read_log(connection, task_id, stream, offset, wait_seconds)
        if epoch is not None and part.epoch != epoch:
            offset, epoch = 0, part.epoch
            continue
        epoch = part.epoch
        if part.content:
            yield part.content
        if part.ends_here:
            return
        offset = part.offset + len(part.content) if part.content else offset


def _part(response: httpx2.Response) -> LogPart:
    headers = response.headers
    return LogPart(
        content=response.content,
        offset=int(headers["Howdah-Log-Offset"]),
        size_bytes=int(headers["Howdah-Log-Size"]),
        complete=headers["Howdah-Log-Complete"] == "true",
        epoch=int(headers["Howdah-Log-Epoch"]),
    )
