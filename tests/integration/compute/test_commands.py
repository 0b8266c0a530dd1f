"""Command tasks: run once, however often the message comes."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from howdah.compute.abstract import Bounds, Connection
from howdah.compute.commands import run_command, stop_command
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId, new_id
from howdah.contracts.params import CommandParams
from tests.fixtures.sshd import SshServer
from tests.fixtures.waiting import await_value

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture
def connection(reach: PooledReach, sshd: SshServer) -> Iterator[Connection]:
    with reach.connect(sshd.target(), sshd.secret) as made:
        yield made


@pytest.fixture
def task_id() -> TaskId:
    return TaskId(new_id())


def _counted(work_dir: Path, script: str, **changes: object) -> CommandParams:
    argv = ("sh", "-c", f"echo ran >>ran; {script}", "x", "it's $HOME")
    return CommandParams.model_validate({"argv": argv, "work_dir": str(work_dir), **changes})


def _times_run(work_dir: Path) -> int:
    trace = work_dir / "ran"
    return len(trace.read_text().splitlines()) if trace.exists() else 0


def test_a_command_tells_its_output_and_exit_status(connection: Connection, work_dir: Path, task_id: TaskId) -> None:
    params = _counted(work_dir, 'echo "$1 $V"; echo err >&2; exit 7', environment={"V": "'"})
    outcome = run_command(connection, params, task_id=task_id, attempt=1)
    assert (outcome.exit_status, outcome.stdout, outcome.stderr) == (7, b"it's $HOME '\n", b"err\n")
    assert Path(outcome.stdout_path).read_bytes() == outcome.stdout


def test_a_redelivery_attaches_to_the_same_run(connection: Connection, work_dir: Path, task_id: TaskId) -> None:
    params = _counted(work_dir, "sleep 0.5; echo out")
    outcomes = [run_command(connection, params, task_id=task_id, attempt=attempt) for attempt in (1, 1, 2)]
    assert [outcome.adopted for outcome in outcomes] == [False, True, True]
    assert {outcome.stdout for outcome in outcomes} == {b"out\n"}
    assert _times_run(work_dir) == 1


def test_deliveries_that_race_run_it_once(reach: PooledReach, sshd: SshServer, work_dir: Path, task_id: TaskId) -> None:
    params = _counted(work_dir, "sleep 0.3")
    failures: list[BaseException] = []

    def deliver() -> None:
        try:
            with reach.connect(sshd.target(), sshd.secret) as connection:
                run_command(connection, params, task_id=task_id, attempt=1)
        except TaskError as error:
            failures.append(error)

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert _times_run(work_dir) == 1


def test_an_idempotent_command_runs_again_in_the_next_attempt(
    connection: Connection, work_dir: Path, task_id: TaskId
) -> None:
    params = _counted(work_dir, "true", idempotent=True)
    for attempt in (1, 2):
        run_command(connection, params, task_id=task_id, attempt=attempt)
    assert _times_run(work_dir) == 2


def test_a_command_over_its_time_is_ended(connection: Connection, work_dir: Path, task_id: TaskId) -> None:
    with pytest.raises(TaskError, match="not done within 1 s") as caught:
        run_command(connection, _counted(work_dir, "sleep 60", timeout_seconds=1), task_id=task_id, attempt=1)
    assert caught.value.failure.kind is FailureKind.TIMEOUT


def test_a_command_that_vanished_is_lost_and_not_run_again(
    connection: Connection, work_dir: Path, task_id: TaskId
) -> None:
    params = _counted(work_dir, "echo $$ >pid; sleep 60")

    def pid() -> str | None:
        return (work_dir / "pid").read_text().strip() or None if (work_dir / "pid").exists() else None

    def kill() -> None:
        os.killpg(os.getpgid(int(await_value(pid, "the pid"))), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    for _ in range(2):
        with pytest.raises(TaskError, match="disappeared without an exit code") as caught:
            run_command(connection, params, task_id=task_id, attempt=1)
        assert caught.value.failure.kind is FailureKind.LOST
    killer.join(30)
    assert _times_run(work_dir) == 1


def test_a_canceled_command_is_stopped(reach: PooledReach, sshd: SshServer, work_dir: Path, task_id: TaskId) -> None:
    canceled = threading.Event()
    params = _counted(work_dir, "sleep 60; echo late >late")
    threading.Timer(0.5, canceled.set).start()
    with (
        reach.connect(sshd.target(), sshd.secret, Bounds(canceled=canceled)) as connection,
        pytest.raises(TaskError) as caught,
    ):
        run_command(connection, params, task_id=task_id, attempt=1)
    assert caught.value.failure.kind is FailureKind.CANCELED
    with reach.connect(sshd.target(), sshd.secret) as connection:
        assert stop_command(connection, params, task_id=task_id, attempt=1)
        assert run_command(connection, params, task_id=task_id, attempt=1).exit_status == 143


def test_a_command_stopped_before_its_start_never_runs(connection: Connection, work_dir: Path, task_id: TaskId) -> None:
    params = _counted(work_dir, "true")
    assert stop_command(connection, params, task_id=task_id, attempt=1)
    assert run_command(connection, params, task_id=task_id, attempt=1).adopted
    assert _times_run(work_dir) == 0
