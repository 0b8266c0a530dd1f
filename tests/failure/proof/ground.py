"""The proving ground: real Kafka, PostgreSQL, sshd and Slurm of our own, the whole platform on them, an application.

The application writes its job's name into a file of its own each time it runs, so that runs can be counted without
asking anybody.
"""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from howdah.client import Client
from tests.fixtures.daemons import login_user, owned_directory, shared_directory
from tests.fixtures.kafka import LocalKafka
from tests.fixtures.platform import Platform
from tests.fixtures.platform_main import PlatformPlan
from tests.fixtures.postgres import LocalPostgres
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer

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
sleep {pause}
rm -f {windows}/$$
printf '%s\\n' "$answer"
exit $status
"""


@dataclass(frozen=True)
class Scale:
    """How much a proof does."""

    experiments: int
    pause_seconds: float = 0.4
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

    def request(self, number: int, seconds: float) -> dict[str, object]:
        """Return the request for one experiment on Slurm that is launched at once."""
        return {
            "kind": "application",
            "name": f"proof-{number}",
            "interface_id": self.interface_id,
            "resource_id": self.resource_id,
            "inputs": {"seconds": seconds},
            "launch": True,
        }


@contextmanager
def proving_ground(
    scale: Scale, plan: PlatformPlan | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Ground]:
    """Start everything, seed the catalogue; stop everything and remove the directories at the end."""
    with ExitStack() as stack:
        directory = shared_directory("howdah-proof")
        stack.push(_tidy_up(directory))
        kafka = LocalKafka(directory / "kafka")
        stack.callback(kafka.stop)
        kafka.start()
        postgres = LocalPostgres(directory / "postgres")
        stack.callback(postgres.stop)
        postgres.start()
        sshd = SshServer(owned(directory / "sshd"))
        stack.callback(sshd.stop)
        sshd.start()
        slurm = SlurmCluster(owned(directory / "slurm"))
        stack.callback(slurm.stop)
        slurm.start()
        platform = Platform(
            directory / "platform", plan, kafka=kafka.bootstrap, database_url=postgres.url, environment=environment
        )
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
        _seed(ground, scale)
        yield ground


def _tidy_up(directory: Path) -> Callable[[type[BaseException] | None, BaseException | None, object], None]:
    """Return an exit callback: the directory is removed, but kept with its logs when the proof itself broke."""

    def leave(kind: type[BaseException] | None, _: BaseException | None, __: object) -> None:
        if kind is None:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            print(f"kept for a look: {directory}", file=sys.stderr)

    return leave


def owned(path: Path) -> Path:
    """Make a directory that the login user may enter."""
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    return path


def _script(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def _seed(ground: Ground, scale: Scale) -> None:
    programs = owned(ground.directory / "bin")
    application = _script(programs / "application", _APPLICATION.format(runs=ground.runs))
    real = shutil.which("sbatch")
    _script(programs / "sbatch", _SUBMIT_SHIM.format(sbatch=real, windows=ground.windows, pause=scale.pause_seconds))
    with ground.client() as client:
        credential = client.credentials.create(
            {"name": "key", "kind": "ssh-key", "private_key": ground.sshd.private_key}
        )
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
        module = client.modules.create({"name": "proof"})
        interface = client.interfaces.create(
            {
                "module_id": module.id,
                "name": "proof",
                "inputs": [{"name": "seconds", "type": "float", "order": 0}],
                "outputs": [{"name": "stdout", "type": "stdout"}],
            }
        )
        client.deployments.create({"module_id": module.id, "resource_id": resource.id, "executable": str(application)})
    ground.resource_id, ground.interface_id = resource.id, interface.id
