"""What each scheduler is asked for, word by word; and the application in a container."""

import subprocess
from pathlib import Path

import pytest

from howdah.compute.application import contained, job_script
from howdah.compute.schedulers import JobPlace, scheduler_of
from howdah.compute.schedulers.glossary import renewed
from howdah.compute.schedulers.slurm_words import sentence
from howdah.contracts.containers import Bind, Container, ContainerGpu, ContainerRuntime
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import GridEngineNames, SchedulerKind

PLACE = JobPlace("howdah-0190c0de-0000-7000-8000-000000000001-g1", "/work dir", "/work dir/.howdah/job-1")
JOB = JobSpec(
    executable="x",
    queue="debug",
    account="chem",
    reservation="r1",
    nodes=2,
    tasks_per_node=4,
    cpus_per_task=2,
    gpus_per_node=1,
    memory_mb=8000,
    wall_time_minutes=90,
)
NATIVE = {
    SchedulerKind.SLURM: "--constraint=haswell",
    SchedulerKind.PBS: "-l place=scatter:excl",
    SchedulerKind.LSF: "-x",
    SchedulerKind.SGE: "-l arch=lx-amd64",
    SchedulerKind.HTCONDOR: "rank = Mips",
}
EXPECTED = {
    SchedulerKind.SLURM: "--partition=debug --account=chem --reservation=r1 --gpus-per-node=1 --mem=8000M --time=90 "
    "--nodes=2 --ntasks-per-node=4 --cpus-per-task=2 --qos=high --constraint=haswell",
    SchedulerKind.PBS: "-q r1 -A chem -l select=2:ncpus=8:mpiprocs=4:ompthreads=2:ngpus=1:mem=8000mb walltime=1:30:00 "
    "umask=022 place=scatter:excl",
    SchedulerKind.LSF: "-q debug -P chem -U r1 -sla high -n 16 span[ptile=8] rusage[mem=8000MB] -M 8000MB -W 90 "
    "-gpu num=1 -x",
    SchedulerKind.SGE: "-q debug -P chem -ar r1 -pe mpi 16 h_rt=1:30:00 h_vmem=1000M gpu=1 arch=lx-amd64",
}


@pytest.mark.parametrize("kind", [SchedulerKind.SLURM, SchedulerKind.PBS, SchedulerKind.LSF, SchedulerKind.SGE])
def test_everything_asked_for_is_passed_on(kind: SchedulerKind) -> None:
    qos = "high" if kind in {SchedulerKind.SLURM, SchedulerKind.LSF} else None
    job = JOB.model_copy(update={"native": (NATIVE[kind],), "qos": qos})
    scheduler = scheduler_of(kind, GridEngineNames(multi_node_environment="mpi"))
    options = scheduler.submit_options(job, PLACE)
    assert set(EXPECTED[kind].split()) <= set(options), set(EXPECTED[kind].split()) - set(options)
    assert scheduler.limit_seconds(job) is None
    assert sum(word.startswith("place=") for word in options) <= 1


def test_a_submit_description_of_htcondor() -> None:
    scheduler = scheduler_of(SchedulerKind.HTCONDOR)
    job = JOB.model_copy(update={"nodes": 1, "native": ("rank = Mips",)})
    lines = scheduler.submit_options(job, PLACE)
    assert f'+HowdahName = "{PLACE.job_name}"' in lines
    wanted = {
        "request_cpus = 8",
        "request_memory = 8000",
        "request_gpus = 1",
        "accounting_group = chem",
        "rank = Mips",
    }
    assert wanted <= set(lines)
    assert "initialdir = /work dir" in lines
    assert scheduler.limit_seconds(job) == 5_400


def test_names_survive_the_shortest_limit_and_stay_apart() -> None:
    pbs = scheduler_of(SchedulerKind.PBS)
    names = {pbs.name_of(f"howdah-0190c0de-0000-7000-8000-{number:012x}-g1") for number in range(2_000)}
    assert len(names) == 2_000
    assert all(len(name) == 15 and name.isalnum() and name[0].isalpha() for name in names)


def test_native_selections_replace_ours() -> None:
    job = JOB.model_copy(update={"native": ("-l select=1:ncpus=2:model=bro",)})
    options = scheduler_of(SchedulerKind.PBS).submit_options(job, PLACE)
    assert [word for word in options if word.startswith("select=")] == ["select=1:ncpus=2:model=bro"]
    job = JOB.model_copy(update={"native": ("-pe openmp 4",)})
    assert list(scheduler_of(SchedulerKind.SGE).submit_options(job, PLACE)).count("-pe") == 1


# Slurm's page "Job Reason Codes", the families of limits by examples.
REASONS = """AccountNotAllowed AssocGrpBBMinutes AssocGrpBBRunMinutes AssocGrpBillingMinutes AssocGrpCPUMinutesLimit
AssocGrpCPURunMinutesLimit AssocGrpCpuLimit AssocGrpEnergy AssocGrpGRES AssocGrpGRESMinutes AssocGrpJobsLimit
AssocGrpLicense AssocGrpMemLimit AssocGrpNodeLimit AssocGrpNodeRunMinutes AssocGrpSubmitJobsLimit AssocGrpUnknown
AssocGrpWallLimit AssocMaxBBMinutesPerJob AssocMaxBillingPerJob AssocMaxCPUMinutesPerJobLimit
AssocMaxCpuPerJobLimit AssocMaxGRESPerNode AssocMaxJobsLimit AssocMaxMemPerJob AssocMaxNodePerJobLimit
AssocMaxSubmitJobLimit AssocMaxWallDurationPerJobLimit AssociationJobLimit AssociationResourceLimit
AssociationTimeLimit BadConstraints BeginTime BurstBufferOperation BurstBufferResources BurstBufferStageIn Cleaning
DeadLine Dependency DependencyNeverSatisfied FedJobLock FrontEndDown InactiveLimit InvalidAccount InvalidQOS
JobArrayTaskLimit JobHeldAdmin JobHeldUser JobHoldMaxRequeue JobLaunchFailure Licenses MaxBellHopCount
MaxPowerExceeded NodeDown NodeFail NonZeroExitCode OutOfMemory PartitionConfig PartitionDown PartitionInactive
PartitionNodeLimit PartitionTimeLimit PowerNotAvail PowerReserved Priority Prolog QOSGrpBillingMinutes
QOSGrpCpuLimit QOSGrpGRES QOSGrpMemLimit QOSGrpNodeLimit QOSGrpWallLimit QOSJobLimit QOSMaxCpuPerJobLimit
QOSMaxCpuPerUserLimit QOSMaxGRESPerUser QOSMaxJobsPerUserLimit QOSMaxMemoryPerJob QOSMaxNodePerUserLimit
QOSMaxSubmitJobPerUserLimit QOSMaxWallDurationPerJobLimit QOSMinCpuNotSatisfied QOSMinGRES QOSMinMemory
QOSNotAllowed QOSResourceLimit QOSTimeLimit QOSUsageThreshold RaisedSignal ReqNodeNotAvail Reservation
ReservationDeleted Resources SchedDefer SystemFailure TimeLimit"""


@pytest.mark.parametrize("code", REASONS.split())
def test_every_documented_reason_of_slurm_is_a_sentence(code: str) -> None:
    told = sentence("PENDING", code)
    assert told.startswith("The job waits in the queue: ")
    assert told.endswith(f" ({code}).")


FAKE = """#!/bin/sh
# Keeps what it was told and runs the command, as a container runtime would.
printf '%s\\n' "$@" >"$RECORD"
while [ $# -gt 0 ]; do
    case $1 in *.sif | docker://* | quay.io/*) shift; exec "$@" ;; esac
    shift
done
"""


@pytest.mark.parametrize(
    ("runtime", "program", "image"),
    [
        (ContainerRuntime.APPTAINER, "apptainer", "docker://quay.io/x/y:1"),
        (ContainerRuntime.APPTAINER, "singularity", "/apps/x y.sif"),
        (ContainerRuntime.PODMAN, "podman", "quay.io/x/y:1"),
    ],
)
def test_the_application_runs_in_the_container(
    tmp_path: Path, runtime: ContainerRuntime, program: str, image: str
) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / program
    fake.write_text(FAKE)
    fake.chmod(0o755)
    (tmp_path / "sub").mkdir()
    container = Container(
        runtime=runtime,
        image=image,
        gpu=ContainerGpu.NVIDIA,
        binds=(Bind(source="/data", target="/in", read_only=True),),
    )
    job = JobSpec(
        executable="sh",
        arguments=("-c", 'printf "%s" "$SECRET" >out; exit 4'),
        environment={"SECRET": "it's $HOME"},
        pre_commands=(f"export RECORD={tmp_path}/record",),
        container=container,
    )
    place = JobPlace("name", str(tmp_path), str(tmp_path / "sub"))
    script = tmp_path / "job.sh"
    script.write_text(job_script(scheduler_of(SchedulerKind.FORK), job, place, job.executable))
    path = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": str(tmp_path), "HOWDAH_NATIVE_ID": "here:1:now"}
    done = subprocess.run(["sh", str(script)], check=False, timeout=20, start_new_session=True, env=path)
    assert done.returncode == 4
    assert (tmp_path / "out").read_text() == "it's $HOME"
    told = (tmp_path / "record").read_text().splitlines()
    assert f"{tmp_path}:{tmp_path}" in told
    assert "/data:/in:ro" in told
    assert image in told
    assert not any("it's" in word for word in told)
    assert {"--nv"} <= set(told) or {"nvidia.com/gpu=all", "SECRET"} <= set(told)


def test_without_a_runtime_the_job_says_so(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    job = JobSpec(executable="true", container=Container(image="docker://x"))
    script = tmp_path / "job.sh"
    place = JobPlace("name", str(tmp_path), str(tmp_path / "sub"))
    script.write_text(job_script(scheduler_of(SchedulerKind.FORK), job, place, "true"))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HOWDAH_NATIVE_ID": "here:1:now"}
    done = subprocess.run(["sh", str(script)], check=False, timeout=20, start_new_session=True, env=environment)
    assert done.returncode == 94
    assert "on the PATH of the job" in (tmp_path / "stderr.txt").read_text()


def test_a_work_directory_that_no_runtime_can_bind_is_refused() -> None:
    with pytest.raises(ValueError, match="','"):
        contained(Container(image="docker://x"), ["true"], "/a,b", ())


def test_the_documented_words_are_those_of_the_code() -> None:
    path = Path(__file__).parents[3] / "docs" / "compute-resources.md"
    text = path.read_text()
    assert renewed(text) == text, "the schedulers' words have changed: make schemas"
