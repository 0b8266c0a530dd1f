import hashlib
from pathlib import Path

import pytest

from howdah.client import (
    ChecksumError,
    Client,
    ClientError,
    ConflictError,
    ConnectionFailedError,
    InvalidRequestError,
    PreconditionFailedError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from tests.unit.client.samples import AT, E1, experiment
from tests.unit.client.scripted_api import Api, Reply, Seen

PROBLEM = {"Content-Type": "application/problem+json"}


def test_a_list_is_read_over_all_its_pages(api: Api, client: Client) -> None:
    pages = {
        "": {"items": [experiment(name="a"), experiment(name="b")], "next_cursor": "c1"},
        "c1": {"items": [experiment(name="c")], "next_cursor": None},
    }

    def page(seen: Seen) -> Reply:
        return Reply(json=pages["c1" if "cursor=c1" in seen.path else ""])

    api.on("GET /experiments", page)
    assert [one.name for one in client.experiments.list(name="x")] == ["a", "b", "c"]
    assert all("name=x" in one.path for one in api.seen)
    assert api.seen[0].headers["Authorization"] == "Bearer secret-token"


def test_a_creation_whose_answer_was_lost_is_sent_again_with_the_same_key(api: Api, client: Client) -> None:
    api.on("POST /experiments", Reply(hang_up=True), Reply(503), Reply(201, experiment("CREATED")))
    made = client.experiments.create(name="corals", interface_id="i", resource_id="r", inputs={"steps": 3})
    assert made.id == E1
    keys = {one.headers["Idempotency-Key"] for one in api.seen}
    assert (len(api.seen), len(keys)) == (3, 1)


def test_a_caller_may_name_the_key_under_which_it_asks_again(api: Api, client: Client) -> None:
    api.on("POST /experiments", Reply(201, experiment("CREATED")), Reply(201, experiment("CREATED")))
    for _ in range(2):
        client.experiments.submit({"kind": "application"}, idempotency_key="night-run-7")
    assert [one.headers["Idempotency-Key"] for one in api.seen] == ["night-run-7"] * 2


def test_what_must_not_happen_twice_is_not_sent_twice(api: Api, client: Client) -> None:
    api.on("DELETE /experiments/1", Reply(hang_up=True))
    with pytest.raises(ConnectionFailedError, match="could not be reached"):
        client.experiments.delete("1")
    assert len(api.seen) == 1


def test_a_busy_idempotency_key_is_waited_for(api: Api, client: Client) -> None:
    busy = Reply(409, {"title": "Conflict", "type": "/problems/idempotency-key-busy"}, headers={"Retry-After": "0"})
    api.on(f"POST /experiments/{E1}/launch", busy, Reply(202, experiment("LAUNCHED")))
    assert client.experiments.launch(E1).state == "LAUNCHED"


def test_problems_become_exceptions_with_their_fields(api: Api, client: Client) -> None:
    problem = {
        "type": "/problems/invalid-request",
        "title": "The request is invalid",
        "status": 422,
        "detail": "Two inputs are wrong.",
        "errors": [{"field": "inputs.steps", "message": "must be at least 1", "got": "0"}],
    }
    api.on("POST /experiments", Reply(422, problem, headers=PROBLEM))
    with pytest.raises(InvalidRequestError) as caught:
        client.experiments.create(name="x", interface_id="i", resource_id="r", inputs={})
    assert str(caught.value) == "Two inputs are wrong; inputs.steps: must be at least 1"
    assert (caught.value.slug, caught.value.errors[0].field) == ("invalid-request", "inputs.steps")


@pytest.mark.parametrize(
    ("status", "kind"), [(401, UnauthorizedError), (409, ConflictError), (412, PreconditionFailedError)]
)
def test_each_status_has_its_exception(api: Api, client: Client, status: int, kind: type[ClientError]) -> None:
    api.on("GET /me", Reply(status, body=b"<html>no problem document"))
    with pytest.raises(kind):
        client.me()


def test_an_answer_from_something_else_is_told_apart(api: Api, client: Client) -> None:
    api.on("GET /me", Reply(200, body=b"<html>hello"))
    with pytest.raises(UnexpectedAnswerError, match="not understood"):
        client.me()


def test_an_edit_carries_the_version_that_was_read(api: Api, client: Client) -> None:
    module = {"id": "m", "name": "gs", "version": 7, "created_at": AT, "updated_at": AT}
    api.on("GET /application-modules/m", Reply(json=module))
    api.on("PUT /application-modules/m", Reply(json={**module, "version": 8}))
    assert client.modules.replace(client.modules.get("m"), {"name": "gs"}).version == 8
    assert api.seen[-1].headers["If-Match"] == '"7"'


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://x", "http://", "http://a b"])
def test_a_wrong_address_is_told_at_once(url: str) -> None:
    with pytest.raises(ClientError, match="no address of an API server"):
        Client(url, "t")


def test_a_token_that_cannot_stand_in_a_header_is_not_shown() -> None:
    with pytest.raises(ClientError) as caught:
        Client("http://127.0.0.1:1", "geheim\n")
    assert "geheim" not in str(caught.value)


def _stored(data: bytes) -> dict[str, object]:
    sha256 = hashlib.sha256(data).hexdigest()
    return {"id": "f", "uri": "howdah://objects/f", "name": "s", "size_bytes": len(data), "sha256": sha256}


def test_an_upload_that_broke_off_begins_again_and_is_checked(api: Api, client: Client, tmp_path: Path) -> None:
    data = bytes(range(256)) * 5_000
    path = tmp_path / "säme.bin"
    path.write_bytes(data)
    api.on("POST /files", Reply(hang_up=True), Reply(201, _stored(data)))
    assert client.files.upload(path).uri == "howdah://objects/f"
    assert data in api.seen[1].body
    api.on("POST /files", Reply(201, _stored(b"other")))
    with pytest.raises(ChecksumError, match="arrived damaged"):
        client.files.upload(path)


def test_an_upload_of_nothing_readable_says_so(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="can't be read: No such file"):
        client.files.upload(tmp_path / "none")


def _output(data: bytes) -> dict[str, object]:
    sha256 = hashlib.sha256(data).hexdigest()
    return {"items": [{"name": "pattern", "file_name": "p.png", "sha256": sha256}], "next_cursor": None}


def test_a_download_is_checked_and_leaves_nothing_half_done(api: Api, client: Client, tmp_path: Path) -> None:
    data = b"x" * 1_000_000
    target = tmp_path / "deep" / "p.png"
    api.on(f"GET /experiments/{E1}/outputs", Reply(json=_output(data)))
    api.on(f"GET /experiments/{E1}/outputs/pattern", Reply(body=[data[:400_000], data[400_000:]]))
    assert client.experiments.download(E1, "pattern", target).read_bytes() == data

    target.write_bytes(b"before")
    api.on(f"GET /experiments/{E1}/outputs/pattern", Reply(body=[data[:400_000]]))
    with pytest.raises(ChecksumError):
        client.experiments.download(E1, "pattern", target)
    api.on(f"GET /experiments/{E1}/outputs/pattern", Reply(body=[data[:400_000]], hang_up=True))
    with pytest.raises(ConnectionFailedError):
        client.experiments.download(E1, "pattern", target)
    assert target.read_bytes() == b"before"
    assert [one.name for one in target.parent.iterdir()] == ["p.png"]
