"""What may be passed through to a scheduler or a container runtime, and what is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from howdah.contracts.containers import Bind, Container
from howdah.contracts.native import native_arguments
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import GridEngineNames, SchedulerKind
from howdah.contracts.scheduling import impossible, wrong_directives

SLURM, PBS, LSF, SGE, CONDOR = (
    SchedulerKind.SLURM,
    SchedulerKind.PBS,
    SchedulerKind.LSF,
    SchedulerKind.SGE,
    SchedulerKind.HTCONDOR,
)


@pytest.mark.parametrize(
    ("kind", "directive", "words"),
    [
        (SLURM, "--constraint=haswell", ("--constraint=haswell",)),
        (SLURM, "#SBATCH -C 'a&b'", ("-C", "a&b")),
        (SLURM, "--exclusive", ("--exclusive",)),
        (PBS, "#PBS -l place=scatter:excl", ("-l", "place=scatter:excl")),
        (PBS, "-W group_list=chem", ("-W", "group_list=chem")),
        (LSF, '#BSUB -R "select[type==X86_64] order[ut]"', ("-R", "select[type==X86_64] order[ut]")),
        (LSF, "-x", ("-x",)),
        (SGE, "#$ -l arch=lx-amd64", ("-l", "arch=lx-amd64")),
        (SGE, "-pe mpi 16", ("-pe", "mpi", "16")),
        (CONDOR, "requirements = OpSysMajorVer == 9", ("requirements = OpSysMajorVer == 9",)),
        (CONDOR, '+ProjectName="chem"', ('+ProjectName = "chem"',)),
    ],
)
def test_directives_pass_through(kind: SchedulerKind, directive: str, words: tuple[str, ...]) -> None:
    assert native_arguments(kind, directive) == words


@pytest.mark.parametrize(
    ("kind", "directive", "why"),
    [
        (SLURM, "--job-name=mine", "the platform sets it itself"),
        (SLURM, "-Jmine", "the platform sets it itself"),
        (SLURM, "-o /tmp/x", "the platform sets it itself"),
        (SLURM, "--array=1-10", "the platform sets it itself"),
        (SLURM, "--time=99:00", "use wall_time_minutes"),
        (SLURM, "--partition big", "use queue"),
        (SLURM, "haswell", "does not look like a directive of slurm"),
        (SLURM, "--exclusive other.sh third", "does not look like"),
        (SLURM, "--constraint='haswell", "a quote that is not closed"),
        (SLURM, "", "does not look like"),
        (PBS, "-Nmine", "the platform sets it itself"),
        (PBS, "-J 1-10", "the platform sets it itself"),
        (PBS, "-l ncpus=1,walltime=9:00:00", "use wall_time_minutes"),
        (PBS, "-W block=true", "the platform sets it itself"),
        (LSF, "-J x[1-10]", "the platform sets it itself"),
        (LSF, "-K", "the platform sets it itself"),
        (SGE, "-t 1-10", "the platform sets it itself"),
        (SGE, "-sync y", "the platform sets it itself"),
        (CONDOR, "queue 10", "no line of a submit description"),
        (CONDOR, "Executable = /bin/rm", "the platform sets it itself"),
        (CONDOR, '+HowdahName = "x"', "the platform sets it itself"),
        (CONDOR, "request_memory = 5", "use memory_mb"),
        (CONDOR, "rank = a \\", "no line of a submit description"),
        (SchedulerKind.FORK, "-x", "has no directives"),
    ],
)  # fmt: skip
def test_what_the_platform_owns_or_nobody_knows_is_refused(kind: SchedulerKind, directive: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        native_arguments(kind, directive)
    assert [index for index, _ in wrong_directives(kind, [directive])] == [0]


@given(st.sampled_from(list(SchedulerKind)), st.text(max_size=80))
def test_no_directive_crashes(kind: SchedulerKind, directive: str) -> None:
    try:
        words = native_arguments(kind, directive)
    except ValueError:
        return
    assert words
    assert kind is not SchedulerKind.FORK


@pytest.mark.parametrize("directive", ["a\nb", "a\x00", "a\r", "x" * 501, ""])
def test_a_directive_is_one_line(directive: str) -> None:
    with pytest.raises(ValidationError):
        JobSpec(executable="x", native=(directive,))


def test_what_a_scheduler_has_not_is_told_with_what_to_do() -> None:
    asked = JobSpec(executable="x", queue="q", qos="high", reservation="r", nodes=3)
    assert dict(impossible(SLURM, asked)) == {}
    assert set(dict(impossible(PBS, asked))) == {"qos"}
    assert set(dict(impossible(CONDOR, asked))) == {"qos", "reservation", "nodes"}
    assert "multi_node_environment" in dict(impossible(SGE, asked))["nodes"]
    assert "nodes" not in dict(impossible(SGE, asked, GridEngineNames(multi_node_environment="mpi")))
    assert "nearest legal value is 1" in dict(impossible(SchedulerKind.FORK, asked))["nodes"]


@pytest.mark.parametrize(
    ("runtime", "image"),
    [
        ("apptainer", "docker://python:3.12-slim"),
        ("apptainer", "docker://ghcr.io/example/gromacs@sha256:" + "a" * 64),
        ("apptainer", "oras://registry.example.org:5000/x/y:1"),
        ("apptainer", "/apps/images/gromacs 2026.sif"),
        ("apptainer", "~/images/x.sif"),
        ("podman", "docker.io/library/python:3.12"),
        ("podman", "docker://quay.io/x/y"),
    ],
)
def test_images_that_are_references(runtime: str, image: str) -> None:
    assert Container.model_validate({"runtime": runtime, "image": image}).image == image


@pytest.mark.parametrize(
    ("runtime", "image"),
    [
        ("apptainer", "python:3.12"),
        ("apptainer", "docker://-evil"),
        ("apptainer", "docker://x y"),
        ("apptainer", "/apps/../x:y"),
        ("apptainer", "--nv"),
        ("podman", "/apps/x.sif"),
        ("podman", "--privileged"),
        ("podman", "x;reboot"),
    ],
)
def test_images_that_are_none(runtime: str, image: str) -> None:
    with pytest.raises(ValidationError, match="is no image for"):
        Container.model_validate({"runtime": runtime, "image": image})


@pytest.mark.parametrize("path", ["relative", "/with:colon", "/with,comma", "/new\nline"])
def test_binds_are_plain_paths(path: str) -> None:
    with pytest.raises(ValidationError):
        Bind(source=path)
