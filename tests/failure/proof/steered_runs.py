"""Runs that are steered, on real Slurm over real sshd: how many jobs there were says Slurm's own completion file.

Retries: after a job that failed, after a cancel (both open the next generation, once it is sure that the one before
runs no more), and after a submission whose answer was lost (goes on with the earlier claim, and finds its one job).
Cancels: in every state in which a run can be.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from howdah.client import Client
from howdah.contracts.states import ExperimentState, JobState, ProcessState, is_terminal
from tests.failure.proof.gateway import launched, resource_over_a_link
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.verdicts import rows
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.slurm import FinishedJob
from tests.fixtures.waiting import await_value, holds_within

_PATIENCE_SECONDS = 90.0
_GATES_SECONDS = 2.0
"""Twice ``HOWDAH_GATES_PERIOD_SECONDS``."""
_LINK = "a link for steered runs"

_APPLICATION = """\
#!/bin/sh
# Leaves a trace of each run, fails while it is told to, prints as much as it is told to, and takes its time.
printf '%s\\n' "$SLURM_JOB_NAME" >>{folder}/runs
[ ! -e {folder}/fail ] || exit 3
[ ! -e {folder}/talk ] || head -c 8000000 /dev/zero
sleep "$1"
"""


@dataclass
class Steered:
    """One experiment, the way to its cluster, and the records of what was done there."""

    ground: Ground
    client: Client
    proxy: FaultProxy
    folder: Path
    interface_id: str
    resource_id: str
    experiment: str = ""

    def launch(self, name: str, seconds: float = 0.0) -> None:
        """Launch an experiment over the link."""
        request = {
            "kind": "application",
            "name": f"steered-{name}",
            "interface_id": self.interface_id,
            "resource_id": self.resource_id,
            "inputs": {"seconds": seconds},
            "launch": True,
        }
        self.experiment = launched(self.client, request)

    def await_state(self, state: ExperimentState) -> None:
        """Return when the experiment is in that state."""
        await_value(lambda: self._ended_as(state), f"{state} of {self.experiment}", _PATIENCE_SECONDS, every=0.2)

    def await_process(self, *states: ProcessState) -> None:
        """Return when its latest run is in one of the states."""
        get = self.client.experiments.get
        reached = holds_within(lambda: get(self.experiment).process_state in states, _PATIENCE_SECONDS, every=0.1)
        assert reached, f"{get(self.experiment)} never was {states}"

    def await_job(self, state: JobState) -> None:
        """Return when a job of it is in that state."""
        jobs = self.client.experiments.jobs
        await_value(
            lambda: any(job.state is state for job in jobs(self.experiment)), f"a job {state}", _PATIENCE_SECONDS
        )

    def counted(self) -> tuple[list[str], int]:
        """Return the states of its jobs, as Slurm wrote them down, by generation; and how often the application ran."""
        known = {
            name for (name,) in rows(self.ground, "SELECT job_name FROM job WHERE experiment_id = %s", self.experiment)
        }
        assert holds_within(lambda: not known & set(self.ground.slurm.live_jobs()), _PATIENCE_SECONDS)
        finished = sorted((job for job in self.ground.slurm.completed_jobs() if job.name in known), key=_generation)
        runs = Counter(path.read_text().split() if (path := self.folder / "runs").exists() else [])
        return [job.state for job in finished], sum(times for name, times in runs.items() if name in known)

    def _ended_as(self, state: ExperimentState) -> bool:
        found = self.client.experiments.get(self.experiment).state
        assert found is state or not is_terminal(found) or self._is_left_again(found), f"{found} instead of {state}"
        return found is state

    def _is_left_again(self, found: ExperimentState) -> bool:
        """A retry was accepted, and the orchestrator has not heard of it yet."""
        return (
            len(list(self.client.experiments.processes(self.experiment))) > 1 and found is not ExperimentState.COMPLETED
        )


def _generation(job: FinishedJob) -> str:
    return job.name.rpartition("-g")[2]


# ---------------------------------------------------------------- retries


def _after_a_failed_job(world: Steered) -> None:
    (world.folder / "fail").touch()
    world.launch("after-a-failed-job")
    world.await_state(ExperimentState.FAILED)
    (world.folder / "fail").unlink()
    world.client.experiments.retry(world.experiment)
    world.await_state(ExperimentState.COMPLETED)


def _after_a_cancel(world: Steered) -> None:
    world.launch("after-a-cancel", seconds=3.0)
    world.await_job(JobState.ACTIVE)
    world.client.experiments.cancel(world.experiment)
    world.await_state(ExperimentState.CANCELED)
    world.client.experiments.retry(world.experiment)
    world.await_state(ExperimentState.COMPLETED)


def _after_a_lost_answer(world: Steered) -> None:
    """The link goes away between sbatch and its answer; nobody waits for this resource, so the run fails."""
    world.ground.begin(Scale(0, pause_seconds=2.0))
    world.launch("after-a-lost-answer", seconds=1.0)
    await_value(lambda: any(world.ground.windows.iterdir()), "a submission under way", _PATIENCE_SECONDS, every=0.02)
    world.proxy.accepting = False
    world.proxy.cut()
    world.await_state(ExperimentState.FAILED)
    world.proxy.accepting = True
    world.ground.begin(Scale(0))
    world.client.experiments.retry(world.experiment)
    world.await_state(ExperimentState.COMPLETED)


# ---------------------------------------------------------------- cancels


def _before_the_submission(world: Steered) -> None:
    with _swallowing(world):
        world.launch("before-the-submission")
        world.await_process(ProcessState.STARTED, ProcessState.CONFIGURING_WORKSPACE)
        world.client.experiments.cancel(world.experiment)
    world.await_state(ExperimentState.CANCELED)


def _in_line(world: Steered) -> None:
    quota = world.client.quotas.create({"name": "nobody", "resource_id": world.resource_id, "max_live_jobs": 0})
    with _swallowing(world):  # until every replica knows of the quota
        world.launch("in-line")
        threading.Event().wait(_GATES_SECONDS)
    world.await_process(ProcessState.QUEUED)
    world.client.experiments.cancel(world.experiment)
    world.await_state(ExperimentState.CANCELED)
    world.client.quotas.delete(quota.id)


def _in_the_scheduler_s_queue(world: Steered) -> None:
    world.ground.slurm.ask("scontrol", "update", "PartitionName=debug", "State=DOWN")
    try:
        world.launch("in-the-queue")
        world.await_job(JobState.QUEUED)
        world.client.experiments.cancel(world.experiment)
        world.await_state(ExperimentState.CANCELED)
    finally:
        world.ground.slurm.ask("scontrol", "update", "PartitionName=debug", "State=UP")


def _while_the_job_runs(world: Steered) -> None:
    world.launch("while-it-runs", seconds=120.0)
    world.await_job(JobState.ACTIVE)
    world.client.experiments.cancel(world.experiment)
    world.await_state(ExperimentState.CANCELED)


def _while_outputs_are_staged(world: Steered) -> None:
    (world.folder / "talk").touch()
    try:
        world.launch("while-staging")
        world.await_process(ProcessState.MONITORING)
        world.proxy.delay_seconds = 0.1
        world.await_process(ProcessState.OUTPUT_DATA_STAGING)
        world.client.experiments.cancel(world.experiment)
        world.await_state(ExperimentState.CANCELED)
    finally:
        world.proxy.delay_seconds = 0.0
        (world.folder / "talk").unlink()


@contextmanager
def _swallowing(world: Steered) -> Iterator[None]:
    world.proxy.black_hole = True
    try:
        yield
    finally:
        world.proxy.black_hole = False
        world.proxy.cut()


Case = Callable[[Steered], None]

CASES: dict[str, tuple[Case, list[str], int]] = {
    "retry after a failed job": (_after_a_failed_job, ["FAILED", "COMPLETED"], 2),
    "retry after a cancel": (_after_a_cancel, ["CANCELLED", "COMPLETED"], 2),
    "retry after a lost answer": (_after_a_lost_answer, ["COMPLETED"], 1),
    "cancel before the submission": (_before_the_submission, [], 0),
    "cancel in line": (_in_line, [], 0),
    "cancel in the scheduler's queue": (_in_the_scheduler_s_queue, ["CANCELLED"], 0),
    "cancel while the job runs": (_while_the_job_runs, ["CANCELLED"], 1),
    "cancel while outputs are staged": (_while_outputs_are_staged, ["COMPLETED"], 1),
}
"""What is done; in which states Slurm wrote down its jobs, in order; how often the application ran."""


def steered_runs(ground: Ground) -> Line:
    """Go through the cases and return the line."""
    ground.begin(Scale(0))
    wrong: dict[str, object] = {}
    with _link(ground) as world:
        for name, (case, jobs, runs) in CASES.items():
            case(world)
            if (found := world.counted()) != (jobs, runs):
                wrong[name] = found
    return {"proof": "steered-runs", "cases": len(CASES), "not_as_designed": len(wrong), "wrong": wrong}


@contextmanager
def _link(ground: Ground) -> Iterator[Steered]:
    folder = ground.runs.parent / "steered"
    folder.mkdir()
    folder.chmod(0o777)
    application = ground.directory / "bin" / "steered"
    application.write_text(_APPLICATION.format(folder=folder))
    application.chmod(0o755)
    with FaultProxy(ground.sshd.port) as proxy, ground.client() as client:
        resource_id = _resource(ground, client, proxy.port)
        module = client.modules.create({"name": "steered"})
        interface = client.interfaces.create(
            {
                "module_id": module.id,
                "name": "steered",
                "inputs": [{"name": "seconds", "type": "float", "order": 0}],
                "outputs": [{"name": "stdout", "type": "stdout"}],
            }
        )
        client.deployments.create({"module_id": module.id, "resource_id": resource_id, "executable": str(application)})
        yield Steered(ground, client, proxy, folder, interface.id, resource_id)


def _resource(ground: Ground, client: Client, port: int) -> str:
    retry = {"max_attempts": 2, "initial_delay_seconds": 0.5, "max_delay_seconds": 1, "outage_seconds": 0}
    return resource_over_a_link(ground, client, _LINK, port, retry=retry)
