"""A disk that is full at any step of a submission: what is known stays known, and the words say why."""

import os
import shutil
import subprocess
from pathlib import Path

from howdah.compute import templates

_SHELL = "dash" if shutil.which("dash") else "sh"
_CLAIM = """
sub={sub} job_name=name attempt=2 nonce=abc submit_limit=1
scheduler_lookup() {{ echo 17; }}
scheduler_accounting() {{ :; }}
scheduler_memory() {{ echo 1000; }}
{claim}
"""


def _run(sub: Path, body: str, path: str = "") -> subprocess.CompletedProcess[str]:
    text = templates.text("files.sh", "process.sh") + _CLAIM.format(sub=sub, claim=templates.text("claim.sh")) + body
    environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    return subprocess.run(
        [_SHELL, "-c", text], capture_output=True, text=True, check=False, timeout=30, env=environment
    )


def _without(tmp_path: Path, program: str) -> str:
    """Return a PATH entry where ``program`` fails as on a full disk."""
    fake = tmp_path / "bin" / program
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho '{program}: No space left on device' >&2\nexit 1\n")
    fake.chmod(0o755)
    return str(fake.parent)


def test_a_job_that_was_found_by_name_is_found_also_when_its_id_can_not_be_recorded(tmp_path: Path) -> None:
    done = _run(tmp_path, 'find_job; echo "$? $native_id"', _without(tmp_path, "mv"))
    assert done.stdout == "0 17\n", "a found job that counts as none would be submitted again"


def test_a_started_mark_tells_of_its_job_also_when_the_id_can_not_be_recorded(tmp_path: Path) -> None:
    (tmp_path / "started").symlink_to("18")
    done = _run(tmp_path, 'find_job; echo "$? $native_id"', _without(tmp_path, "mv"))
    assert done.stdout == "0 18\n"


def test_a_claim_that_can_not_be_made_is_told_with_the_systems_words(tmp_path: Path) -> None:
    done = _run(tmp_path, 'make_claim 1; echo "$?"', _without(tmp_path, "mkdir"))
    assert (done.stdout, "No space left" in done.stderr) == ("2\n", True)


def test_a_claim_that_somebody_else_holds_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "claim.1").mkdir()
    done = _run(tmp_path, 'make_claim 1; echo "$?"')
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_claim_whose_owner_can_not_be_written_is_given_back(tmp_path: Path) -> None:
    """A directory in the file's place keeps it from being written, as a full disk does."""
    block = 'mkdir() { command mkdir "$1" && command mkdir "$1/owner"; }\n'
    done = _run(tmp_path, f'{block}make_claim 1; echo "$?"')
    assert done.stdout == "2\n"
    assert (tmp_path / "claim.1" / "released").exists()


def test_the_age_of_a_claim_that_can_not_be_told_takes_nothing_over(tmp_path: Path) -> None:
    (tmp_path / "claim.1").mkdir()
    (tmp_path / "now.abc").mkdir()  # the file for the file system's time can't be made
    done = _run(tmp_path, 'n=1; may_take_over; echo "$?"')
    assert done.stdout == "1\n"
