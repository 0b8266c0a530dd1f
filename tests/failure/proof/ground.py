"""The proving ground: real Kafka, PostgreSQL, sshd and Slurm of our own, the whole platform on them, an application.

The application writes its job's name into a file of its own each time it runs, so that runs can be counted without
asking anybody. One ground serves any number of proofs, one after another.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from howdah.client import Client
from howdah.contracts.control import ChildState
from tests.fixtures.daemons import login_user, owned_directory, shared_directory
from tests.fixtures.kafka import LocalKafka
from tests.fixtures.platform import Platform
from tests.fixtures.platform_main import PlatformPlan
from tests.fixtures.postgres import LocalPostgres
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer
from tests.fixtures.waiting import holds_within

Line = dict[str, object]
"""What a proof prints: one JSON object."""

_REPLICAS = {"job-submission": 2}
_READY_SECONDS = 90.0

_APPLICATION = """\
#!/bin/sh
# Leaves a trace of each run that nobody else writes.
printf '%s\\n' "$SLURM_JOB_NAME" >>{runs}
sleep "$1"
echo "ran on $(hostname)"
"""

_SUBMIT_SHIM = """\
#!/bin/sh
# The scheduler's own sbatch, with the moment between submission and answer made long enough to be hit.
answer=$({sbatch} "$@")
status=$?
printf '%s\\n' "$PPID" >{windows}/$$
sleep "$(cat {pause})"
rm -f {windows}/$$
printf '%s\\n' "$answer"
exit $status
"""


@dataclass(frozen=True)
class Scale:
    """How much a proof does."""

    experiments: int
    pause_seconds: float = 0.0
    """How long a submission's answer is held back."""
    application_seconds: float = 0.2


@dataclass
class Ground:
    """Everything that a proof may hurt, and where the records lie."""

    directory: Path
    kafka: LocalKafka
    postgres: LocalPostgres
    sshd: SshServer
    slurm: SlurmCluster
    platform: Platform
    windows: Path
    """A file for each submission between sbatch and the recorded id; it holds the wrapper's pid."""
    runs: Path
    interface_id: str = ""
    resource_id: str = ""

    def client(self) -> Client:
        """Return a client of the API server; the caller closes it."""
        return Client(self.platform.api_url, self.platform.token)

    def begin(self, scale: Scale) -> None:
        """Make the ground ready for a proof: whatever the last one hurt is up again."""
        (self.directory / "pause").write_text(str(scale.pause_seconds))
        assert holds_within(self._all_ready, _READY_SECONDS), self.platform.children()

    def request(self, proof: str, number: int, seconds: float) -> dict[str, object]:
        """Return the request for one experiment on Slurm that is launched at once; the witness goes by its name."""
        return {
            "kind": "application",
            "name": f"{proof}-{number}",
            "interface_id": self.interface_id,
            "resource_id": self.resource_id,
            "inputs": {"seconds": seconds},
            "launch": True,
        }

    def sabotage(self, commands: dict[str, list[str]]) -> None:
        """Restart the platform with these commands in the place of services."""
        self.platform.restart(PlatformPlan(replicas=_REPLICAS, sabotage=commands))

    def _all_ready(self) -> bool:
        children = self.platform.children()
        return bool(children) and all(child.state is ChildState.READY for child in children)


@contextmanager
def proving_ground(wanted_after: Callable[[], bool] = lambda: False) -> Iterator[Ground]:
    """Start everything, seed the catalogue; stop everything at the end, and remove the directory.

    It is kept, with every log in it, where a proof itself broke, or where the logs are ``wanted_after`` all.
    """
    with ExitStack() as stack:
        directory = shared_directory("howdah-proof")
        stack.push(_tidy_up(directory, wanted_after))
        kafka = LocalKafka(directory / "kafka")
        stack.callback(kafka.stop)
        kafka.start()
        postgres = LocalPostgres(directory / "postgres")
        stack.callback(postgres.stop)
        postgres.start()
        sshd = SshServer(_owned(directory / "sshd"))
        stack.callback(sshd.stop)
        sshd.start()
        slurm = SlurmCluster(_owned(directory / "slurm"))
        stack.callback(slurm.stop)
        slurm.start()
        plan = PlatformPlan(replicas=_REPLICAS)
        platform = Platform(directory / "platform", plan, kafka=kafka.bootstrap, database_url=postgres.url)
        stack.callback(platform.stop)
        platform.start()
        ground = Ground(
            directory=directory,
            kafka=kafka,
            postgres=postgres,
            sshd=sshd,
            slurm=slurm,
            platform=platform,
            windows=owned_directory(directory / "windows"),
            runs=owned_directory(directory / "runs") / "runs.txt",
        )
        _seed(ground)
        yield ground


def _tidy_up(
    directory: Path, wanted_after: Callable[[], bool]
) -> Callable[[type[BaseException] | None, BaseException | None, object], None]:
    """Return an exit callback that removes the directory, or says where it is."""

    def leave(kind: type[BaseException] | None, _: BaseException | None, __: object) -> None:
        if kind is None and not wanted_after():
            shutil.rmtree(directory, ignore_errors=True)
        else:
            print(f"kept for a look: {directory}", file=sys.stderr)

    return leave


def _owned(path: Path) -> Path:
    """Make a directory that the login user may enter."""
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    return path


def _script(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def _seed(ground: Ground) -> None:
    programs = _owned(ground.directory / "bin")
    application = _script(programs / "application", _APPLICATION.format(runs=ground.runs))
    shim = _SUBMIT_SHIM.format(sbatch=shutil.which("sbatch"), windows=ground.windows, pause=ground.directory / "pause")
    _script(programs / "sbatch", shim)
    with ground.client() as client:
        ground.resource_id = _seed_resource(ground, client, programs)
        module = client.modules.create({"name": "proof"})
        interface = client.interfaces.create(
            {
                "module_id": module.id,
                "name": "proof",
                "inputs": [{"name": "seconds", "type": "float", "order": 0}],
                "outputs": [{"name": "stdout", "type": "stdout"}],
            }
        )
        client.deployments.create(
            {"module_id": module.id, "resource_id": ground.resource_id, "executable": str(application)}
        )
    ground.interface_id = interface.id


def _seed_resource(ground: Ground, client: Client, programs: Path) -> str:
    credential = client.credentials.create({"name": "key", "kind": "ssh-key", "private_key": ground.sshd.private_key})
    resource = client.resources.create(
        {
            "name": "slurm",
            "transport": "ssh",
            "scheduler": "slurm",
            "host": "127.0.0.1",
            "port": ground.sshd.port,
            "username": login_user().pw_name,
            "credential_id": credential.id,
            "host_keys": [ground.sshd.host_key_line],
            "scratch": str(ground.sshd.work_root),
            "environment": {**ground.slurm.environment, "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin"},
            "timeouts": {"connect_seconds": 10, "command_seconds": 20, "submit_seconds": 5},
            "queues": [{"name": "debug", "is_default": True}],
        }
    )
    return resource.id
