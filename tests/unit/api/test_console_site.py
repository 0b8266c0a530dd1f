"""The built console as a browser gets it: cached or asked for anew, compressed, under its policy, at deep links."""

import gzip
from pathlib import Path

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Scope

from api_server.console.site import ConsoleSite

PAGE, SCRIPT = b"<!doctype html><title>Howdah</title>", b"console.log('howdah');" * 50


@pytest.fixture
def site(tmp_path: Path) -> ConsoleSite:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets" / "app-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT, mtime=0))
    (tmp_path / "assets" / "app-1a2b.js.br").write_bytes(b"brotli")
    (tmp_path / ".built-from").write_text("secret")
    return ConsoleSite(tmp_path)


def ask(site: ConsoleSite, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    said: list[Message] = []
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    anyio.run(site, scope, receive, send)
    answer = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], answer, b"".join(message.get("body", b"") for message in said[1:])


def test_a_deep_link_gets_the_page_which_is_asked_for_anew(site: ConsoleSite) -> None:
    status, headers, body = ask(site, "/experiments/0190/whatever")
    assert (status, body) == (200, PAGE)
    assert headers["cache-control"] == "no-cache"
    assert headers["content-type"].startswith("text/html")


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(site: ConsoleSite) -> None:
    _, headers, _ = ask(site, "/")
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accepts", "coding", "body"),
    [
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("br;q=0, gzip", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("", None, SCRIPT),
        ("br;q=0", None, SCRIPT),
    ],
)
def test_a_hashed_file_is_kept_for_ever_in_the_best_coding_taken(
    site: ConsoleSite, accepts: str, coding: str | None, body: bytes
) -> None:
    status, headers, got = ask(site, "/assets/app-1a2b.js", accept_encoding=accepts)
    assert status == 200
    assert headers.get("content-encoding") == coding
    assert (gzip.decompress(got) if coding == "gzip" else got) == (SCRIPT if coding == "gzip" else body)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["vary"] == "Accept-Encoding"
    assert headers["content-type"].startswith("text/javascript")


def test_who_has_it_is_told_so_and_head_tells_the_size_alone(site: ConsoleSite) -> None:
    _, headers, _ = ask(site, "/")
    assert ask(site, "/", if_none_match=headers["etag"])[0] == 304
    assert ask(site, "/", if_none_match='"another"')[0] == 200
    status, told, body = ask(site, "/", "HEAD")
    assert (status, told["content-length"], body) == (200, str(len(PAGE)), b"")


@pytest.mark.parametrize(
    "path", ["/assets/gone-9f.js", "/api/v1/nothing", "/internal/x", "/objects/x", "/.built-from", "/../secret.txt"]
)
def test_what_is_not_there_is_never_a_page(site: ConsoleSite, path: str) -> None:
    with pytest.raises(HTTPException) as refused:
        ask(site, path)
    assert refused.value.status_code == 404


def test_nothing_is_taken(site: ConsoleSite) -> None:
    with pytest.raises(HTTPException) as refused:
        ask(site, "/experiments", "POST")
    assert refused.value.status_code == 405


def test_without_a_build_it_says_what_to_do(tmp_path: Path) -> None:
    status, _, body = ask(ConsoleSite(tmp_path), "/experiments")
    assert status == 404
    assert b"make console" in body
