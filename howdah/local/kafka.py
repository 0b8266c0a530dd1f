"""One-node Apache Kafka (KRaft) from locked jars: downloads, formats, configures, starts, awaits, stops.

Data lives in ``data_dir`` and survives stop, kill and restart. The broker listens on the loopback address only.
"""

import base64
import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from howdah.contracts.topics import OFFSETS_RETENTION_MINUTES
from howdah.local.child import ChildSpec
from howdah.local.daemon import Daemon
from howdah.local.downloads import JarLock, cache_dir, provide
from howdah.local.errors import LocalStackError
from howdah.local.java import find_java
from howdah.local.kafka_probe import broker_trouble
from howdah.local.ports import HOST, PortBook
from howdah.local.progress import Progress, Silent

LOCK = Path(__file__).with_name("kafka.lock.json")
_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # The optimising compiler would take a core for the first minutes: with it a start cost 7.7 s of processor time
    # instead of 3.6, and the first 6,000 messages there and back 20 s instead of 10.
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


class KafkaServer(Daemon):
    """A broker of one's own.

    ``port=0`` chooses free ports at the first start and remembers them in ``data_dir``. The first start on a machine
    downloads Kafka (45 files, 43 MB) into the cache directory; every start verifies every file.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        log_path: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._data_dir = data_dir.absolute()
        super().__init__(log_path or self._data_dir / "kafka.log")
        self._progress = progress or Silent()
        self._ports = PortBook(self._data_dir / "ports.json", {"kafka": port} if port else {})

    @property
    def port(self) -> int:
        """The port for clients, the same after a restart."""
        return self._ports.get("kafka")

    @property
    def bootstrap(self) -> str:
        """What clients take as ``bootstrap.servers``."""
        return f"{HOST}:{self.port}"

    def prepare(self) -> ChildSpec:
        """Download, verify, format where needed, write the configuration; return what to run.

        Raises:
            LocalStackError: no suitable Java, a failed download, a tampered file, a directory that can't be formatted.
        """
        jars = provide(JarLock.read(LOCK), cache_dir() / "kafka", self._progress)
        java = (str(find_java()), "-cp", os.pathsep.join(map(str, jars)))
        config = self._write_config()
        if not (self._logs / "meta.properties").exists():
            self._format(java, config)
        cluster_id = self._cluster_id()
        return ChildSpec(
            name="kafka",
            command=(java[0], *_JVM, *java[1:], "kafka.Kafka", str(config)),
            cwd=self._data_dir,
            ready=lambda: broker_trouble(self.port, cluster_id),
            ready_timeout_seconds=300,
            grace_seconds=20,
        )

    def broker_settings(self) -> dict[str, str]:
        """Return the broker's configuration; a subclass may add to it."""
        return broker_settings(self.port, self._ports.get("controller"), self._logs)

    @property
    def _logs(self) -> Path:
        return self._data_dir / "log"

    def _cluster_id(self) -> str:
        lines = (self._logs / "meta.properties").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))

    def _format(self, java: tuple[str, ...], config: Path) -> None:
        arguments = ("kafka.tools.StorageTool", "format", "--standalone", "-t", new_cluster_id(), "-c", str(config))
        self._progress.say("formatting Kafka's storage")
        done = subprocess.run((*java, *arguments), capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own Java and arguments
        if done.returncode != 0:
            raise LocalStackError(f"Kafka's storage in {self._logs} could not be formatted:\n{done.stderr[-2000:]}")

    def _write_config(self) -> Path:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        config = self._data_dir / "server.properties"
        settings = self.broker_settings()
        config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return config


def new_cluster_id(draw: Callable[[], uuid.UUID] = uuid.uuid4) -> str:
    """Return an id in Kafka's text form; none that begins with a dash, which Kafka's tools take for an option."""
    while (text := base64.urlsafe_b64encode(draw().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def broker_settings(port: int, controller_port: int, log_dir: Path) -> dict[str, str]:
    """Return the broker's configuration: one node, small, and quick to notice that a consumer died."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(log_dir),
        "auto.create.topics.enable": "false",
        "num.network.threads": "1",
        "num.io.threads": "2",
        # one node
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        # a broker that was killed is itself again after five seconds, not thirteen
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # take-over of a killed consumer's partitions within six seconds (the defaults: 45)
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "3000",
        "group.consumer.min.session.timeout.ms": "3000",
        "group.consumer.min.heartbeat.interval.ms": "500",
        "group.consumer.session.timeout.ms": "6000",
        "group.consumer.heartbeat.interval.ms": "1000",
        # a stack that slept must not forget its ledger
        "offsets.retention.minutes": str(OFFSETS_RETENTION_MINUTES),
    }
