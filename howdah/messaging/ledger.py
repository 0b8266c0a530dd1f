"""The acknowledgement ledger of one partition: which messages are finished, in a few bytes.

Pure: no I/O, no threads, no clock. The *watermark* (the lowest unfinished offset) is what is committed; this ledger's
text travels in the commit's metadata and names the unfinished offsets between the watermark and the *horizon* (the
offset after the highest finished one). Everything else below the horizon is finished.

Text: empty when nothing beyond the watermark is finished; else ``1r`` or ``1z`` (version 1; raw or deflated) and, in
URL-safe base64 without padding, unsigned LEB128 varints: horizon − watermark, then for each unfinished offset beyond
the watermark its distance from the one before, less one.

What a text that is not ours means is the reader's decision, so there are two errors. An *unknown version* was written
by a newer release: this process is outdated and must stop (``LedgerVersionError``). *Garbled* text was written by
another program; falling back to the watermark repeats finished work, which handlers bear, and loses none
(``GarbledLedgerError``).
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from howdah.messaging.abstract import MessagingError

MAX_METADATA_CHARS: Final = 4_096
"""What the broker takes (``offset.metadata.max.bytes``)."""
PAUSE_METADATA_CHARS: Final = 3_500
"""At this size no further message is delivered until some finish."""
_MEASURE_FROM: Final = 256
"""So few unfinished messages fit whatever their distances: 256 × 10 bytes of varint are below the pause."""
_MEASURE_EVERY: Final = 24
"""Deliveries between two measurements: 24 × 14 characters stay within what lies between pause and limit."""
_MAX_VARINT_BYTES: Final = 10
_MAX_RAW_BYTES: Final = 1 << 20


class GarbledLedgerError(MessagingError):
    """The committed metadata is not a ledger."""


class LedgerVersionError(MessagingError):
    """The committed metadata is a ledger of a version that this process does not know."""


@dataclass(frozen=True, slots=True)
class LedgerText:
    """What a ledger's text says: below ``horizon``, all but ``unfinished`` (ascending) is finished."""

    watermark: int
    horizon: int
    unfinished: tuple[int, ...]


def encode(watermark: int, horizon: int, beyond: Iterable[int]) -> str:
    """Return the text for the unfinished offsets ``beyond`` the watermark and below the horizon, ascending."""
    if horizon <= watermark:
        return ""
    raw = bytearray()
    _put(raw, horizon - watermark)
    previous = watermark
    for offset in beyond:
        _put(raw, offset - previous - 1)
        previous = offset
    packed = zlib.compress(raw, 6, wbits=-15)
    kind, body = ("1z", packed) if len(packed) < len(raw) else ("1r", bytes(raw))
    return kind + base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def decode(watermark: int, text: str) -> LedgerText:
    """Return what ``text``, committed with ``watermark``, says.

    Raises:
        LedgerVersionError: a ledger of another version.
        GarbledLedgerError: not a ledger at all.
    """
    if not text:
        return LedgerText(watermark, watermark, ())
    if text[:1] != "1" and text[:1].isdigit() and text[1:2].isalpha():
        raise LedgerVersionError(f"the ledger is of version {text[0]}; this process knows version 1: upgrade it")
    values = list(_varints(_unpacked(text)))
    if not values or values[0] == 0:
        raise GarbledLedgerError(f"the committed metadata {text[:40]!r} is no ledger: it has no span")
    horizon = watermark + values[0]
    unfinished = [watermark]
    for gap in values[1:]:
        unfinished.append(unfinished[-1] + gap + 1)
    if unfinished[-1] >= horizon:
        raise GarbledLedgerError(f"the committed metadata {text[:40]!r} is no ledger: an offset lies past its horizon")
    return LedgerText(watermark, horizon, tuple(unfinished))


def backlog(watermark: int, text: str, high: int) -> int:
    """Return the unfinished messages of a partition whose next offset is ``high``; of garbled text, all there are.

    Raises:
        LedgerVersionError: a ledger of another version: nobody here can tell.
    """
    try:
        said = decode(watermark, text)
    except GarbledLedgerError:
        said = LedgerText(watermark, watermark, ())
    return len(said.unfinished) + max(0, high - said.horizon)


def _unpacked(text: str) -> bytes:
    kind, body = text[:2], text[2:]
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        if kind == "1r":
            return packed
        if kind == "1z":
            inflater = zlib.decompressobj(wbits=-15)
            raw = inflater.decompress(packed, _MAX_RAW_BYTES)
            if inflater.eof and not inflater.unused_data:
                return raw
    except (binascii.Error, ValueError, zlib.error) as error:
        raise GarbledLedgerError(f"the committed metadata {text[:40]!r} is no ledger: {error}") from None
    raise GarbledLedgerError(f"the committed metadata {text[:40]!r} is no ledger")


def _put(raw: bytearray, value: int) -> None:
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    raw.append(value)


def _varints(raw: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in raw:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint has no continuation bit
            yield value
            value = shift = 0
        elif shift >= 7 * _MAX_VARINT_BYTES:
            raise GarbledLedgerError("the committed metadata is no ledger: a number is too long")
    if shift:
        raise GarbledLedgerError("the committed metadata is no ledger: it ends inside a number")


class Ledger:
    """Keeps account of one partition, from ``position`` (the first offset that will be delivered) on.

    Offsets are delivered in ascending order (with gaps where the log has some) and finished in any. Not thread-safe.
    """

    __slots__ = ("_due", "_horizon", "_in_hand", "_inherited", "_large", "_position", "_unfinished")

    def __init__(self, position: int) -> None:
        self._position = position
        self._horizon = position
        self._inherited = position
        self._unfinished: dict[int, None] = {}
        self._in_hand = 0
        self._large = False
        self._due = 0

    @classmethod
    def resume(cls, watermark: int, text: str) -> "Ledger":
        """Take over from the owner who committed ``watermark`` with ``text``; errors as in ``decode``."""
        said = decode(watermark, text)
        ledger = cls(watermark)
        ledger._horizon = ledger._inherited = said.horizon
        ledger._unfinished = dict.fromkeys(said.unfinished)
        return ledger

    @property
    def in_hand(self) -> int:
        """How many messages are delivered and not finished."""
        return self._in_hand

    @property
    def position(self) -> int:
        """The lowest offset that may still be delivered."""
        return self._position

    @property
    def watermark(self) -> int:
        """The lowest unfinished offset: what is to be committed."""
        return next(iter(self._unfinished), max(self._position, self._horizon))

    def beyond(self) -> tuple[int, int]:
        """Return how many offsets above the watermark are finished, and in how many stretches the unfinished lie."""
        watermark, stretches, unfinished, last = self.watermark, 0, 0, -1
        for offset in takewhile(lambda offset: offset < self._horizon, self._unfinished):
            unfinished += 1
            stretches += offset != last + 1
            last = offset
        return max(0, self._horizon - watermark) - unfinished, stretches

    def skip(self, offset: int) -> bool:
        """Tell whether a predecessor finished ``offset``."""
        return offset < self._inherited and offset not in self._unfinished

    def deliver(self, offset: int) -> None:
        """Note that ``offset`` is in somebody's hands; ValueError when it is not the next or was finished before."""
        if offset < self._position or self.skip(offset):
            raise ValueError(f"offset {offset} was delivered or finished before; the next is {self._position}")
        if self._position < self._inherited:
            self._drop_vanished(offset)
        self._unfinished[offset] = None
        self._position = offset + 1
        self._in_hand += 1
        self._due -= 1

    def _drop_vanished(self, offset: int) -> None:
        """Let go of what a predecessor left below ``offset`` and was not delivered: the log no longer has it."""
        gone = [left for left in takewhile(lambda left: left < offset, self._unfinished) if left >= self._position]
        for left in gone:
            del self._unfinished[left]

    def finish(self, offset: int) -> None:
        """Note that ``offset`` was handled; ValueError when it is not in hand."""
        if offset not in self._unfinished or offset >= self._position:
            raise ValueError(f"offset {offset} is not in hand")
        del self._unfinished[offset]
        self._in_hand -= 1
        self._horizon = max(self._horizon, offset + 1)
        if self._large:
            self._due = 0

    def full(self, window: int) -> bool:
        """Tell whether no further message may be delivered: the window is full, or the text grew too large.

        What a predecessor left unfinished is always delivered: it is in the text already.
        """
        if self._in_hand >= window:
            return True
        if self._position < self._inherited or len(self._unfinished) < _MEASURE_FROM:
            return False
        if self._due <= 0:
            self._due = _MEASURE_EVERY
            self._large = len(self._text(self._position)) >= PAUSE_METADATA_CHARS
        return self._large

    def encode(self) -> str:
        """Return the text to be committed together with the watermark."""
        return self._text(self._horizon)

    def _text(self, horizon: int) -> str:
        offsets = iter(self._unfinished)
        watermark = next(offsets, None)
        if watermark is None:
            return ""
        return encode(watermark, horizon, takewhile(lambda offset: offset < horizon, offsets))
