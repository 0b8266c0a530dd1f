"""The sandbox: a compute resource on this machine, reached over real SSH on a loopback port as the current user.

OpenSSH's sshd serves it where it is installed, else an embedded server. Host key and user key are generated once and
kept below ``data_dir``; nothing of the user's own SSH configuration is read or changed.
"""

import getpass
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from howdah.local.child import ChildSpec
from howdah.local.daemon import Daemon
from howdah.local.ports import HOST, PortBook
from howdah.runtime.private_files import write_private

_PRIVILEGE_SEPARATION = Path("/run/sshd")
_BANNER = b"SSH-2.0-"
_PROBE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SandboxResource:
    """Everything that one needs to register the sandbox as a compute resource."""

    host: str
    port: int
    username: str
    host_keys: tuple[str, ...]
    """``<type> <base64>``, as in known_hosts."""
    private_key_path: Path
    scratch: Path


class Sandbox(Daemon):
    """The server and its keys. What runs on the resource goes on when it stops.

    ``port=0`` chooses a free port once and remembers it in ``data_dir``. ``embedded`` forces the embedded server; by
    default it stands in only where there is no sshd.
    """

    def __init__(
        self, data_dir: Path, port: int = 0, *, log_path: Path | None = None, embedded: bool | None = None
    ) -> None:
        self._data_dir = data_dir.absolute()
        super().__init__(log_path or self._data_dir / "sandbox.log")
        self._ports = PortBook(self._data_dir / "ports.json", {"sandbox": port} if port else {})
        self._sshd = None if embedded else find_sshd()

    @property
    def port(self) -> int:
        """The port, the same after a restart."""
        return self._ports.get("sandbox")

    def resource(self) -> SandboxResource:
        """Describe the resource. The keys are made when they are missing."""
        self._ensure_files()
        return SandboxResource(
            host=HOST,
            port=self.port,
            username=getpass.getuser(),
            host_keys=(_public_line(self._host_key),),
            private_key_path=self._user_key,
            scratch=self._scratch,
        )

    def prepare(self) -> ChildSpec:
        """Make keys and configuration; return what to run."""
        self._ensure_files()
        return ChildSpec(
            name="sandbox",
            command=self._openssh(self._sshd) if self._sshd else self._embedded(),
            ready=lambda: _trouble(self.port),
            ready_timeout_seconds=90,
            grace_seconds=5,
            with_descendants=False,  # jobs go on when a login node's sshd ends
        )

    @property
    def _host_key(self) -> Path:
        return self._data_dir / "host_key"

    @property
    def _user_key(self) -> Path:
        return self._data_dir / "user_key"

    @property
    def _authorized(self) -> Path:
        return self._data_dir / "authorized_keys"

    @property
    def _scratch(self) -> Path:
        return self._data_dir / "scratch"

    def _ensure_files(self) -> None:
        self._scratch.mkdir(parents=True, exist_ok=True)
        for path in (self._host_key, self._user_key):
            if not path.exists():
                _write_key(path)
        self._authorized.write_text(_public_line(self._user_key) + "\n")

    def _openssh(self, sshd: Path) -> tuple[str, ...]:
        if os.geteuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        config = self._data_dir / "sshd_config"
        config.write_text("".join(f"{name} {value}\n" for name, value in self._openssh_settings().items()))
        return (str(sshd), "-D", "-e", "-f", str(config))

    def _openssh_settings(self) -> dict[str, str]:
        return {
            "ListenAddress": f"{HOST}:{self.port}",
            "HostKey": f'"{self._host_key}"',
            "AuthorizedKeysFile": f'"{self._authorized}"',
            "AllowUsers": getpass.getuser(),
            "AuthenticationMethods": "publickey",
            "PermitRootLogin": "prohibit-password",
            "UsePAM": "no",
            "StrictModes": "no",
            "PidFile": "none",
            "UseDNS": "no",
            "PrintMotd": "no",
            "X11Forwarding": "no",
            "AllowTcpForwarding": "no",
            "AllowAgentForwarding": "no",
            "MaxSessions": "32",
            "MaxStartups": "100",
            "Subsystem": "sftp internal-sftp",
        }

    def _embedded(self) -> tuple[str, ...]:
        options = ("--port", str(self.port), "--host-key", str(self._host_key), "--authorized", str(self._authorized))
        return (sys.executable, "-m", "howdah.local.sandbox_server", *options)


def find_sshd() -> Path | None:
    """Return OpenSSH's server, which lives outside a plain user's PATH on Debian; None where it is not installed."""
    found = shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    return Path(found) if found else None


def _write_key(path: Path) -> None:
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    write_private(path, text)


def _public_line(private_key: Path) -> str:
    public = load_ssh_private_key(private_key.read_bytes(), password=None).public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _trouble(port: int) -> str | None:
    try:
        with socket.create_connection((HOST, port), timeout=_PROBE_SECONDS) as connection:
            greeting = connection.recv(len(_BANNER))
    except OSError as error:
        return f"no SSH server answers on port {port} yet ({type(error).__name__})"
    return None if greeting == _BANNER else f"what answers on port {port} is no SSH server"
