"""Objects of a bucket through s3fs, against a server that speaks S3: ``make test-s3``."""

import hashlib
import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]  # it has neither annotations nor stubs
import pytest

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import CredentialId, new_id
from howdah.contracts.storage import S3Origin
from howdah.storage.buckets import open_object, store_object
from tests.fixtures.daemons import Daemon, accepts, free_port

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    argv = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    server = Daemon(argv, tmp_path_factory.mktemp("s3") / "log")
    server.start(lambda: accepts(port))
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str) -> Any:  # noqa: ANN401 - s3fs is not typed
    bare = fsspec.filesystem(
        "s3", key="k", secret="s", endpoint_url=endpoint, use_listings_cache=False, skip_instance_cache=True
    )
    bare.name = f"runs-{new_id()[-12:]}"
    bare.mkdir(bare.name)
    return bare


def origin(endpoint: str, bucket: str, key: str = "run/grid.nc") -> S3Origin:
    return S3Origin(
        bucket=bucket,
        key=key,
        endpoint_url=endpoint,
        region="us-east-1",
        access_key_id="k",
        credential_id=CredentialId(new_id()),
    )


def test_an_object_of_many_parts_comes_back_as_it_went(endpoint: str, bucket: Any) -> None:  # noqa: ANN401
    block = os.urandom(MEGABYTE)
    where = origin(endpoint, bucket.name)
    store_object(where, "s", LOOPBACK, (block for _ in range(40)))
    assert bucket.info(f"{bucket.name}/run/grid.nc")["ETag"].strip('"').endswith("-3")
    digest, size = hashlib.sha256(), 0
    with open_object(where, "s", LOOPBACK) as opened:
        assert opened.size_bytes == 40 * MEGABYTE
        for chunk in opened.chunks:
            digest.update(chunk)
            size += len(chunk)
    assert (size, digest.hexdigest()) == (40 * MEGABYTE, hashlib.sha256(block * 40).hexdigest())


@pytest.mark.parametrize("megabytes", [1, 40], ids=["before the first part", "between parts"])
def test_an_upload_that_breaks_leaves_nothing(endpoint: str, bucket: Any, megabytes: int) -> None:  # noqa: ANN401
    def breaking() -> Iterator[bytes]:
        for _ in range(megabytes):
            yield bytes(MEGABYTE)
        raise ConnectionResetError("the source is gone")

    with pytest.raises(TaskError, match="could not be written: the source is gone"):
        store_object(origin(endpoint, bucket.name), "s", LOOPBACK, breaking())
    assert bucket.find(bucket.name) == []
    assert not bucket.call_s3("list_multipart_uploads", Bucket=bucket.name).get("Uploads")


def test_a_broken_upload_leaves_the_object_that_was_there(endpoint: str, bucket: Any) -> None:  # noqa: ANN401
    where = origin(endpoint, bucket.name)
    store_object(where, "s", LOOPBACK, [b"first"])

    def breaking() -> Iterator[bytes]:
        yield b"second"
        raise ConnectionResetError("the source is gone")

    with pytest.raises(TaskError):
        store_object(where, "s", LOOPBACK, breaking())
    with open_object(where, "s", LOOPBACK) as opened:
        assert b"".join(opened.chunks) == b"first"


def test_an_empty_object_is_an_object(endpoint: str, bucket: Any) -> None:  # noqa: ANN401
    where = origin(endpoint, bucket.name)
    store_object(where, "s", LOOPBACK, [])
    with open_object(where, "s", LOOPBACK) as opened:
        assert (opened.size_bytes, b"".join(opened.chunks)) == (0, b"")


def test_a_bucket_that_does_not_exist_is_named(endpoint: str) -> None:
    where = origin(endpoint, "no-such-bucket")
    with pytest.raises(TaskError, match=r"s3://no-such-bucket/run/grid\.nc does not exist") as told:
        store_object(where, "s", LOOPBACK, [b"x"])
    assert told.value.failure.kind is FailureKind.PERMANENT
    with pytest.raises(TaskError, match="does not exist"), open_object(where, "s", LOOPBACK):
        pass


def test_an_endpoint_inside_is_refused_before_anything_is_sent(endpoint: str, bucket: Any) -> None:  # noqa: ANN401
    with pytest.raises(TaskError, match="which is not public"):
        store_object(origin(endpoint, bucket.name), "s", [], [b"x"])
    assert bucket.find(bucket.name) == []
