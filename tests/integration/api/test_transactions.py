"""The answer comes after the commit, and the same request twice is one."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.integration.api.conftest import Api, Tenant, refusing_commits

pytestmark = pytest.mark.integration
DOOMED = "fails at the commit"


@pytest.fixture
def commits_fail(api: Api) -> Iterator[None]:
    with refusing_commits(api.engine, "application_module", DOOMED):
        yield


@pytest.mark.usefixtures("commits_fail")
def test_a_failed_commit_is_never_answered_with_201(admin: httpx2.Client) -> None:
    failed = admin.post("/api/v1/application-modules", json={"name": DOOMED})
    assert failed.status_code == 500
    assert failed.headers["content-type"] == "application/problem+json"
    assert "refused" not in failed.text
    assert admin.get("/api/v1/application-modules").json()["items"] == []
    assert admin.post("/api/v1/application-modules", json={"name": "lives"}).status_code == 201


def test_the_same_key_and_body_get_the_same_answer(admin: httpx2.Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first = admin.post("/api/v1/application-modules", json={"name": "m"}, headers=headers)
    again = admin.post("/api/v1/application-modules", json={"name": "m"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


def test_a_key_belongs_to_one_request_of_one_caller(admin: httpx2.Client, tenant: Tenant) -> None:
    headers = {"Idempotency-Key": "one"}
    assert admin.post("/api/v1/application-modules", json={"name": "m"}, headers=headers).status_code == 201
    reused = admin.post("/api/v1/application-modules", json={"name": "n"}, headers=headers)
    assert reused.status_code == 422
    assert reused.json()["type"] == "/problems/idempotency-key-reused"
    with tenant.client(subject="bob") as other:
        assert other.post("/api/v1/application-modules", json={"name": "n"}, headers=headers).status_code == 201


def test_an_error_is_not_remembered(admin: httpx2.Client) -> None:
    headers = {"Idempotency-Key": "one"}
    taken = admin.post("/api/v1/application-modules", json={"name": "m"}).json()
    assert admin.post("/api/v1/application-modules", json={"name": "m"}, headers=headers).status_code == 409
    admin.delete(f"/api/v1/application-modules/{taken['id']}")
    assert admin.post("/api/v1/application-modules", json={"name": "m"}, headers=headers).status_code == 201


def test_of_concurrent_duplicates_one_does_the_work(tenant: Tenant) -> None:
    barrier = threading.Barrier(8)
    token = tenant.client().headers["authorization"]

    def send(_: int) -> httpx2.Response:
        with httpx2.Client(base_url=tenant.api.url, headers={"Authorization": token}, timeout=20) as client:
            barrier.wait(10)
            return client.post("/api/v1/application-modules", json={"name": "m"}, headers={"Idempotency-Key": "k"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


def test_a_key_that_is_no_key_is_refused(admin: httpx2.Client) -> None:
    for key in ("", "with blank", "x" * 201):
        response = admin.post("/api/v1/application-modules", json={"name": "m"}, headers={"Idempotency-Key": key})
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"].lower() == "idempotency-key"


def test_bodies_have_a_limit_whether_they_declare_their_length_or_not(admin: httpx2.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(30):
            yield b"x" * 100_000

    declared = admin.post("/api/v1/application-modules", content=b"".join(chunks()))
    streamed = admin.post("/api/v1/application-modules", content=chunks())
    for response in (declared, streamed):
        assert response.status_code == 413
        assert response.json()["type"] == "/problems/too-large"


@pytest.mark.parametrize(
    ("content", "status", "slug"),
    [
        (b"{", 400, "invalid-json"),
        (b"", 422, "invalid-request"),
        (b"[]", 422, "invalid-request"),
        (b"\xff\xfe", 400, "invalid-json"),
        (b"[" * 100_000, 400, "bad-request"),
        (b'{"name": ' + b"9" * 5_000 + b"}", 400, "bad-request"),
        (b'{"name": "\\ud800"}', 422, "invalid-request"),
        (b'{"name": "a", "description": "\\u0000"}', 422, "invalid-request"),
    ],
)
def test_rubbish_is_a_problem_and_not_a_crash(admin: httpx2.Client, content: bytes, status: int, slug: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = admin.post("/api/v1/application-modules", content=content, headers=headers)
    assert response.status_code == status, response.text
    assert response.json()["type"] == f"/problems/{slug}"


def test_unknown_paths_and_methods_are_problems_too(admin: httpx2.Client) -> None:
    for method, path, status in (("GET", "/api/v1/nothing", 404), ("PATCH", "/api/v1/me", 405)):
        response = admin.request(method, path)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
    malformed = admin.get("/api/v1/application-modules/not-a-uuid")
    assert malformed.status_code == 404


def test_probes_and_metrics_need_no_token(api: Api, admin: httpx2.Client) -> None:
    admin.get("/api/v1/me")
    with api.client(None) as client:
        assert client.get("/livez").json() == {"ok": True}
        ready = client.get("/readyz")
        assert ready.status_code == 200, ready.text
        metrics = client.get("/metrics").text
    assert 'howdah_http_request_seconds_count{method="GET",route="/api/v1/me",status="200"}' in metrics
