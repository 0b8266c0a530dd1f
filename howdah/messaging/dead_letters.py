"""What is written when a message could not be handled: reason, group, original position, headers, the bytes."""

import base64
from datetime import UTC, datetime
from typing import Final

from howdah.contracts import topics
from howdah.contracts.codec import encode
from howdah.contracts.ids import EventId, derive_id
from howdah.contracts.messages import DeadLetter
from howdah.messaging.abstract import Outgoing, Record

_MAX_REASON: Final = 2_000
_MAX_KEY_BYTES: Final = 10_000
_MAX_HEADERS: Final = 20
_MAX_HEADER_CHARS: Final = 500
_TOO_LARGE: Final = " (the original is too large to be carried; it stands at its position until retention takes it)"


def dead_letter(record: Record, reason: str, group: str, at: datetime) -> Outgoing:
    """Return the dead letter of ``record``. Its id derives from the position: written twice, stored once."""
    reason = _printable(reason)[:_MAX_REASON]
    carried = len(record.value or b"") <= DeadLetter.MAX_ORIGINAL_BYTES and len(record.key or b"") <= _MAX_KEY_BYTES
    if carried:
        try:
            return _letter(record, reason, group, at)
        except ValueError:  # the headers make it larger than a message may be
            pass
    bare = Record(record.topic, record.partition, record.offset, None, None, (), record.timestamp_ms)
    return _letter(bare, reason[: _MAX_REASON - len(_TOO_LARGE)] + _TOO_LARGE, group, at)


def _letter(record: Record, reason: str, group: str, at: datetime) -> Outgoing:
    letter = DeadLetter(
        at=at,
        dead_letter_id=EventId(derive_id("dead-letter", record.topic, record.partition, record.offset)),
        reason=reason,
        group=group,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        original_at=datetime.fromtimestamp(record.timestamp_ms / 1_000, UTC) if record.timestamp_ms >= 0 else None,
        key_base64=_text(record.key),
        value_base64=_text(record.value),
        headers=_headers(record),
    )
    return Outgoing(topics.DEAD_LETTERS.name, encode(letter), key=record.key)


def _text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _headers(record: Record) -> dict[str, str]:
    """Return the headers as text: those that are UTF-8 as they are, others in base64 with the prefix ``base64:``."""
    found = {}
    for name, content in record.headers[:_MAX_HEADERS]:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = "base64:" + base64.b64encode(content).decode()
        found[_printable(name)[:_MAX_HEADER_CHARS]] = text[:_MAX_HEADER_CHARS]
    return found
