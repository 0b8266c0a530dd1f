"""The submission's scripts run here as on a login node, in every shell at hand, with what they start counted."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from howdah.compute.abstract import CommandResult, Connection
from howdah.compute.invocation import Script
from howdah.contracts.ids import new_id
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import ResourceTarget, SchedulerKind, TransportKind
from tests.fixtures.submissions import Submission, counting
from tests.fixtures.waiting import await_value

SHELLS = {
    "dash": ("dash",),
    "bash": ("bash", "--posix"),
    "busybox": ("busybox", "sh"),
    "ksh": ("ksh",),
    "mksh": ("mksh",),
    "yash": ("yash",),
}
AT_HAND = [name for name, argv in SHELLS.items() if shutil.which(argv[0])]
PROGRAMS = (
    "setsid",
    "sh",
    "mkdir",
    "mv",
    "ln",
    "rm",
    "cat",
    "date",
    "sed",
    "tail",
    "readlink",
    "stat",
    "uname",
    "nohup",
)
TARGET = ResourceTarget.model_validate(
    {
        "resource_id": new_id(),
        "name": "here",
        "transport": TransportKind.LOCAL,
        "scheduler": SchedulerKind.FORK,
        "host": "here",
        "submit_timeout_seconds": 1.0,
    }
)


@dataclass
class Here:
    """A connection that runs each script in the shell ``argv``, with ``path`` in front of PATH."""

    argv: tuple[str, ...]
    path: str = ""
    target: ResourceTarget = TARGET
    answers: list[str] = field(default_factory=list)

    def expand(self, path: str) -> str:
        """Return the path, which is absolute."""
        return path

    def run_script(self, script: str, variables: Mapping[str, str], **_: object) -> CommandResult:
        """Run it to its end."""
        text = b"".join(Script(script, variables).login_input() or ())
        environment = {**os.environ, "PATH": f"{self.path}:{os.environ['PATH']}"}
        done = subprocess.run(self.argv, input=text, capture_output=True, env=environment, timeout=60, check=False)
        self.answers.append(done.stdout.decode())
        return CommandResult(done.returncode, done.stdout, done.stderr, truncated=False, elapsed_seconds=0)


def _submit(here: Here, submission: Submission, attempt: int = 1) -> tuple[str, bool]:
    job = submission.submit(cast("Connection", here), attempt)
    return job.native_id, job.adopted


def _ended(submission: Submission) -> str:
    path = submission.directory / "ended"
    return await_value(lambda: path.read_text() if path.exists() else None, "the job's end")


@pytest.mark.parametrize("shell", AT_HAND)
def test_every_shell_submits_once_and_finds_the_job_again(tmp_path: Path, shell: str) -> None:
    here, submission = Here(SHELLS[shell]), Submission.of(tmp_path, counting(exit_code=4))
    native_id, adopted = _submit(here, submission)
    assert not adopted
    assert _ended(submission) == f"{native_id} 4\n"
    assert _submit(here, submission, attempt=2) == (native_id, True)
    assert submission.times_run == 1
    assert submission.script.exists()


def _counted(directory: Path) -> Path:
    """Return a directory of programs that note their names before they do what they are for."""
    directory.mkdir()
    for name in PROGRAMS:
        real = shutil.which(name)
        shim = directory / name
        shim.write_text(f'#!/bin/sh\necho {name} >>{directory}/started\nexec {real} "$@"\n')
        shim.chmod(0o755)
    return directory


def test_a_submission_and_its_job_start_no_more_programs_than_the_protocol_needs(tmp_path: Path) -> None:
    programs = _counted(tmp_path / "bin")
    submission = Submission.of(tmp_path, JobSpec(executable="true"))
    _submit(Here(("dash",) if shutil.which("dash") else ("sh",), str(programs)), submission)
    _ended(submission)
    started = Counter((programs / "started").read_text().split())
    # A session of its own, wrapper and job; directory and claim; the started mark; the records of id and end.
    assert started == {"setsid": 1, "sh": 2, "mkdir": 2, "ln": 1, "mv": 2}
