"""Two submitters on two login nodes, one of them stopped between claim and submit: the application runs once.

The second login node is an sshd in a UTS namespace of its own, with another host name, where that may be made; a pid
is no evidence there. The first submitter is stopped by SIGSTOP right before sbatch, for longer than a claim lasts, and
goes on after the second has taken over.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from howdah.compute import submission
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import MEANINGS
from howdah.contracts.ids import new_id
from howdah.contracts.params import SubmittedJob
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from tests.failure.proof.ground import Ground, Line
from tests.fixtures.daemons import owned_directory
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission, counting
from tests.fixtures.waiting import await_value

_OWN_NAME = ("unshare", "--uts", "sh", "-c", 'echo login-2 >/proc/sys/kernel/hostname && exec "$@"', "sh")
_SUBMIT_SECONDS = 2.0
_TRIES = 40
_STOPPING_SBATCH = """\
#!/bin/sh
# Stops the submission that called it, by its whole chain of processes; goes on with the real one when it is continued.
read -r line </proc/$PPID/stat
set -- {sbatch} "$PPID" ${{line##*) }} -- "$@"
program=$1 parent=$2 wrapper=$4
while [ "$1" != -- ]; do shift; done
shift
echo "$wrapper $parent $$" >{stopped}.new && mv {stopped}.new {stopped}
kill -s STOP "$wrapper" "$parent" $$
exec "$program" "$@"
"""


Submit = Callable[..., SubmittedJob]
"""``howdah.compute.submission.submit``, or what sabotage puts in its place."""


def stopped_submitter(ground: Ground, rounds: int, submit: Submit = submission.submit) -> Line:
    """Run the races one after another and return the line."""
    with other_login_node(ground.directory) as (other, apart):
        found = [race(ground.sshd, other, ground.slurm, submit) for _ in range(rounds)]
    return {
        "proof": "login-nodes",
        "rounds": rounds,
        "other_host": apart,
        "ran_twice": sum(runs > 1 for runs, _ in found),
        "lost": sum(runs < 1 for runs, _ in found),
        "jobs": sum(jobs for _, jobs in found),
    }


@contextmanager
def other_login_node(directory: Path) -> Iterator[tuple[SshServer, bool]]:
    """Start the second login node on the same file systems; the second says whether its host name is another."""
    place = directory / f"login-2-{new_id()[:8]}"
    place.mkdir(mode=0o755)
    place.chmod(0o755)
    apart = _may_have_a_name_of_its_own()
    node = SshServer(place, before=_OWN_NAME if apart else ())
    node.start()
    try:
        yield node, apart
    finally:
        node.stop()


def _may_have_a_name_of_its_own() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_OWN_NAME, "true"], capture_output=True, timeout=30, check=False).returncode == 0


def race(here: SshServer, there: SshServer, slurm: SlurmCluster, submit: Submit) -> tuple[int, int]:
    """Return how often the application ran and how many jobs Slurm had, in one race."""
    work_dir = owned_directory(here.work_root / f"nodes-{new_id()}")
    usual, stopped = Submission.of(work_dir, counting()), work_dir / "stopped"
    # Under a name that the witness of the platform's jobs does not take for a job that nobody asked for.
    params = usual.params.model_copy(update={"job_name": f"race-{usual.task_id}"})
    task = Submission(work_dir, usual.task_id, params)
    programs = owned_directory(work_dir / "bin")
    shim = programs / "sbatch"
    shim.write_text(_STOPPING_SBATCH.format(sbatch=shutil.which("sbatch"), stopped=stopped))
    shim.chmod(0o755)
    environment = {**slurm.environment, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    values = {"scheduler": SchedulerKind.SLURM, "submit_timeout_seconds": _SUBMIT_SECONDS}
    first = here.target(environment={**environment, "PATH": f"{programs}:{environment['PATH']}"}, **values)
    second = there.target(environment=environment, **values)
    with ThreadPoolExecutor(1) as pool:
        slow: Future[str | None] = pool.submit(_persist, task, here, first, 1, submit)
        pids = [int(pid) for pid in await_value(lambda: _read(stopped), "the first submitter at sbatch").split()]
        taken = _persist(task, there, second, 2, submit)
        shim.unlink()
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
        assert slow.result(120) is not None or taken is not None
    name = task.params.job_name
    await_value(lambda: name not in slurm.live_jobs() or None, "an empty queue", 60)
    await_value(lambda: task.times_run or None, "the application's run", 30)
    return task.times_run, sum(job.name == name for job in slurm.completed_jobs())


def _persist(
    task: Submission, server: SshServer, target: ResourceTarget, first_attempt: int, submit: Submit
) -> str | None:
    """Submit as the platform does, again and again while nobody knows."""
    with PooledReach() as reach:
        for number in range(_TRIES):
            try:
                with reach.connect(target, server.secret) as connection:
                    return submit(
                        connection, task.params, task_id=task.task_id, attempt=first_attempt + 2 * number
                    ).native_id
            except TaskError as error:
                if not MEANINGS[error.failure.kind].retried:
                    raise
    return None


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
