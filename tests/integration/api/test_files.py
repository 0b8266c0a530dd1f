"""Files go in and come out unchanged; signed URLs open exactly one object, one way, for a while."""

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from api_server.auth.principal import Role
from howdah.contracts.exchange import Access
from tests.integration.api.conftest import MAX_UPLOAD, Api, Tenant

pytestmark = pytest.mark.integration
CONTENT = os.urandom(1_500_000) + b"\r\n--boundary\r\n"


def upload(
    client: httpx2.Client, name: str = "in put.dat", content: bytes = CONTENT, key: str | None = None
) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/v1/files", files={"file": (name, content, "text/csv")}, headers=headers)


def stored(api: Api) -> list[Path]:
    folder = Path(urlsplit(api.settings.object_store_url).path)
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_uploaded_file_comes_back_whole_and_in_ranges(admin: httpx2.Client, tenant: Tenant) -> None:
    made = upload(admin)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["name"], shown["content_type"], shown["size_bytes"]) == ("in put.dat", "text/csv", len(CONTENT))
    assert shown["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert shown["uri"] == f"howdah://objects/{tenant.gateway_id}/uploads/{shown['id']}"
    assert admin.get("/api/v1/files").json()["items"] == [shown]
    path = f"/api/v1/files/{shown['id']}/content"
    whole = admin.get(path)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert "in put.dat" in whole.headers["content-disposition"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    for header, start, end in (("bytes=0-9", 0, 10), ("bytes=1000-", 1_000, None), ("bytes=-7", -7, None)):
        part = admin.get(path, headers={"Range": header})
        assert (part.status_code, part.content) == (206, CONTENT[start:end]), header
    beyond = admin.get(path, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert admin.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    stale = admin.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, CONTENT)


def test_a_deleted_file_is_gone_with_its_bytes(api: Api, admin: httpx2.Client, tenant: Tenant) -> None:
    shown = upload(admin).json()
    with tenant.client(Role.USER, "bob") as bob:
        refused = bob.delete(f"/api/v1/files/{shown['id']}")
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-owner")
    assert admin.delete(f"/api/v1/files/{shown['id']}").status_code == 204
    assert admin.get(f"/api/v1/files/{shown['id']}").status_code == 404
    assert admin.get(f"/api/v1/files/{shown['id']}/content").status_code == 404
    assert not any(shown["id"] in path.name for path in stored(api))


def test_a_file_too_large_is_refused_and_leaves_nothing(api: Api, admin: httpx2.Client) -> None:
    before = stored(api)

    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(60):
            yield b"x" * 100_000

    declared = upload(admin, content=b"x" * (MAX_UPLOAD + 1))
    streamed = admin.post(
        "/api/v1/files", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    for response in (declared, streamed):
        assert response.status_code == 413, response.text
        assert response.json()["type"] == "/problems/too-large"
    assert stored(api) == before


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 422),
        ("multipart/form-data", b"", 422),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b"rubbish", 400),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n',
            422,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\ncut',
            400,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename=".."\r\n\r\nx\r\n--b--\r\n',
            422,
        ),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\nx\r\n--b--\r\n",
            400,
        ),
    ],
)
def test_what_is_no_upload_is_told_so_and_leaves_nothing(
    api: Api, admin: httpx2.Client, content_type: str, body: bytes, status: int
) -> None:
    before = stored(api)
    response = admin.post("/api/v1/files", content=body, headers={"Content-Type": content_type})
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert stored(api) == before


def test_a_path_in_a_file_name_is_dropped(admin: httpx2.Client) -> None:
    assert upload(admin, name="../../etc/passwd").json()["name"] == "passwd"


def test_an_upload_sent_twice_with_a_key_is_one_file(api: Api, admin: httpx2.Client) -> None:
    first = upload(admin, key="u1")
    count = len(stored(api))
    again = upload(admin, key="u1")
    assert again.json() == first.json()
    assert len(stored(api)) == count
    other = upload(admin, content=b"other", key="u1")
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert len(stored(api)) == count


def test_an_upload_cut_in_the_middle_leaves_nothing(api: Api, tenant: Tenant) -> None:
    before = stored(api)
    token = tenant.token(Role.USER, "ada")
    host = urlsplit(api.url)
    with socket.create_connection((host.hostname or "", host.port or 0)) as connection:
        head = (
            f"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 9999\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nsome bytes'
        )
        connection.sendall(head.encode())
    with tenant.client() as client:
        while client.get("/api/v1/files").json()["items"] or stored(api) != before:
            pass
    assert stored(api) == before


@pytest.fixture
def sign(api: Api) -> Callable[..., str]:
    def signed(key: str, access: Access, seconds: int = 60) -> str:
        return api.parts.signer.sign(key, access, seconds)[0]

    return signed


def test_signed_urls_write_and_read_one_object(api: Api, sign: Callable[..., str], tenant: Tenant) -> None:
    key = f"{tenant.gateway_id}/outputs/p/table.csv"
    with api.client(None) as anybody:
        put = anybody.put(sign(key, Access.WRITE), content=iter([CONTENT[:700_000], CONTENT[700_000:]]))
        assert put.status_code == 200, put.text
        assert put.json() == {"size_bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
        assert put.headers["howdah-sha256"] == put.json()["sha256"]
        assert anybody.get(sign(key, Access.READ)).content == CONTENT
        part = anybody.get(sign(key, Access.READ), headers={"Range": "bytes=5-8"})
        assert (part.status_code, part.content) == (206, CONTENT[5:9])
        assert anybody.put(sign(key, Access.WRITE), content=b"").json()["size_bytes"] == 0
        assert anybody.get(sign(key, Access.READ)).content == b""


def test_a_signed_url_is_good_for_nothing_else(api: Api, sign: Callable[..., str], tenant: Tenant) -> None:
    key = f"{tenant.gateway_id}/outputs/p/x"
    with api.client(None) as anybody:
        assert anybody.put(sign(key, Access.WRITE), content=b"x").status_code == 200
        write, read = sign(key, Access.WRITE), sign(key, Access.READ)
        refused = [
            anybody.put(read, content=b"y"),
            anybody.get(write),
            anybody.get(read.replace("/p/x", "/p/y")),
            anybody.get(read.replace("access=read", "access=write")),
            anybody.put(read.replace("access=read", "access=write"), content=b"y"),
            anybody.get(read.replace("expires=", "expires=9")),
            anybody.get(sign(key, Access.READ, seconds=-1)),
            anybody.get(read.split("?", maxsplit=1)[0]),
        ]
        assert [response.status_code for response in refused] == [400, 400, 403, 403, 403, 403, 403, 400]
        assert anybody.get(read).content == b"x"
        assert anybody.get(sign("uploads/nothing", Access.READ)).status_code == 404


@pytest.mark.parametrize("key", ["../secret", "a/../../secret", "/etc/passwd", "a//b", ".incoming/x", "a\\b", "a\x00b"])
def test_no_key_leaves_the_store(api: Api, key: str) -> None:
    signature = api.parts.signer._signature(key, Access.READ, 1 << 39)
    query = f"expires={1 << 39}&access=read&signature={signature}"
    with api.client(None) as anybody:
        response = anybody.get(f"{api.url}/objects/{quote(key, safe='')}?{query}")
    assert (response.status_code, response.json()["type"]) == (403, "/problems/bad-signature")


def test_an_object_too_large_is_refused_and_the_former_one_stays(
    api: Api, sign: Callable[..., str], tenant: Tenant
) -> None:
    key = f"{tenant.gateway_id}/outputs/p/big"
    with api.client(None) as anybody:
        anybody.put(sign(key, Access.WRITE), content=b"small")
        too_large = anybody.put(sign(key, Access.WRITE), content=(b"x" * 500_000 for _ in range(9)))
        assert too_large.status_code == 413
        assert anybody.get(sign(key, Access.READ)).content == b"small"
