import contextlib
import functools
import hashlib
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from howdah.local.downloads import MIRROR_VARIABLE, JarLock, LockedJar, cache_dir, provide
from howdah.local.errors import ChildDiedError, DownloadError, TamperedFileError
from howdah.local.kafka import LOCK, KafkaServer
from howdah.local.ports import HOST, choose
from howdah.local.progress import Silent
from tests.fixtures.interface import KafkaDaemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


def create(kafka: KafkaDaemon, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)


def write(kafka: KafkaDaemon, topic: str, *values: bytes) -> None:
    refused: list[object] = []
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: refused.append(error) if error else None)
    assert producer.flush(30) == 0
    assert refused == []


def read(kafka: KafkaDaemon, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap, "group.id": f"{topic}-reader", "auto.offset.reset": "earliest"}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        return [message.value() for message in consumer.consume(count, 30)]
    finally:
        consumer.close()


def test_messages_survive_stop_and_sigkill_of_the_broker(kafka: KafkaDaemon, topic_prefix: str) -> None:
    topic, address = f"{topic_prefix}survives", kafka.bootstrap
    create(kafka, topic)
    write(kafka, topic, b"before the stop")
    kafka.stop()
    kafka.start()
    write(kafka, topic, b"before the crash")
    kafka.kill()
    kafka.start()
    assert kafka.bootstrap == address
    assert read(kafka, topic, 2) == [b"before the stop", b"before the crash"]


def test_a_tampered_jar_is_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = JarLock.read(LOCK)
    provide(lock, cache_dir() / "kafka", Silent())
    shutil.copytree(cache_dir() / "kafka", tmp_path / "cache" / "kafka")
    victim = tmp_path / "cache" / "kafka" / lock.jars[7].file_name
    with victim.open("r+b") as jar:
        jar.seek(100)
        jar.write(b"!")
    monkeypatch.setenv("HOWDAH_CACHE_DIR", str(tmp_path / "cache"))
    server = KafkaServer(tmp_path / "data")
    with pytest.raises(TamperedFileError, match=victim.name):
        server.start()
    assert server.pid is None


def _mirror(root: Path, content: bytes) -> LockedJar:
    folder = root / "org/example/thing/1.0"
    folder.mkdir(parents=True)
    (folder / "thing-1.0.jar").write_bytes(content)
    return LockedJar(coordinate="org.example:thing:1.0", sha256=hashlib.sha256(content).hexdigest())


@contextlib.contextmanager
def _served(root: Path) -> Iterator[str]:
    server = ThreadingHTTPServer((HOST, 0), functools.partial(SimpleHTTPRequestHandler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_mirror_that_serves_other_bytes_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = _mirror(tmp_path / "mirror", b"these bytes were locked")
    (tmp_path / "mirror/org/example/thing/1.0/thing-1.0.jar").write_bytes(b"these were not")
    with _served(tmp_path / "mirror") as address:
        monkeypatch.setenv(MIRROR_VARIABLE, address)
        with pytest.raises(TamperedFileError, match=jar.coordinate):
            provide(JarLock(requested=(), jars=(jar,)), tmp_path / "cache", Silent())
    assert not (tmp_path / "cache" / jar.file_name).exists()


def test_a_mirror_is_used_and_its_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = _mirror(tmp_path / "mirror", b"these bytes were locked")
    lock = JarLock(requested=(), jars=(jar,))
    with _served(tmp_path / "mirror") as address:
        monkeypatch.setenv(MIRROR_VARIABLE, address + "/")
        (path,) = provide(lock, tmp_path / "cache", Silent())
    assert path.read_bytes() == b"these bytes were locked"
    assert provide(lock, tmp_path / "cache", Silent()) == (path,), "the second start needs no network"


def test_offline_says_what_would_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOWDAH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv(MIRROR_VARIABLE, f"http://{HOST}:{choose()}")
    with pytest.raises(DownloadError, match=r"could not be downloaded.*first start needs the network.*mirror"):
        KafkaServer(tmp_path / "data").start()


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path, kafka: KafkaDaemon) -> None:
    taken = int(kafka.bootstrap.rpartition(":")[2])
    with pytest.raises(ChildDiedError, match="Address already in use"):
        KafkaServer(tmp_path / "data", port=taken).start()
