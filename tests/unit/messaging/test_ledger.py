import base64
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from howdah.messaging import ledger
from howdah.messaging.ledger import GarbledLedgerError, Ledger, LedgerVersionError

offsets = st.integers(min_value=0, max_value=2**50)


@given(offsets, st.sets(st.integers(min_value=1, max_value=10**6), max_size=300), st.integers(1, 10**6))
def test_what_is_encoded_is_decoded(watermark: int, distances: set[int], beyond: int) -> None:
    unfinished = sorted(watermark + distance for distance in distances)
    horizon = (unfinished[-1] if unfinished else watermark) + beyond
    said = ledger.decode(watermark, ledger.encode(watermark, horizon, unfinished))
    assert said == ledger.LedgerText(watermark, horizon, (watermark, *unfinished))


@given(offsets, st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: "1r" + base64.b64encode(raw).decode()))
def test_whatever_stands_in_the_metadata_is_understood_or_refused_in_words(watermark: int, text: str) -> None:
    try:
        said = ledger.decode(watermark, text)
    except (GarbledLedgerError, LedgerVersionError):
        return  # the words are checked below
    else:
        assert said.watermark == watermark
        assert list(said.unfinished) == sorted(set(said.unfinished))
        assert all(watermark <= offset < said.horizon for offset in said.unfinished)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("2rAAAA", LedgerVersionError),
        ("9z", LedgerVersionError),
        ("1r", GarbledLedgerError),
        ("1rAA", GarbledLedgerError),
        ("1r!!!", GarbledLedgerError),
        ("1r" + base64.urlsafe_b64encode(b"\x05\x09").decode(), GarbledLedgerError),
        ("1r" + base64.urlsafe_b64encode(b"\xff" * 30).decode(), GarbledLedgerError),
        ("1r" + base64.urlsafe_b64encode(b"\x80").decode(), GarbledLedgerError),
        ("1z" + base64.urlsafe_b64encode(b"no deflate").decode(), GarbledLedgerError),
        ("1z" + base64.urlsafe_b64encode(zlib.compress(b"\x01" * 2_000_000, wbits=-15)).decode(), GarbledLedgerError),
        ("4711", GarbledLedgerError),
        ("NO_METADATA", GarbledLedgerError),
    ],
)
def test_a_text_that_is_no_ledger_of_ours_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="ledger"):
        ledger.decode(100, text)


def test_the_backlog_counts_the_unfinished_and_what_lies_beyond() -> None:
    assert ledger.backlog(5, "", 9) == 4
    assert ledger.backlog(5, ledger.encode(5, 100, [7, 50]), 110) == 3 + 10
    assert ledger.backlog(5, "somebody else's words", 9) == 4


def test_the_sizes_that_the_design_promises() -> None:
    assert len(ledger.encode(0, 10**8, [])) <= 16
    chance = random.Random(7)  # noqa: S311 - the same numbers every time
    for span, limit in ((10**6, 2_450), (10**4, 1_500)):
        unfinished = sorted(chance.sample(range(1, span), 999))
        assert len(ledger.encode(0, span, unfinished)) <= limit


def test_a_partition_that_is_full_stays_within_what_the_broker_takes() -> None:
    chance = random.Random(11)  # noqa: S311 - the same numbers every time
    book, offset, paused = Ledger(0), 0, False
    for _ in range(40_000):
        if book.full(10**9):
            paused = True
            break
        book.deliver(offset)
        if chance.random() > 0.05:
            book.finish(offset)
        offset += chance.randrange(1, 5_000)
    assert paused
    book.deliver(offset)
    book.finish(offset)
    assert ledger.PAUSE_METADATA_CHARS - 100 <= len(book.encode()) <= ledger.MAX_METADATA_CHARS
    book.finish(book.watermark)
    for _ in range(200):
        book.finish(book.watermark)
    assert not book.full(10**9), "when some have finished it goes on"


def test_the_window_counts_the_unfinished_and_not_the_span() -> None:
    book = Ledger(0)
    book.deliver(0)
    for offset in range(1, 10_000):
        assert not book.full(2)
        book.deliver(offset)
        assert book.full(2)
        book.finish(offset)
    assert (book.watermark, book.in_hand) == (0, 1)


def test_what_a_predecessor_left_is_delivered_however_long_its_ledger_is() -> None:
    left = [index * 20_000 for index in range(1, 900)]
    text = ledger.encode(0, 900 * 20_000, left)
    book = Ledger.resume(0, text)
    for offset in (0, *left):
        assert not book.full(1_000)
        book.deliver(offset)
        book.finish(offset)
    assert book.watermark == 900 * 20_000
    assert book.encode() == ""


def test_a_record_that_no_longer_exists_does_not_hold_the_watermark() -> None:
    book = Ledger.resume(10, ledger.encode(10, 20, [12, 15]))
    book.deliver(12)
    book.finish(12)
    book.deliver(21)
    book.finish(21)
    assert book.watermark == 22
    assert book.encode() == ""


@pytest.mark.parametrize("offset", [3, 4])
def test_nothing_is_delivered_twice_or_finished_unseen(offset: int) -> None:
    book = Ledger(4)
    with pytest.raises(ValueError, match="is not in hand"):
        book.finish(offset)
    book.deliver(4)
    with pytest.raises(ValueError, match="delivered or finished before"):
        book.deliver(offset)
    book.finish(4)
    with pytest.raises(ValueError, match="is not in hand"):
        book.finish(4)


class Takeovers(RuleBasedStateMachine):
    """Owners come and go, with and without a last commit; the model is the set of truly finished offsets."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(0)
        self.next = 0
        self.in_hand: set[int] = set()
        self.finished: set[int] = set()
        self.committed: tuple[int, str, frozenset[int]] = (0, "", frozenset())
        self.existing: set[int] = set()

    @rule(gap=st.integers(0, 3), skips=st.booleans())
    def deliver(self, gap: int, skips: bool) -> None:
        offset = self.next
        if offset > max(self.existing, default=-1):
            offset += gap if skips else 0
            self.existing.add(offset)
        while offset not in self.existing:
            offset += 1
        self.next = offset + 1
        if self.ledger.skip(offset):
            assert offset in self.committed[2], "only what was acknowledged is skipped"
        else:
            assert offset not in self.committed[2], "what was acknowledged is not delivered again"
            self.ledger.deliver(offset)
            self.in_hand.add(offset)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(sorted(self.in_hand)))
        self.in_hand.remove(offset)
        self.finished.add(offset)
        self.ledger.finish(offset)

    @rule()
    def commit(self) -> None:
        self.committed = (self.ledger.watermark, self.ledger.encode(), frozenset(self.finished))

    @rule()
    def crash(self) -> None:
        watermark, text, finished = self.committed
        self.ledger = Ledger.resume(watermark, text)
        self.finished = set(finished)
        self.in_hand.clear()
        self.next = watermark

    @invariant()
    def the_watermark_is_the_lowest_unfinished(self) -> None:
        watermark = self.ledger.watermark
        assert all(offset in self.finished for offset in self.existing if offset < watermark)
        assert watermark not in self.finished

    @invariant()
    def the_text_names_exactly_the_unfinished(self) -> None:
        said = ledger.decode(self.ledger.watermark, self.ledger.encode())
        open_ = set(said.unfinished)
        for offset in self.existing:
            if offset < said.horizon:
                assert (offset in open_) == (offset not in self.finished)
            else:
                assert offset not in self.finished
        assert self.ledger.in_hand == len(self.in_hand)


TestTakeovers = Takeovers.TestCase
TestTakeovers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_ledger_tells_what_is_finished_beyond_its_watermark_and_in_how_many_stretches_the_rest_lies() -> None:
    ledger = Ledger(10)
    assert ledger.beyond() == (0, 0)
    for offset in range(10, 20):
        ledger.deliver(offset)
    assert ledger.beyond() == (0, 0)
    for offset in (12, 13, 17):
        ledger.finish(offset)
    assert ledger.beyond() == (3, 2), "10, 11 and 14 to 16 are open below 18"
    for offset in (10, 11):
        ledger.finish(offset)
    assert ledger.beyond() == (1, 1)
