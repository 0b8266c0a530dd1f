"""The shell texts by themselves: they parse in every shell at hand, and values stay values."""

import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from howdah.compute.application import job_script
from howdah.compute.schedulers import JobPlace, scheduler_of
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import SchedulerKind

TEMPLATES = sorted(path.name for path in files("howdah.compute.templates").iterdir() if path.name.endswith(".sh"))
SHELLS = [shell for shell in ("dash", "bash", "busybox", "ksh", "mksh", "yash", "zsh") if shutil.which(shell)]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_valid_shell(name: str, shell: str) -> None:
    text = files("howdah.compute.templates").joinpath(name).read_text()
    argv = [shell, "sh", "-n"] if shell == "busybox" else [shell, "-n"]
    result = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=10)
    complaints = [line for line in result.stderr.splitlines() if "warning" not in line]  # ksh has its opinions of style
    assert (result.returncode, complaints) == (0, [])


def _run_as_job(tmp_path: Path, job: JobSpec, native_id: str = "here:1:now") -> tuple[int, Path]:
    submission = tmp_path / "sub mission"
    submission.mkdir(exist_ok=True)
    place = JobPlace("name", str(tmp_path), str(submission))
    script = tmp_path / "job.sh"
    text = job_script(scheduler_of(SchedulerKind.FORK), job, place, job.executable)
    # A minute is the shortest wall time that can be asked for; a second is enough here.
    script.write_text(text.replace("limit_seconds=60\n", "limit_seconds=1\n"))
    environment = {**os.environ, "HOWDAH_NATIVE_ID": native_id}
    result = subprocess.run(["sh", str(script)], check=False, timeout=20, start_new_session=True, env=environment)
    return result.returncode, submission


NASTY = "a'b\"c $HOME `id` $(id) \\ ; & | > < * ? \n newline ü"


def test_values_reach_the_application_unchanged(tmp_path: Path) -> None:
    job = JobSpec(
        executable="sh",
        arguments=("-c", 'printf %s "$1$V"', "x", NASTY),
        environment={"V": NASTY},
        stdout="out/put.txt",
    )
    code, submission = _run_as_job(tmp_path, job)
    assert code == 0
    assert (tmp_path / "out/put.txt").read_text() == NASTY * 2
    native_id, exit_code = (submission / "ended").read_text().split()
    assert (exit_code, native_id) == ("0", (submission / "begun").read_text().strip())


def test_commands_around_the_application_share_its_shell(tmp_path: Path) -> None:
    job = JobSpec(
        executable="sh", arguments=("-c", "echo $A"), pre_commands=("export A=before",), post_commands=("echo after",)
    )
    assert _run_as_job(tmp_path, job)[0] == 0
    assert (tmp_path / "stdout.txt").read_text() == "before\nafter\n"


def test_an_application_that_fails_is_not_followed_by_the_post_commands(tmp_path: Path) -> None:
    job = JobSpec(executable="sh", arguments=("-c", "exit 9"), post_commands=("echo after",))
    code, submission = _run_as_job(tmp_path, job)
    assert code == 9
    assert (submission / "ended").read_text().split()[1] == "9"
    assert (tmp_path / "stdout.txt").read_text() == ""


def test_a_pre_command_that_exits_ends_the_job_with_its_code(tmp_path: Path) -> None:
    code, submission = _run_as_job(tmp_path, JobSpec(executable="true", pre_commands=("exit 12",)))
    assert (code, (submission / "ended").read_text().split()[1]) == (12, "12")


def test_a_second_job_of_the_submission_is_suppressed(tmp_path: Path) -> None:
    job = JobSpec(executable="sh", arguments=("-c", "echo ran >> times"))
    assert _run_as_job(tmp_path, job)[0] == 0
    code, submission = _run_as_job(tmp_path, job, "here:2:now")
    assert code == 97
    assert (tmp_path / "times").read_text() == "ran\n"
    assert len(list(submission.glob("suppressed.*"))) == 1


def test_a_tombstone_keeps_the_application_from_running(tmp_path: Path) -> None:
    (tmp_path / "sub mission").mkdir()
    (tmp_path / "sub mission" / "tombstone").touch()
    code, submission = _run_as_job(tmp_path, JobSpec(executable="touch", arguments=("ran",)))
    assert code == 143
    assert not (tmp_path / "ran").exists()
    assert (submission / "ended").read_text().split()[1] == "canceled"


def test_without_a_mark_the_application_is_not_run(tmp_path: Path) -> None:
    job = JobSpec(executable="touch", arguments=("ran",))
    place = JobPlace("name", str(tmp_path), str(tmp_path / "not there"))
    script = tmp_path / "job.sh"
    script.write_text(job_script(scheduler_of(SchedulerKind.FORK), job, place, job.executable))
    environment = {**os.environ, "HOWDAH_NATIVE_ID": "here:1:now"}
    done = subprocess.run(["sh", str(script)], check=False, timeout=20, capture_output=True, env=environment)
    assert done.returncode == 98
    assert not (tmp_path / "ran").exists()


def test_a_job_that_is_told_no_id_of_its_own_does_not_run_the_application(tmp_path: Path) -> None:
    assert _run_as_job(tmp_path, JobSpec(executable="touch", arguments=("ran",)), "")[0] == 98
    assert not (tmp_path / "ran").exists()


def test_the_wall_time_ends_the_job_also_when_it_is_deaf(tmp_path: Path) -> None:
    deaf = "trap '' TERM; touch began; while :; do sleep 0.2; done"
    job = JobSpec(executable="sh", arguments=("-c", deaf), wall_time_minutes=1)
    code, submission = _run_as_job(tmp_path, job)
    assert code == -9
    assert (tmp_path / "began").exists()
    assert (submission / "ended").read_text().split()[1] == "timeout"


def test_the_wall_time_is_told_apart_from_a_failure(tmp_path: Path) -> None:
    code, submission = _run_as_job(tmp_path, JobSpec(executable="sleep", arguments=("60",), wall_time_minutes=1))
    assert code == 143
    assert (submission / "ended").read_text().split()[1] == "timeout"


@pytest.mark.parametrize(("requeue", "code", "runs"), [(False, 99, 1), (True, 0, 2)])
def test_a_job_that_is_started_again_runs_again_only_if_it_bears_it(
    tmp_path: Path, requeue: bool, code: int, runs: int
) -> None:
    submission = tmp_path / "sub"
    submission.mkdir()
    job = JobSpec(executable="sh", arguments=("-c", "echo ran >>times"), requeue=requeue)
    script = tmp_path / "job.sh"
    place = JobPlace("name", str(tmp_path), str(submission))
    script.write_text(job_script(scheduler_of(SchedulerKind.SLURM), job, place, job.executable))
    environment = {"SLURM_JOB_ID": "7", "PATH": "/usr/bin:/bin"}

    def run() -> int:
        (submission / "ended").unlink(missing_ok=True)  # as if it had been killed under way
        return subprocess.run(["sh", str(script)], check=False, timeout=20, env=environment).returncode

    assert [run(), run()] == [0, code]
    assert (tmp_path / "times").read_text() == "ran\n" * runs
    assert (submission / "ended").read_text().split()[:2] == ["7", "0" if requeue else "interrupted"]
