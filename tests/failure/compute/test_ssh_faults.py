"""What a network and an sshd can do to us, and the kind that each is told as."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from howdah.compute.abstract import Bounds
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import PasswordSecret, SshKeySecret
from howdah.contracts.failures import FailureKind
from tests.fixtures.daemons import free_port
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.sshd import SshServer

MakeSshd = Callable[[Mapping[str, str]], SshServer]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def _failure_of(caught: pytest.ExceptionInfo[TaskError]) -> tuple[FailureKind, str]:
    failure = caught.value.failure
    assert failure.host == "127.0.0.1"
    assert failure.operation
    return failure.kind, failure.sentence


def test_a_refused_port_is_transient(reach: PooledReach, sshd: SshServer) -> None:
    target = sshd.target(port=free_port())
    with pytest.raises(TaskError) as caught, reach.connect(target, sshd.secret):
        pass
    kind, sentence = _failure_of(caught)
    assert kind is FailureKind.TRANSIENT
    assert "Connection refused" in sentence


def test_a_name_that_does_not_exist_is_transient_and_says_so(reach: PooledReach, sshd: SshServer) -> None:
    target = sshd.target(host="no-such-host.invalid", connect_timeout_seconds=20.0)
    with pytest.raises(TaskError, match="name can't be resolved") as caught, reach.connect(target, sshd.secret):
        pass
    assert caught.value.failure.kind is FailureKind.TRANSIENT


def test_a_host_that_accepts_and_says_nothing_is_transient(reach: PooledReach, sshd: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = sshd.target(port=silent.getsockname()[1], connect_timeout_seconds=1.0)
        started = time.monotonic()
        with pytest.raises(TaskError) as caught, reach.connect(target, sshd.secret):
            pass
    assert _failure_of(caught)[0] is FailureKind.TRANSIENT
    assert time.monotonic() - started < 8


def test_a_host_that_closes_every_connection_before_its_banner_is_away(
    reach: PooledReach, sshd: SshServer, proxy: FaultProxy
) -> None:
    with reach.connect(sshd.target(port=proxy.port), sshd.secret) as connection:
        assert connection.run(["echo", "well"]).stdout == b"well\n"
    proxy.accepting, before = False, proxy.connections
    another = sshd.target(port=proxy.port, credential_id=_id(1))  # a connection of its own
    with pytest.raises(TaskError, match="lets nobody in") as caught, reach.connect(another, sshd.secret):
        pass
    assert _failure_of(caught)[0] is FailureKind.TRANSIENT
    assert proxy.connections == before + 3  # a few quick reconnects


def test_a_real_sshd_at_its_limit_that_lets_nobody_in_is_away(reach: PooledReach, make_sshd: MakeSshd) -> None:
    server = make_sshd({"MaxStartups": "1:100:1", "LoginGraceTime": "60"})
    with (
        _held_place(server),
        pytest.raises(TaskError, match="MaxStartups") as caught,
        reach.connect(server.target(), server.secret),
    ):
        pass
    assert _failure_of(caught)[0] is FailureKind.TRANSIENT
    with reach.connect(server.target(), server.secret) as connection:
        assert connection.run(["echo", "back"]).stdout == b"back\n"


def _held_place(server: SshServer) -> socket.socket:
    """Take the only place and never log in."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        held = socket.create_connection(("127.0.0.1", server.port))
        if held.recv(4).startswith(b"SSH"):
            return held
        held.close()
    raise AssertionError("the place was never free")


def test_a_host_that_lets_some_in_is_throttled(reach: PooledReach, sshd: SshServer, proxy: FaultProxy) -> None:
    target = sshd.target(port=proxy.port)

    def after_two_refusals_somebody_gets_in() -> None:
        until = time.monotonic() + 30
        while proxy.connections < 2 and time.monotonic() < until:
            threading.Event().wait(0.005)
        proxy.accepting = True
        other = sshd.target(port=proxy.port, credential_id=_id(1))
        with reach.connect(other, sshd.secret):
            proxy.accepting = False

    proxy.accepting = False
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(after_two_refusals_somebody_gets_in)
        with pytest.raises(TaskError, match="too many at a time") as caught, reach.connect(target, sshd.secret):
            pass
        other.result(60)
    assert _failure_of(caught)[0] is FailureKind.THROTTLED


@pytest.mark.parametrize("limit", [0, 30, 700, 1_100])
def test_a_connection_cut_on_the_way_in_is_tried_again_and_then_told(
    reach: PooledReach, sshd: SshServer, proxy: FaultProxy, limit: int
) -> None:
    proxy.cut_after_bytes = limit
    with (
        pytest.raises(TaskError) as caught,
        reach.connect(sshd.target(port=proxy.port), sshd.secret) as connection,
    ):
        connection.run(["true"])
    assert _failure_of(caught)[0] in {FailureKind.TRANSIENT, FailureKind.THROTTLED}
    assert proxy.connections >= 3


def test_another_host_key_is_refused_loudly_and_nothing_is_sent(
    reach: PooledReach, sshd: SshServer, make_sshd: MakeSshd
) -> None:
    asked: list[bool] = []

    def secret(*, credential_id: str | None = None, fresh: bool = False) -> SshKeySecret:  # noqa: ARG001 - a SecretSource
        asked.append(fresh)
        return sshd.secret()

    other = make_sshd({})
    for pins in [(other.host_key_line,), ("ecdsa-sha2-nistp256 " + _ecdsa_key(other.directory),)]:
        with pytest.raises(TaskError) as caught, reach.connect(sshd.target(host_keys=pins), secret):
            pass
        kind, sentence = _failure_of(caught)
        assert kind is FailureKind.HOST_KEY
        assert "is not the host that was pinned" in sentence
    assert True not in asked


def _ecdsa_key(directory: Path) -> str:
    path = directory / "ecdsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(path)], check=True, timeout=30)
    return (directory / "ecdsa.pub").read_text().split()[1]


def test_a_pin_that_can_not_be_read_says_what_would_be_right(reach: PooledReach, sshd: SshServer) -> None:
    for line in ("ssh-ed25519 !!!!", "nonsense", "ssh-rsa " + sshd.host_key_line.split()[1]):
        with (
            pytest.raises(TaskError, match="<type> <base64>") as caught,
            reach.connect(sshd.target(host_keys=(line,)), sshd.secret),
        ):
            pass
        assert caught.value.failure.kind is FailureKind.PERMANENT


def test_a_refused_key_is_fetched_once_more(reach: PooledReach, sshd: SshServer, make_sshd: MakeSshd) -> None:
    other, asked = make_sshd({}), list[bool]()

    def stale_then_right(*, credential_id: str | None = None, fresh: bool = False) -> SshKeySecret:  # noqa: ARG001
        asked.append(fresh)
        return sshd.secret() if fresh else other.secret()

    with reach.connect(sshd.target(), stale_then_right) as connection:
        assert connection.run(["true"]).exit_status == 0
    assert asked == [False, True]
    with pytest.raises(TaskError) as caught, PooledReach() as fresh, fresh.connect(sshd.target(), other.secret):
        pass
    kind, sentence = _failure_of(caught)
    assert kind is FailureKind.AUTHENTICATION
    assert other.private_key.splitlines()[1] not in repr(caught.value.failure)
    assert "refused the credential" in sentence


def test_what_is_no_key_is_an_authentication_failure_without_its_text(reach: PooledReach, sshd: SshServer) -> None:
    def rubbish(*, credential_id: str | None = None, fresh: bool = False) -> SshKeySecret:  # noqa: ARG001 - a SecretSource
        return SshKeySecret(private_key="top secret rubbish")

    with pytest.raises(TaskError) as caught, reach.connect(sshd.target(), rubbish):
        pass
    assert caught.value.failure.kind is FailureKind.AUTHENTICATION
    assert "top secret" not in caught.value.failure.model_dump_json()


def test_a_password_where_none_is_allowed_says_what_is(reach: PooledReach, sshd: SshServer) -> None:
    def password(*, credential_id: str | None = None, fresh: bool = False) -> PasswordSecret:  # noqa: ARG001 - a SecretSource
        return PasswordSecret(password="hunter2")

    with pytest.raises(TaskError, match="the host allows publickey") as caught, reach.connect(sshd.target(), password):
        pass
    assert caught.value.failure.kind is FailureKind.AUTHENTICATION


def test_a_cut_command_is_unknown_not_failed(reach: PooledReach, sshd: SshServer, proxy: FaultProxy) -> None:
    with reach.connect(sshd.target(port=proxy.port), sshd.secret) as connection:
        threading.Timer(0.5, proxy.cut).start()
        with pytest.raises(TaskError, match="whether it had its effect is unknown") as caught:
            connection.run(["sleep", "5"])
        assert _failure_of(caught)[0] is FailureKind.TRANSIENT
        assert connection.run(["echo", "again"]).stdout == b"again\n"  # the lease finds a live connection


def test_a_cut_transfer_leaves_the_old_file(
    reach: PooledReach, sshd: SshServer, proxy: FaultProxy, work_dir: Path
) -> None:
    (work_dir / "old").write_text("old")
    moved = 0

    def cut(to_server: bool, data: bytes) -> bool:
        nonlocal moved
        moved += len(data) if to_server else 0
        return moved > 1_000_000

    for size in (3_000_000, None):
        moved = 0
        with reach.connect(sshd.target(port=proxy.port), sshd.secret) as connection:
            proxy.on_bytes = cut
            with pytest.raises(TaskError) as caught:
                connection.upload([b"x" * 3_000_000], str(work_dir / "old"), size=size)
            proxy.on_bytes = None
        assert caught.value.failure.kind is FailureKind.TRANSIENT
        assert (work_dir / "old").read_text() == "old"


def test_a_frozen_host_is_noticed_by_the_time_limit(
    reach: PooledReach, sshd: SshServer, proxy: FaultProxy, work_dir: Path
) -> None:
    target = sshd.target(port=proxy.port, command_timeout_seconds=1.0)
    for size in (10, 50_000_000):
        proxy.black_hole = False
        with reach.connect(target, sshd.secret) as connection:
            connection.run(["true"])
            proxy.black_hole = True
            started = time.monotonic()
            with pytest.raises(TaskError) as caught:
                connection.upload([b"x" * size], str(work_dir / "big"), size=size)
            assert time.monotonic() - started < 15
        assert _failure_of(caught)[0] in {FailureKind.TIMEOUT, FailureKind.TRANSIENT}
    proxy.black_hole = False
    with reach.connect(target, sshd.secret) as connection:
        assert connection.run(["echo", "back"]).stdout == b"back\n"


def test_a_canceled_connect_does_not_wait_for_its_time_limit(reach: PooledReach, sshd: SshServer) -> None:
    canceled = threading.Event()
    threading.Timer(0.3, canceled.set).start()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = sshd.target(port=silent.getsockname()[1], connect_timeout_seconds=30.0)
        started = time.monotonic()
        with pytest.raises(TaskError) as caught, reach.connect(target, sshd.secret, Bounds(canceled=canceled)):
            pass
    assert caught.value.failure.kind is FailureKind.CANCELED
    assert time.monotonic() - started < 5


def test_a_restart_of_sshd_is_ridden_out_between_two_operations(reach: PooledReach, make_sshd: MakeSshd) -> None:
    server = make_sshd({})
    with (
        FaultProxy(server.port) as proxy,
        reach.connect(server.target(port=proxy.port), server.secret) as connection,
    ):
        assert connection.run(["echo", "one"]).stdout == b"one\n"
        server.stop()
        proxy.cut()
        server.start()
        assert connection.run(["echo", "two"]).stdout == b"two\n"


@pytest.fixture(params=[{"MaxSessions": "1"}, {"MaxSessions": "2"}])
def stingy(request: pytest.FixtureRequest, make_sshd: MakeSshd) -> SshServer:
    return make_sshd(request.param)


def test_a_host_with_few_sessions_is_served_with_few(reach: PooledReach, stingy: SshServer) -> None:
    def work(number: int) -> bytes:
        with reach.connect(stingy.target(), stingy.secret) as connection:
            return connection.run(["sh", "-c", f"sleep 0.1; echo {number}"]).stdout

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(12))) == [f"{number}\n".encode() for number in range(12)]


def test_a_host_that_gives_no_session_at_all_is_throttled(reach: PooledReach, make_sshd: MakeSshd) -> None:
    server = make_sshd({"MaxSessions": "0"})
    with (
        reach.connect(server.target(), server.secret) as connection,
        pytest.raises(TaskError, match="no further session") as caught,
    ):
        connection.run(["true"])
    assert _failure_of(caught)[0] is FailureKind.THROTTLED


def test_many_connects_against_a_low_limit_all_get_through(make_sshd: MakeSshd) -> None:
    server = make_sshd({"MaxStartups": "2:100:2"})

    def work(number: int) -> bytes:
        # An account's work shares connections; one each is what makes the host refuse.
        with reach.connect(server.target(credential_id=_id(number)), server.secret) as connection:
            return connection.run(["echo", str(number)]).stdout

    with PooledReach() as reach, ThreadPoolExecutor(10) as pool:
        assert list(pool.map(work, range(10))) == [f"{number}\n".encode() for number in range(10)]


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def test_a_noisy_login_shell_spoils_no_answer(reach: PooledReach, work_dir: Path, make_sshd: MakeSshd) -> None:
    noise = "echo WELCOME; printf 'no newline at end'; echo grumble >&2; eval \"$SSH_ORIGINAL_COMMAND\""
    server = make_sshd({"ForceCommand": noise})
    with reach.connect(server.target(scratch=str(work_dir)), server.secret) as connection:
        assert connection.run_script("echo answer").stdout == b"answer\n"
        connection.upload([b"data"], str(work_dir / "file"))
        assert connection.read_text(str(work_dir / "file")) == "data"
        with (work_dir / "copy").open("wb") as sink:
            connection.download(str(work_dir / "file"), sink, max_bytes=100)
        assert (work_dir / "copy").read_bytes() == b"data"


def test_an_account_that_may_not_log_in_is_told_in_its_own_words(reach: PooledReach, make_sshd: MakeSshd) -> None:
    server = make_sshd({"ForceCommand": "echo This account is not available; exit 1"})
    with (
        reach.connect(server.target(), server.secret) as connection,
        pytest.raises(TaskError, match="This account is not available") as caught,
    ):
        connection.run_script("true")
    assert caught.value.failure.kind is FailureKind.PERMANENT


def test_connections_are_shared_and_closed_when_idle(sshd: SshServer, proxy: FaultProxy) -> None:
    target = sshd.target(port=proxy.port)
    with PooledReach(idle_seconds=0.2) as reach:
        for _ in range(5):
            with reach.connect(target, sshd.secret) as connection:
                connection.run(["true"])
        assert proxy.connections == 1
        until = time.monotonic() + 10
        while reach._pool._open and any(reach._pool._open.values()) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(reach._pool._open.values())
        with reach.connect(target, sshd.secret) as connection:
            connection.run(["true"])
        assert proxy.connections == 2


def test_closing_ends_what_is_under_way(sshd: SshServer) -> None:
    reach = PooledReach()
    with reach.connect(sshd.target(), sshd.secret) as connection:
        threading.Timer(0.3, reach.close).start()
        with pytest.raises(TaskError) as caught:
            connection.run(["sleep", "30"])
    assert caught.value.failure.kind is FailureKind.TRANSIENT


def test_nothing_of_ours_is_left_open(sshd: SshServer) -> None:
    before = _open_files()
    for _ in range(3):
        with PooledReach() as reach, reach.connect(sshd.target(), sshd.secret) as connection:
            connection.run(["true"])
    assert _open_files() <= before


def _open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())
