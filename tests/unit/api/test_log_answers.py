"""Which bytes of a log are asked for, and which version of it a Range may be of."""

import pytest

from api_server.experiments.live_files import Seen, Wanted
from api_server.experiments.log_answers import MAX_BYTES, range_holds, read_request
from api_server.problems import BadRequestError

FILE = "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", Wanted(0, MAX_BYTES)),
        ("bytes=10-19", Wanted(10, 10)),
        ("bytes=5-99999999999", Wanted(5, MAX_BYTES)),
        ("bytes=-100", Wanted(-100, 100)),
        ("bytes=-99999999999", Wanted(-99_999_999_999, MAX_BYTES)),
    ],
)
def test_a_range_is_read_and_bounded(header: str, expected: Wanted) -> None:
    asked = read_request({"range": header}, None, None)
    assert (asked.wanted, asked.by_range) == (expected, header)


def test_what_is_no_range_asks_for_the_whole() -> None:
    for headers in ({}, {"range": "lines=1-2"}, {"range": "bytes=5-1"}):
        asked = read_request(headers, None, None)
        assert (asked.by_range, asked.by_offset, asked.wanted.start) == (None, False, 0)


def test_one_way_of_asking_at_a_time() -> None:
    assert read_request({}, 7, None).wanted.start == 7
    with pytest.raises(BadRequestError):
        read_request({"range": "bytes=0-"}, 0, None)


def test_a_log_that_grew_still_begins_with_what_was_read() -> None:
    seen = Seen(FILE, 2, 100, 0, b"", final=False, asked=False, failure=None)
    tag = '"a-digest"'
    assert range_holds(None, tag, seen)
    assert range_holds(tag, tag, seen)
    assert range_holds(f'"{FILE}.2.40"', tag, seen)
    assert not range_holds(f'"{FILE}.1.40"', tag, seen)
    assert not range_holds(f'"{FILE}.2.101"', tag, seen)
    assert not range_holds('"another"', tag, seen)
