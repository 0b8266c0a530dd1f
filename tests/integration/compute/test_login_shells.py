"""What stands between sshd and a command: slow, noisy, strange and restricted login shells.

``ForceCommand`` puts them there just as sshd would call them for the account: ``SHELL -c COMMAND``.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest

from howdah.compute.abstract import Connection
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from tests.fixtures.daemons import owned_directory
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission, await_end

MakeSshd = Callable[[Mapping[str, str]], SshServer]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

_BASH = 'exec env HOME={home} bash -c "$SSH_ORIGINAL_COMMAND"'
_SHELLS = {
    "sh": 'exec sh -c "$SSH_ORIGINAL_COMMAND"',
    "bash": 'exec bash -c "$SSH_ORIGINAL_COMMAND"',
    "bash that stops at errors": 'exec bash -euo pipefail -c "$SSH_ORIGINAL_COMMAND"',
    "bash in posix mode": 'exec bash --posix -c "$SSH_ORIGINAL_COMMAND"',
    "tcsh": 'exec tcsh -c "$SSH_ORIGINAL_COMMAND"',
    "noisy": "echo WELCOME; printf 'no newline at end'; echo grumble >&2; eval \"$SSH_ORIGINAL_COMMAND\"",
    "noisy at the end": 'sh -c "$SSH_ORIGINAL_COMMAND"; s=$?; echo BYE; echo bye >&2; exit $s',
    "one that knows no exec": (
        'case $SSH_ORIGINAL_COMMAND in exec*) echo no >&2; exit 1;; *) eval "$SSH_ORIGINAL_COMMAND";; esac'
    ),
}


@pytest.fixture(params=[*_SHELLS])
def account(request: pytest.FixtureRequest, make_sshd: MakeSshd, reach: PooledReach) -> Iterator[Connection]:
    shell: str = request.param
    server = make_sshd({"ForceCommand": _SHELLS[shell]})
    with reach.connect(server.target(environment={"COLOUR": "dark 'blue'\n!x"}), server.secret) as made:
        yield made


def test_every_login_shell_gives_exact_answers(account: Connection) -> None:
    work = Path(account.expand(account.target.scratch))
    for _ in range(2):
        result = account.run(["printf", "%s|", "a b", "it's\n!x", "$HOME"])
        assert (result.stdout, result.stderr, result.exit_status) == (b"a b|it's\n!x|$HOME|", b"", 0)
        result = account.run_script('printf %s "$COLOUR$x"; echo oops >&2; false; exit 7', {"x": "line\nline"})
        assert result.stdout == b"dark 'blue'\n!xline\nline"
        assert (result.stderr.endswith(b"oops\n"), result.exit_status) == (True, 7)
    data = os.urandom(70_000)
    account.upload([data], str(work / "a file"), size=len(data))
    sink = BytesIO()
    account.download(str(work / "a file"), sink, max_bytes=len(data))
    assert sink.getvalue() == data


def test_a_job_is_submitted_and_followed_through_every_login_shell(account: Connection) -> None:
    account.make_directories([f"{account.target.scratch}/job"])
    submission = Submission.of(Path(account.target.scratch) / "job")
    job = submission.submit(account)
    assert await_end(account, submission.ref(job.native_id)).exit_code == 0
    assert submission.times_run == 1


def test_slow_start_files_are_paid_once_a_shell(make_sshd: MakeSshd, reach: PooledReach) -> None:
    server = make_sshd({})
    rc = owned_directory(server.directory / "home") / ".bashrc"
    rc.write_text("echo started >>" + str(server.work_root / "starts") + "\nsleep 0.3\nset -e\necho motd\n")
    rc.chmod(0o644)
    server.stop()
    server.options["ForceCommand"] = _BASH.format(home=rc.parent)
    server.start()
    with reach.connect(server.target(), server.secret) as connection:
        for number in range(30):
            assert connection.run(["echo", str(number)]).stdout == f"{number}\n".encode()
            assert connection.run_script("echo x").stdout == b"x\n"
    assert (server.work_root / "starts").read_text().count("started") == 1


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ('exec bash -r -c "$SSH_ORIGINAL_COMMAND"', None),
        ("echo This account is not available; exit 1", "This account is not available"),
        ("exec python3 -c pass", "ran nothing"),
    ],
)
def test_a_restricted_account_works_or_says_why_not(
    make_sshd: MakeSshd, reach: PooledReach, shell: str, words: str | None
) -> None:
    server = make_sshd({"ForceCommand": shell})
    with reach.connect(server.target(command_timeout_seconds=5), server.secret) as connection:
        if words is None:
            assert connection.run_script("echo fine").stdout == b"fine\n"
            return
        with pytest.raises(TaskError, match=words) as caught:
            connection.run_script("echo fine")
        assert caught.value.failure.kind is FailureKind.PERMANENT


def test_a_start_file_that_waits_for_input_ends_in_a_time_out_that_says_so(
    make_sshd: MakeSshd, reach: PooledReach
) -> None:
    server = make_sshd({"ForceCommand": "echo Press enter; cat >/dev/null; echo read it all; exit 3"})
    with reach.connect(server.target(command_timeout_seconds=1), server.secret) as connection:
        with pytest.raises(TaskError, match=r"login shell.*Press enter") as caught:
            connection.run_script("echo fine")
        assert caught.value.failure.kind is FailureKind.TIMEOUT
        with pytest.raises(TaskError, match="read it all"):
            connection.run_script("echo fine")


def test_a_shell_that_was_ended_is_replaced(reach: PooledReach, sshd: SshServer) -> None:
    with reach.connect(sshd.target(), sshd.secret) as connection:
        first = connection.run_script("echo $PPID $$").stdout
        assert connection.run_script("echo $PPID $$").stdout == first
        with pytest.raises(TaskError, match="the shell ended under it") as caught:
            connection.run_script("kill -s KILL $$; sleep 5")
        assert caught.value.failure.kind is FailureKind.TRANSIENT
        second = connection.run_script("echo $PPID $$").stdout
        assert second != first
        os.kill(int(second.split()[1]), signal.SIGKILL)
        assert connection.run_script("echo fine").stdout == b"fine\n"


def test_a_command_over_its_time_is_ended_with_its_children(
    reach: PooledReach, sshd: SshServer, work_dir: Path
) -> None:
    with reach.connect(sshd.target(), sshd.secret) as connection:
        for line in ("sleep 3; echo late", "sh -c 'sleep 3; echo late'"):
            with pytest.raises(TaskError) as caught:
                connection.run_script(f"({line}) >>{work_dir}/late", timeout_seconds=0.4)
            assert caught.value.failure.kind is FailureKind.TIMEOUT
            with pytest.raises(TaskError):
                connection.run(["sh", "-c", f"({line}) >>{work_dir}/late"], timeout_seconds=0.4)
        time.sleep(3.5)
        assert (work_dir / "late").read_text() == ""
        assert connection.run(["echo", "fine"]).stdout == b"fine\n"


def test_what_a_command_leaves_behind_is_not_heard_by_the_next(reach: PooledReach, sshd: SshServer) -> None:
    with reach.connect(sshd.target(), sshd.secret) as connection:
        chatter = "(i=0; while [ $i -lt 40 ]; do echo chatter; sleep 0.05; i=$((i+1)); done) & echo done"
        result = connection.run(["sh", "-c", chatter])
        assert result.stdout.replace(b"chatter\n", b"") == b"done\n"
        for number in range(20):
            assert connection.run(["sh", "-c", f"sleep 0.05; echo {number}"]).stdout == f"{number}\n".encode()


def test_input_is_never_taken_for_commands(reach: PooledReach, sshd: SshServer, work_dir: Path) -> None:
    trap = f"touch {work_dir}/trapped\n".encode() * 20_000
    with reach.connect(sshd.target(), sshd.secret) as connection:
        assert connection.run(["true"], input=trap).exit_status == 0
        assert connection.run(["head", "-n", "1"], input=trap).exit_status == 0
        with pytest.raises(TaskError):
            connection.run(["sh", "-c", "kill -s KILL $PPID"], input=trap)
        with pytest.raises(TaskError):
            connection.upload([trap], str(work_dir), size=len(trap))
        with pytest.raises(TaskError, match="where 10 were announced"):
            connection.upload([trap], str(work_dir / "file"), size=10)
        with pytest.raises(TaskError, match="were announced"):
            connection.upload([trap], str(work_dir / "file"), size=len(trap) + 1)
        assert connection.run(["echo", "fine"]).stdout == b"fine\n"
    assert not (work_dir / "trapped").exists()
    assert not (work_dir / "file").exists()
