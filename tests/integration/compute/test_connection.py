"""Commands and files, over real SSH and locally: the same promises."""

import hashlib
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from howdah.compute.abstract import Bounds, Connection
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.resources import ResourceTarget, TransportKind
from tests.fixtures.sshd import SshServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture(params=["ssh", "local"])
def target(request: pytest.FixtureRequest, sshd: SshServer) -> ResourceTarget:
    if request.param == "ssh":
        return sshd.target(environment={"COLOUR": "dark 'blue'"})
    return sshd.target(transport=TransportKind.LOCAL, environment={"COLOUR": "dark 'blue'"})


@pytest.fixture
def connection(reach: PooledReach, target: ResourceTarget, sshd: SshServer) -> Iterator[Connection]:
    with reach.connect(target, sshd.secret) as made:
        yield made


def test_a_command_gets_its_arguments_input_and_environment_as_they_are(connection: Connection) -> None:
    argv = [
        "sh",
        "-c",
        'printf "%s|" "$@" "$COLOUR" "$EXTRA"; cat; echo oops >&2; exit 5',
        "x",
        "a b",
        "$HOME",
        "",
        "ü'",
    ]
    result = connection.run(argv, input=b"in\0put", environment={"EXTRA": "\n;"})
    assert result.stdout == "a b|$HOME||ü'|dark 'blue'|\n;|in\0put".encode()
    assert (result.exit_status, result.stderr, result.truncated) == (5, b"oops\n", False)


def test_a_script_gets_values_of_any_size(connection: Connection) -> None:
    value = "it's\n" * 100_000
    result = connection.run_script('printf %s "$value" | wc -c; exit 3', {"value": value})
    assert (result.exit_status, result.stdout.strip()) == (3, str(len(value)).encode())


def test_big_output_on_both_channels_is_drained_and_capped(connection: Connection) -> None:
    script = (
        "i=0; while [ $i -lt 60 ]; do head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2; i=$((i+1)); done; exit 4"
    )
    result = connection.run(["sh", "-c", script], max_output_bytes=1_000)
    assert (result.exit_status, len(result.stdout), result.truncated) == (4, 1_000, True)


def test_input_and_output_beyond_every_window_pass_each_other(connection: Connection) -> None:
    data = os.urandom(8_000_000)
    assert connection.run(["cat"], input=data, max_output_bytes=10_000_000).stdout == data


def test_a_command_that_reads_nothing_does_not_hang_its_feeder(connection: Connection) -> None:
    assert connection.run(["true"], input=b"x" * 8_000_000).exit_status == 0


def test_a_command_that_leaves_a_child_behind_ends_all_the_same(connection: Connection) -> None:
    started = time.monotonic()
    assert connection.run(["sh", "-c", "sleep 20 & echo done"]).stdout == b"done\n"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("known", [True, False])
def test_a_file_goes_there_and_back(connection: Connection, work_dir: Path, known: bool) -> None:
    data = os.urandom(5_000_001)
    path, seen = str(work_dir / "a dir" / "it's -a file"), list[int]()
    size = len(data) if known else None
    moved = connection.upload(io.BytesIO(data), path, mode=0o750, size=size, progress=seen.append)
    assert (moved.size_bytes, moved.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert seen[-1] == len(data)
    assert Path(path).stat().st_mode & 0o777 == 0o750
    assert [entry.name for entry in (work_dir / "a dir").iterdir()] == ["it's -a file"]
    sink = io.BytesIO()
    assert connection.download(path, sink, max_bytes=len(data)) == moved
    assert sink.getvalue() == data
    assert connection.sha256(path) == moved.sha256


def test_an_empty_file_is_a_file(connection: Connection, work_dir: Path) -> None:
    connection.upload([], str(work_dir / "empty"), size=0)
    assert connection.download(str(work_dir / "empty"), io.BytesIO(), max_bytes=0).size_bytes == 0


def test_a_source_of_another_size_leaves_nothing(connection: Connection, work_dir: Path) -> None:
    (work_dir / "old").write_text("old")
    with pytest.raises(TaskError, match="has 3 bytes where 5 were announced") as caught:
        connection.upload([b"abc"], str(work_dir / "old"), size=5)
    assert caught.value.failure.kind is FailureKind.PERMANENT
    assert [(entry.name, entry.read_text()) for entry in work_dir.iterdir()] == [("old", "old")]


def test_a_source_that_breaks_leaves_the_old_file(connection: Connection, work_dir: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * 1_000_000
        raise RuntimeError("the source broke")

    (work_dir / "old").write_text("old")
    with pytest.raises(RuntimeError, match="the source broke"):
        connection.upload(breaking(), str(work_dir / "old"), size=2_000_000)
    assert (work_dir / "old").read_text() == "old"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("", "no such file"),
        ("mkdir thing", "not a regular file"),
        ("head -c 11 /dev/zero >thing", "11 bytes, more than the 10"),
        ("mkfifo thing", "not a regular file"),
    ],
)
def test_what_can_not_be_downloaded_is_permanent(connection: Connection, work_dir: Path, make: str, words: str) -> None:
    connection.run(["sh", "-c", f'cd "$1"; {make}', "x", str(work_dir)])
    with pytest.raises(TaskError, match=words) as caught:
        connection.download(str(work_dir / "thing"), io.BytesIO(), max_bytes=10)
    assert caught.value.failure.kind is FailureKind.PERMANENT
    assert caught.value.failure.host == "127.0.0.1"


def test_files_are_looked_at(connection: Connection, work_dir: Path) -> None:
    connection.make_directories([str(work_dir / "a/b"), str(work_dir / "c d")])
    (work_dir / "text").write_bytes(b"one\xfftwo")
    stat = connection.stat(str(work_dir / "text"))
    assert stat is not None
    assert (stat.size_bytes, stat.is_directory) == (7, False)
    assert abs(stat.modified_at.timestamp() - time.time()) < 60
    directory = connection.stat(str(work_dir / "a/b"))
    assert directory is not None
    assert directory.is_directory
    assert connection.read_text(str(work_dir / "text"), max_bytes=4) == "one�"
    nothing = str(work_dir / "nothing")
    assert (connection.stat(nothing), connection.read_text(nothing), connection.sha256(nothing)) == (None, None, None)


def test_only_what_is_below_the_scratch_is_removed(connection: Connection, work_dir: Path) -> None:
    outside = Path("/tmp") / f"howdah-outside-{work_dir.name}"
    outside.mkdir()
    try:
        (work_dir / "link").symlink_to(outside)
        refused = [
            str(outside),
            str(work_dir.parent),
            f"{work_dir}/link/x",
            f"{work_dir}/../../scratch",
            "/",
            f"{work_dir}/..",
        ]
        (outside / "x").mkdir()
        for path in refused:
            with pytest.raises(TaskError) as caught:
                connection.remove_tree(path)
            assert caught.value.failure.kind is FailureKind.PERMANENT
        assert (outside / "x").is_dir()
        connection.remove_tree(f"{work_dir}/link")
        connection.remove_tree(str(work_dir))
        connection.remove_tree(str(work_dir))
        assert not work_dir.exists()
        assert outside.is_dir()
    finally:
        (outside / "x").rmdir()
        outside.rmdir()


def test_home_is_expanded(connection: Connection) -> None:
    assert connection.expand("~/a b").endswith("/a b")
    assert connection.expand("~/x").startswith("/")


def test_a_command_over_its_time_is_told_as_time_out(connection: Connection) -> None:
    with pytest.raises(TaskError, match="got no answer in time") as caught:
        connection.run(["sleep", "30"], timeout_seconds=0.5)
    assert caught.value.failure.kind is FailureKind.TIMEOUT
    assert connection.run(["echo", "fine"]).stdout == b"fine\n"


def test_a_canceled_signal_ends_the_wait(reach: PooledReach, target: ResourceTarget, sshd: SshServer) -> None:
    canceled = threading.Event()
    with reach.connect(target, sshd.secret, Bounds(canceled=canceled)) as connection:
        threading.Timer(0.3, canceled.set).start()
        started = time.monotonic()
        with pytest.raises(TaskError) as caught:
            connection.run(["sleep", "30"])
    assert caught.value.failure.kind is FailureKind.CANCELED
    assert time.monotonic() - started < 5


def test_the_deadline_of_the_work_limits_every_operation(
    reach: PooledReach, target: ResourceTarget, sshd: SshServer
) -> None:
    with reach.connect(target, sshd.secret, Bounds(deadline=time.monotonic() + 4.0)) as connection:
        with pytest.raises(TaskError, match="deadline of its task") as caught:
            connection.run(["sleep", "30"])
        assert caught.value.failure.kind is FailureKind.TIMEOUT


def test_a_wrong_variable_name_is_refused_with_what_would_be_right(connection: Connection) -> None:
    with pytest.raises(TaskError, match="letters, digits and underscores"):
        connection.run(["true"], environment={"A B": "x"})
    with pytest.raises(TaskError, match="NUL"):
        connection.run_script("true", {"A": "\0"})
