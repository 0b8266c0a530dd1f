import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from howdah.contracts.control import (
    Accepted,
    ChildState,
    GetStatus,
    RefusalReason,
    Refused,
    RestartChild,
    StackStatus,
    StopStack,
)
from howdah.local.child_logs import bound
from howdah.local.control import ask
from howdah.local.errors import LocalStackError

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

TINY_STACK = Path(__file__).with_name("tiny_stack.py")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the tiny stack in the test's folder; whatever is left of it is ended after the test."""
    stacks: list[subprocess.Popen[str]] = []

    def starter(*options: str) -> "subprocess.Popen[str]":
        stacks.append(
            subprocess.Popen(
                [sys.executable, str(TINY_STACK), str(tmp_path), *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=TINY_STACK.parents[3],
            )
        )
        return stacks[-1]

    yield starter
    for stack in stacks:
        family = psutil.Process(stack.pid).children() if stack.poll() is None else []
        stack.kill()
        stack.wait()
        for process in family:
            process.kill()


def await_line(stack: "subprocess.Popen[str]", text: str) -> str:
    assert stack.stdout is not None
    heard = []
    for line in stack.stdout:
        heard.append(line)
        if text in line:
            return line
    pytest.fail(f"{text!r} was not said, but:\n{''.join(heard)}")


def pid_of(tmp_path: Path, name: str) -> int:
    return int((tmp_path / "out" / f"{name}.pid").read_text())


def await_that(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "did not come true within 20 s"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_children_start_in_order_and_stop_in_reverse_order(start: Start, tmp_path: Path) -> None:
    stack = start()
    await_line(stack, "all ready")
    pids = [pid_of(tmp_path, name) for name in ("first", "second")]
    stack.send_signal(signal.SIGTERM)
    rest, _ = stack.communicate(timeout=20)
    assert stack.returncode == 0, rest
    assert (tmp_path / "out/ends").read_text().split() == ["second", "first"]
    assert not any(lives(pid) for pid in pids)
    assert (tmp_path / "out/chore").exists()
    assert (tmp_path / "logs/first.log").read_text() == "first is up\n"


def test_ctrl_c_in_the_terminal_does_not_reach_the_children_directly(start: Start, tmp_path: Path) -> None:
    stack = start()
    await_line(stack, "all ready")
    assert {os.getsid(pid_of(tmp_path, name)) for name in ("first", "second")}.isdisjoint({os.getsid(stack.pid)})
    stack.send_signal(signal.SIGINT)
    rest, _ = stack.communicate(timeout=20)
    assert stack.returncode == 0, rest


def test_a_dead_child_is_started_again_and_this_is_said(start: Start, tmp_path: Path) -> None:
    stack = start()
    await_line(stack, "all ready")
    before = pid_of(tmp_path, "second")
    os.kill(before, signal.SIGKILL)
    assert "second was ended by signal 9; starts again in 0.1 s" in await_line(stack, "second was ended")
    await_line(stack, "second is ready again")
    await_that(lambda: pid_of(tmp_path, "second") != before)
    status = ask(tmp_path, GetStatus())
    assert isinstance(status, StackStatus)
    assert [(child.name, child.state, child.restarts) for child in status.children] == [
        ("first", ChildState.READY, 0),
        ("second", ChildState.READY, 1),
    ]
    assert status.supervisor_pid == stack.pid
    assert status.children[1].pid == pid_of(tmp_path, "second")


def test_a_child_that_hangs_is_killed_and_started_again_and_this_is_said(start: Start, tmp_path: Path) -> None:
    stack = start()
    await_line(stack, "all ready")
    before = pid_of(tmp_path, "second")
    os.kill(before, signal.SIGSTOP)
    said = await_line(stack, "second hung and was killed")
    assert "3 checks in a row failed, nothing answers on port" in said
    assert "starts again in 0.1 s" in said
    await_line(stack, "second is ready again")
    await_that(lambda: pid_of(tmp_path, "second") != before)
    assert not lives(before)


def test_a_second_supervisor_in_the_same_directory_is_refused(start: Start, tmp_path: Path) -> None:
    stack = start()
    await_line(stack, "all ready")
    before = pid_of(tmp_path, "first")
    second = start()
    said, _ = second.communicate(timeout=20)
    assert second.returncode == 1
    assert f"a stack runs in {tmp_path} already (process {stack.pid})" in said
    assert lives(before)


def test_orphans_of_a_killed_supervisor_are_stopped_at_the_next_start(start: Start, tmp_path: Path) -> None:
    stack = start("--orphans")
    await_line(stack, "all ready")
    orphans = {name: pid_of(tmp_path, name) for name in ("first", "second")}
    stack.kill()
    stack.wait()
    assert all(lives(pid) for pid in orphans.values())
    again = start()
    for name in ("second", "first"):
        assert f"stopping {name} (process {orphans[name]})" in await_line(again, "left behind")
    await_line(again, "all ready")
    assert not any(lives(pid) for pid in orphans.values())
    assert sorted((tmp_path / "out/ends").read_text().split()) == ["first", "second"], "by signal, not by SIGKILL"


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_children_are_told_when_the_supervisor_is_killed(start: Start, tmp_path: Path) -> None:
    stack = start()
    await_line(stack, "all ready")
    pids = [pid_of(tmp_path, name) for name in ("first", "second")]
    stack.kill()
    stack.wait()
    await_that(lambda: not any(lives(pid) for pid in pids))


def test_a_child_that_does_not_stop_is_killed_after_its_grace_time(start: Start, tmp_path: Path) -> None:
    stack = start("--stubborn")
    await_line(stack, "all ready")
    stubborn = pid_of(tmp_path, "first")
    assert isinstance(ask(tmp_path, StopStack()), Accepted)
    await_line(stack, "first did not stop in time and was killed")
    assert stack.wait(20) == 0
    assert not lives(stubborn)
    with pytest.raises(LocalStackError, match="no stack runs"):
        ask(tmp_path, GetStatus())


def test_a_child_that_cannot_start_ends_the_start_with_its_log(start: Start, tmp_path: Path) -> None:
    stack = start("--failing")
    said, _ = stack.communicate(timeout=30)
    assert stack.returncode == 1
    assert "last ended before it was ready" in said
    assert "no luck" in said
    assert not any(lives(pid_of(tmp_path, name)) for name in ("first", "second"))


def test_a_child_is_restarted_on_request_and_a_wrong_name_is_refused(start: Start, tmp_path: Path) -> None:
    stack = start()
    await_line(stack, "all ready")
    before = pid_of(tmp_path, "first")
    assert ask(tmp_path, RestartChild(name="third")) == Refused(
        sentence="name: there is no child 'third', only first, second", reason=RefusalReason.UNKNOWN
    )
    assert isinstance(ask(tmp_path, RestartChild(name="first")), Accepted)
    await_line(stack, "first is ready again")
    await_that(lambda: pid_of(tmp_path, "first") != before)
    assert not lives(before)


def test_a_log_stays_bounded_while_its_child_goes_on_writing(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 101)
        assert bound(log, max_bytes=100)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "child.log.1").read_bytes() == b"x" * 101
    assert not bound(log, max_bytes=100)
