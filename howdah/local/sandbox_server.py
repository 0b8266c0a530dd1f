"""The embedded SSH server of the sandbox, for machines without OpenSSH's: ``python -m howdah.local.sandbox_server``.

Runs commands through ``/bin/sh`` as the current user and serves SFTP. As with sshd, a client that vanishes does not end
its command.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path
from typing import Final

import asyncssh

from howdah.local.ports import HOST

log = logging.getLogger("howdah.local.sandbox_server")

_PIECE_BYTES: Final = 1 << 16


async def run_command(process: "asyncssh.SSHServerProcess[bytes]") -> None:
    """Serve one channel: run its command, pass the streams through, report how it ended."""
    command = process.command
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        *(("-c", command) if command is not None else ()),
        cwd=Path.home(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise RuntimeError("the command was started without its pipes")
    feeding = asyncio.create_task(_feed(process.stdin, child.stdin))
    # The command may end before all that it wrote was read: its end is told after the end of both outputs.
    await asyncio.gather(_pass_on(child.stdout, process.stdout), _pass_on(child.stderr, process.stderr))
    status = await child.wait()
    feeding.cancel()
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        process.exit(status)


async def _feed(source: "asyncssh.SSHReader[bytes]", sink: asyncio.StreamWriter) -> None:
    """Pass the client's input on until it ends, the client has gone, or the command reads no more."""
    with contextlib.suppress(asyncssh.Error, asyncssh.SignalReceived, asyncssh.BreakReceived, OSError):
        while piece := await source.read(_PIECE_BYTES):
            sink.write(piece)
            await sink.drain()
    sink.close()


async def _pass_on(source: asyncio.StreamReader, sink: "asyncssh.SSHWriter[bytes]") -> None:
    """Pass an output on to its end; when the client has gone, read on, so that the command does."""
    gone = False
    while piece := await source.read(_PIECE_BYTES):
        if gone:
            continue
        try:
            sink.write(piece)
            await sink.drain()
        except (asyncssh.Error, OSError):
            gone = True


async def serve(port: int, host_key: Path, authorized: Path) -> None:
    """Serve until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    server = await asyncssh.listen(
        HOST,
        port,
        server_host_keys=[str(host_key)],
        authorized_client_keys=str(authorized),
        process_factory=run_command,
        sftp_factory=True,
        encoding=None,
        keepalive_interval=15,
    )
    log.info("listening on port %d", server.get_port())
    await stopping.wait()
    server.close()
    await server.wait_closed()


def main() -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host-key", type=Path, required=True)
    parser.add_argument("--authorized", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(options.port, options.host_key, options.authorized))
    return 0


if __name__ == "__main__":
    sys.exit(main())
