"""True loss: the peer's link goes down, and nothing says so. In a network namespace, which only root may make."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from tests.fixtures.daemons import Daemon, find_program
from tests.fixtures.sshd import SshServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

_SPACE = "howdah-far"
_HERE, _THERE = "10.213.77.1", "10.213.77.2"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=30, capture_output=True)


@pytest.fixture
def far(sshd: SshServer) -> Iterator[str]:
    """An sshd with the keys of the other one, at the far end of a cable; yields the near end's name."""
    _remove()
    near, end = "hwd-near", "hwd-far"
    _ip("netns", "add", _SPACE)
    _ip("link", "add", near, "type", "veth", "peer", "name", end)
    _ip("link", "set", end, "netns", _SPACE)
    _ip("addr", "add", f"{_HERE}/30", "dev", near)
    _ip("link", "set", near, "up")
    for words in (("addr", "add", f"{_THERE}/30", "dev", end), ("link", "set", end, "up"), ("link", "set", "lo", "up")):
        _ip("-n", _SPACE, *words)
    program = find_program("sshd")
    assert program is not None
    config = str(sshd.directory / "sshd_config")
    argv = ["ip", "netns", "exec", _SPACE, program, "-D", "-e", "-f", config, "-o", f"ListenAddress={_THERE}"]
    daemon = Daemon(argv, sshd.directory / "far.log")
    daemon.start(lambda: f"listening on {_THERE}" in (sshd.directory / "far.log").read_text())
    yield near
    daemon.stop()
    _remove()


def _remove() -> None:
    for words in (("link", "del", "hwd-near"), ("netns", "del", _SPACE)):
        with suppress(subprocess.CalledProcessError):
            _ip(*words)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces")
def test_a_peer_that_was_unplugged_is_noticed_and_the_outcome_is_unknown(
    reach: PooledReach, sshd: SshServer, far: str
) -> None:
    with reach.connect(sshd.target(host=_THERE), sshd.secret) as connection:
        assert connection.run(["echo", "there"]).stdout == b"there\n"
        threading.Timer(0.3, _ip, ("link", "set", far, "down")).start()
        started = time.monotonic()
        with pytest.raises(TaskError, match="whether it had its effect is unknown") as caught:
            connection.run(["sleep", "60"])
        assert caught.value.failure.kind is FailureKind.TRANSIENT
        assert time.monotonic() - started < 25
        _ip("link", "set", far, "up")
        assert connection.run(["echo", "again"]).stdout == b"again\n"
