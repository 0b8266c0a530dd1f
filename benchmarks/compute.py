"""``make bench-compute``: how fast resources are reached, over a real sshd on this machine.

The last line of output is one JSON object; it and the machine's description are stored in ``benchmarks/results``.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import paramiko

from benchmarks.machine import description
from howdah.compute.abstract import CommandResult, Connection
from howdah.compute.invocation import Script
from howdah.compute.reach import PooledReach
from howdah.compute.submission import submit
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import ResourceTarget
from tests.fixtures.daemons import owned_directory, shared_directory
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission

RESULTS = Path(__file__).with_name("results")
CHANNELS = 4
"""What the pool starts with on one connection."""
WORKERS = 8
ROUNDS = 3
FILE_BYTES = 100_000_000


@contextmanager
def an_sshd(options: dict[str, str] | None = None) -> Iterator[SshServer]:
    directory = shared_directory("howdah-bench")
    server = SshServer(directory, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)


@dataclass
class Recorder:
    """Stands where a connection does and keeps the script that a submission would run."""

    target: ResourceTarget
    scripts: list[bytes] = field(default_factory=list)

    def expand(self, path: str) -> str:
        """Return the path, which is absolute."""
        return path

    def run_script(self, script: str, variables: dict[str, str], **_: object) -> CommandResult:
        """Keep the script, and say that the job was submitted."""
        self.scripts += Script(script, variables).login_input() or ()
        return CommandResult(0, b"submitted here:1:now\n", b"", truncated=False, elapsed_seconds=0)


def new_submissions(server: SshServer, count: int) -> list[Submission]:
    tag = time.monotonic_ns()
    job = JobSpec(executable="true")
    return [Submission.of(owned_directory(server.work_root / f"{tag}-{number}"), job) for number in range(count)]


def per_second(count: int, work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return count / (time.monotonic() - started)


def pooled_submissions(server: SshServer, reach: PooledReach, count: int) -> float:
    def one(submission: Submission) -> None:
        with reach.connect(server.target(), server.secret) as connection:
            submission.submit(connection)

    submissions = new_submissions(server, count)
    with ThreadPoolExecutor(WORKERS) as pool:
        return per_second(count, lambda: list(pool.map(one, submissions)))


def bare_submissions(server: SshServer, count: int) -> float:
    """The same scripts, fed to ``sh -s`` on as many channels of one connection, by paramiko and nothing else."""
    scripts = []
    for submission in new_submissions(server, count):
        recorder = Recorder(server.target())
        submit(cast("Connection", recorder), submission.params, task_id=submission.task_id, attempt=1)
        scripts += recorder.scripts
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - our own, on the loopback
    key = str(server.directory / "user_key")
    client.connect("127.0.0.1", server.port, server.user, key_filename=key, allow_agent=False, look_for_keys=False)
    transport = client.get_transport()
    assert transport is not None
    cast("socket.socket", transport.sock).setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )  # TCP_NODELAY, or Nagle's algorithm is what is measured

    def one(script: bytes) -> None:
        channel = transport.open_session()
        channel.exec_command("exec sh -s")
        channel.sendall(script)
        channel.shutdown_write()
        answer = b"".join(iter(lambda: channel.recv(1 << 16), b""))
        assert channel.recv_exit_status() == 0
        assert b"submitted" in answer, answer
        channel.close()

    with client, ThreadPoolExecutor(CHANNELS) as pool:
        return per_second(count, lambda: list(pool.map(one, scripts)))


def submissions(count: int) -> tuple[float, float, float]:
    """Return submissions a second, the share of the bare loop, and the platform's own CPU milliseconds for each.

    Medians of rounds that take turns. What the CPU does beside that is sshd and the processes of the submission.
    """
    ours, bare, cpu = [], [], []
    with an_sshd() as server, PooledReach() as reach:
        pooled_submissions(server, reach, WORKERS)
        for _ in range(ROUNDS):
            before = time.process_time()
            ours.append(pooled_submissions(server, reach, count))
            cpu.append(1_000 * (time.process_time() - before) / count)
            bare.append(bare_submissions(server, count))
    return statistics.median(ours), statistics.median(ours) / statistics.median(bare), statistics.median(cpu)


def commands_with_slow_start_files(count: int) -> float:
    """Return commands a second, one after another on one connection, connecting and the first start included.

    sshd starts bash for the account, whose .bashrc sleeps half a second.
    """
    with an_sshd() as server, PooledReach() as reach:
        home = owned_directory(server.directory / "home")
        (home / ".bashrc").write_text("sleep 0.5\n")
        server.stop()
        server.options["ForceCommand"] = f'exec env HOME={home} bash -c "$SSH_ORIGINAL_COMMAND"'
        server.start()

        def work() -> None:
            with reach.connect(server.target(), server.secret) as connection:
                for number in range(count):
                    assert connection.run(["echo", str(number)]).stdout == f"{number}\n".encode()

        return per_second(count, work)


def staging_share_of_scp() -> tuple[float, float]:
    """Return the shares of scp's speed for a file there and back: medians of rounds that take turns."""
    there, back, scp_there, scp_back = [], [], [], []
    with an_sshd() as server, PooledReach() as reach:
        local, copy, remote = server.directory / "data", server.directory / "copy", server.work_root / "data"
        local.write_bytes(os.urandom(FILE_BYTES))
        far = f"{server.user}@127.0.0.1:{remote}"
        quiet = ["-q", "-P", str(server.port), "-i", str(server.directory / "user_key")]
        quiet += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        with reach.connect(server.target(), server.secret) as connection:
            connection.run(["true"])
            for _ in range(ROUNDS):
                scp_there.append(_seconds(lambda: subprocess.run(["scp", *quiet, str(local), far], check=True)))
                there.append(_seconds(lambda: _upload(connection, local, str(remote))))
                scp_back.append(_seconds(lambda: subprocess.run(["scp", *quiet, far, str(copy)], check=True)))
                back.append(_seconds(lambda: _download(connection, str(remote), copy)))
        assert copy.read_bytes() == local.read_bytes()
    median = statistics.median
    return median(scp_there) / median(there), median(scp_back) / median(back)


def _seconds(work: Callable[[], object]) -> float:
    return 1 / per_second(1, work)


def _upload(connection: Connection, local: Path, remote: str) -> None:
    with local.open("rb") as source:
        connection.upload(source, remote, size=FILE_BYTES)


def _download(connection: Connection, remote: str, local: Path) -> None:
    with local.open("wb") as sink:
        connection.download(remote, sink, max_bytes=FILE_BYTES)


def monitoring(jobs: int) -> dict[str, float]:
    """Return what a round at so many live jobs costs, measured in a process of its own."""
    argv = [sys.executable, "-m", "benchmarks.monitoring", str(jobs)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=600)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(scale: float) -> dict[str, float]:
    rate, share, cpu_ms = submissions(max(WORKERS, int(150 * scale)))
    there, back = staging_share_of_scp()
    return {
        "submissions_per_second": round(rate, 1),
        "share_of_bare_loop": round(share, 2),
        "own_cpu_ms_per_submission": round(cpu_ms, 2),
        "commands_per_second_slow_rc": round(commands_with_slow_start_files(max(50, int(1_000 * scale))), 1),
        "sftp_share_of_scp": round(min(there, back), 2),
        "upload_share_of_scp": round(there, 2),
        "download_share_of_scp": round(back, 2),
        **monitoring(max(1_000, int(100_000 * scale))),
    }


def table(figures: dict[str, float]) -> str:
    machine = ", ".join(f"{name}: {value}" for name, value in description().items())
    rows = [f"| {name.replace('_', ' ')} | {value:g} |" for name, value in figures.items()]
    return "\n".join(["# Reaching a resource: sshd on the loopback", "", machine, "", "| | |", "|---|---|", *rows, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compute", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how much of the usual work to do")
    parser.add_argument("--no-store", action="store_true", help="leave benchmarks/results as it is")
    options = parser.parse_args(arguments)
    figures = measure(options.scale)
    print(table(figures))
    if not options.no_store:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "compute.md").write_text(table(figures), encoding="utf-8")
        stored = {"machine": description(), **figures}
        (RESULTS / "compute.json").write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
