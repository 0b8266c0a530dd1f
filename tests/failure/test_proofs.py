"""The proofs at a size that fits CI: the same programs as ``make proof``, the same witness."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def proof(*arguments: str) -> list[dict[str, object]]:
    """Run the proofs as a program of their own; return the lines they printed and insist on status 0."""
    command = [sys.executable, "-m", "tests.failure.proof", *arguments]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=480, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr[-6_000:]
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_killing_every_process_loses_nothing_and_does_nothing_twice() -> None:
    (line,) = proof("kill-storm")
    assert line["lost"] == line["duplicates"] == 0
    assert line["experiments"] == line["jobs"] == line["completed"]
    assert line["kills"] >= 11  # type: ignore[operator]  # a number
    assert line["kills_in_window"] >= 2  # type: ignore[operator]  # a number


@pytest.mark.parametrize("daemon", ["kafka", "postgres"])
def test_an_outage_of_a_daemon_loses_nothing(daemon: str) -> None:
    (line,) = proof(f"{daemon}-outage")
    assert line["lost"] == line["duplicates"] == 0
    assert line["experiments"] == line["completed"]


def test_a_sick_resource_fails_with_kind_sentence_and_attempts_and_delays_nobody_else() -> None:
    lines = {str(line["proof"]): line for line in proof("ssh-faults")}
    assert list(lines) == ["ssh-refuse", "ssh-hang", "ssh-cut", "ssh-recovery"]
    for fault in ("ssh-refuse", "ssh-hang", "ssh-cut"):
        assert lines[fault]["failed"] == lines[fault]["experiments"]
        assert lines[fault]["not_as_designed"] == 0
    assert lines["ssh-recovery"]["completed"] == lines["ssh-recovery"]["experiments"]


def test_bytes_that_are_no_message_become_dead_letters_on_every_topic() -> None:
    (line,) = proof("bad-bytes")
    assert line["missing"] == {}
    assert line["sent"] == line["dead_letters"]
    assert line["experiments"] == line["completed"]


def test_the_witness_sees_a_plain_submission() -> None:
    (line,) = proof("--sabotage", "plain-submission")
    assert line["duplicates"]


def test_the_witness_sees_an_early_acknowledgement() -> None:
    (line,) = proof("--sabotage", "early-acknowledgement")
    assert line["lost"]
