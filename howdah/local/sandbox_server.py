"""The embedded SSH server of the sandbox, for machines without OpenSSH's: ``python -m howdah.local.sandbox_server``.

Runs commands through ``/bin/sh`` as the current user and serves SFTP. As with sshd, a client that vanishes does not end
its command.
"""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

import asyncssh

from howdah.local.ports import HOST

log = logging.getLogger("howdah.local.sandbox_server")


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
    # Whichever of the two outputs ended first would otherwise end the channel for the other.
    await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr, send_eof=False)
    status = await child.wait()
    await process.stdout.drain()
    await process.stderr.drain()
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        process.exit(status)


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
