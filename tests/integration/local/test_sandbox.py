import asyncio
import getpass
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from howdah.local.sandbox import Sandbox, SandboxResource, find_sshd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


@pytest.fixture(params=["openssh", "embedded"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
    if request.param == "openssh":
        assert find_sshd() is not None, "make test installs openssh-server"
    server = Sandbox(tmp_path / "sandbox", embedded=request.param == "embedded")
    try:
        server.start()
        yield server
    finally:
        server.stop()


async def connect(resource: SandboxResource, host_key: str | None = None) -> asyncssh.SSHClientConnection:
    trusted = asyncssh.import_known_hosts(f"[{resource.host}]:{resource.port} {host_key or resource.host_keys[0]}\n")
    return await asyncssh.connect(
        resource.host,
        resource.port,
        username=resource.username,
        client_keys=[str(resource.private_key_path)],
        known_hosts=trusted,
        config=None,
    )


def test_commands_and_files_pass_over_ssh(sandbox: Sandbox) -> None:
    resource = sandbox.resource()

    async def use() -> None:
        async with await connect(resource) as connection:
            done = await connection.run("cat; echo trouble >&2; exit 3", input="héllo")
            assert (done.exit_status, done.stdout, done.stderr) == (3, "héllo", "trouble\n")
            big = await connection.run("head -c 3000000 /dev/zero | tr '\\0' x")
            assert big.stdout == "x" * 3_000_000
            async with connection.start_sftp_client() as sftp:
                async with sftp.open(str(resource.scratch / "input"), "wb") as file:
                    await file.write(b"\0data")
                listed = [str(name) for name in await sftp.listdir(str(resource.scratch))]
            assert sorted(listed) == [".", "..", "input"]

    asyncio.run(use())
    assert (resource.scratch / "input").read_bytes() == b"\0data"
    assert resource.username == getpass.getuser()
    assert resource.private_key_path.stat().st_mode & 0o077 == 0


def test_a_command_goes_on_when_the_client_vanishes(sandbox: Sandbox) -> None:
    resource = sandbox.resource()
    done = resource.scratch / "done"

    async def use() -> None:
        connection = await connect(resource)
        process = await connection.create_process(f"echo started; read line; sleep 1; echo yes > '{done}'")
        assert (await process.stdout.readline()).strip() == "started"
        connection.abort()
        for _ in range(100):
            if done.exists() and done.read_text():
                return
            await asyncio.sleep(0.1)
        pytest.fail("the command was ended together with its connection")

    asyncio.run(use())


def test_keys_and_port_survive_a_restart_and_strangers_are_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    before = sandbox.resource()
    sandbox.kill()
    sandbox.start()
    assert sandbox.resource() == before
    stranger = Sandbox(tmp_path / "other").resource()

    async def use() -> None:
        async with await connect(before) as connection:
            await connection.run("true", check=True)
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await connect(before, host_key=stranger.host_keys[0])
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(
                before.host,
                before.port,
                username=before.username,
                client_keys=[str(stranger.private_key_path)],
                known_hosts=None,
                config=None,
            )

    asyncio.run(use())
