"""Small grammars of HTTP: ranges, cursors, ETags, file names, settings, keys of objects."""

import base64
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from api_server.http.download import content_disposition, parse_range
from api_server.http.page import decode_cursor, encode_cursor
from api_server.objects.keys import is_key, key_of
from api_server.objects.signatures import UrlSigner
from api_server.problems import BadRequestError, ForbiddenError, NotFoundError, RangeNotSatisfiableError
from api_server.registry.paging import Position
from api_server.settings import ApiSettings
from howdah.contracts.errors import ConfigurationError
from howdah.contracts.exchange import Access
from howdah.contracts.ids import new_id
from howdah.runtime.clock import SystemClock

KEY = base64.b64encode(os.urandom(32)).decode()


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("bytes=0-4", (0, 5)),
        ("bytes=5-", (5, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=2-99", (2, 10)),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=x-", None),
    ],
)
def test_ranges_are_read_as_the_rfc_says(header: str | None, span: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_beyond_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        parse_range(header, size)


@given(st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone comes beside
def test_a_cursor_comes_back_as_it_went(at: datetime) -> None:
    position = Position(at, new_id())
    text = encode_cursor(position)
    assert text is not None
    assert decode_cursor(text) == position


@given(st.one_of(st.text(max_size=60), st.binary(max_size=40).map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_garbage_is_no_cursor(text: str) -> None:
    with pytest.raises(BadRequestError):
        decode_cursor(text)


@given(st.text(min_size=1, max_size=80))
def test_any_file_name_makes_a_header_of_plain_characters(name: str) -> None:
    value = content_disposition(name.encode(errors="replace").decode())
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2


@pytest.mark.parametrize("key", ["a", "a/b.c", "uploads/0199/x~y+z=@,-", "a/.hidden"])
def test_plain_paths_are_keys(key: str) -> None:
    assert is_key(key)
    assert key_of(f"howdah://objects/{key}") == key


@pytest.mark.parametrize(
    "key", ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", ".a", "a b", "ä", "a\n", "a" * 1_001]
)
def test_what_might_leave_the_store_is_no_key(key: str) -> None:
    assert not is_key(key)
    with pytest.raises(NotFoundError):
        key_of(f"howdah://objects/{key}")


def test_a_signature_covers_key_access_and_expiry() -> None:
    signer = UrlSigner(os.urandom(32), "http://here", SystemClock())
    url, ends = signer.sign("a/b", Access.READ, 60)
    assert url.startswith("http://here/objects/a/b?")
    assert timedelta(seconds=55) < ends - datetime.now(UTC) <= timedelta(seconds=60)
    signature, expires = url.rpartition("=")[2], int(ends.timestamp())
    signer.check("a/b", Access.READ, expires, signature)
    for key, access, until, shown in (
        ("a/c", Access.READ, expires, signature),
        ("a/b", Access.WRITE, expires, signature),
        ("a/b", Access.READ, expires + 1, signature),
        ("a/b", Access.READ, expires, "ä" * 64),
    ):
        with pytest.raises(ForbiddenError):
            signer.check(key, access, until, shown)


def settings(**changes: object) -> ApiSettings:
    fields: dict[str, object] = {
        "database_url": "postgresql://u@h/d",
        "master_key": KEY,
        "capability_key": KEY,
        "object_store_url": "file:///objects",
    }
    return ApiSettings.load(**{**fields, **changes})


def test_settings_name_the_driver_and_hide_the_keys() -> None:
    loaded = settings(public_url="https://api.example.org/")
    assert loaded.database_url == "postgresql+psycopg2://u@h/d"
    assert loaded.public_url == "https://api.example.org"
    assert KEY not in repr(loaded)
    assert loaded.derived_key("a") != loaded.derived_key("b")
    assert loaded.master_key_bytes == (base64.b64decode(KEY),)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("master_key", SecretStr("c2hvcnQ="), "is that of 5"),
        ("master_key", SecretStr("!!!"), "no base64"),
        ("capability_key", "x" * 44, "HOWDAH_CAPABILITY_KEY"),
        ("database_url", "mysql://x", "must be a PostgreSQL URL"),
        ("object_store_url", "ftp://x", "HOWDAH_OBJECT_STORE_URL"),
        ("bind_port", 99_999, "HOWDAH_BIND_PORT"),
    ],
)
def test_a_wrong_setting_is_named_and_a_key_is_not_shown(field: str, value: object, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        settings(**{field: value})
    assert "c2hvcnQ=" not in str(caught.value)
