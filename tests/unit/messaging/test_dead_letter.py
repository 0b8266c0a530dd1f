from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from howdah.contracts import topics
from howdah.contracts.codec import DEAD_LETTERS
from howdah.contracts.envelope import MAX_MESSAGE_BYTES
from howdah.messaging import Record
from howdah.messaging.dead_letters import dead_letter

AT = datetime(2026, 11, 22, tzinfo=UTC)


@given(
    st.binary(max_size=200) | st.none(),
    st.binary(max_size=200) | st.none(),
    st.text(max_size=5_000),
    st.lists(st.tuples(st.text(min_size=1, max_size=20), st.binary(max_size=50)), max_size=5),
)
def test_any_record_and_any_reason_make_a_readable_letter(
    key: bytes | None, value: bytes | None, reason: str, headers: list[tuple[str, bytes]]
) -> None:
    written = dead_letter(Record("t", 3, 7, key, value, tuple(headers), 1_000), reason, "group", AT)
    letter = DEAD_LETTERS.decode(written.value)
    assert written.topic == topics.DEAD_LETTERS.name
    assert (letter.topic, letter.partition, letter.offset) == ("t", 3, 7)
    assert written.key == key


def test_a_reason_with_half_a_character_is_written_all_the_same() -> None:
    written = dead_letter(Record("t", 0, 0, None, b"x"), "broken \ud800 text", "group", AT)
    assert DEAD_LETTERS.decode(written.value).reason.startswith("broken ")


def test_the_largest_record_makes_a_letter_that_fits() -> None:
    headers = tuple((f"{index}-" + "\x01" * 900, b"\x02" * 5_000) for index in range(100))
    for size in (0, 699_999, 700_001, 1_048_000):
        written = dead_letter(Record("t", 0, 0, b"k" * 9_999, b"v" * size, headers), "r" * 5_000, "group", AT)
        assert len(written.value or b"") <= MAX_MESSAGE_BYTES
        assert DEAD_LETTERS.decode(written.value).offset == 0


def test_told_twice_is_stored_once() -> None:
    first = DEAD_LETTERS.decode(dead_letter(Record("t", 1, 2, None, b"x"), "a", "g", AT).value)
    again = DEAD_LETTERS.decode(dead_letter(Record("t", 1, 2, None, b"x"), "b", "h", AT).value)
    other = DEAD_LETTERS.decode(dead_letter(Record("t", 1, 3, None, b"x"), "a", "g", AT).value)
    assert first.dead_letter_id == again.dead_letter_id != other.dead_letter_id
