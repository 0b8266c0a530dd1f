"""Jump hosts, certificates, passwords and questions: the ways to log in, and what a host may show.

OpenSSH is the peer wherever it can be. Passwords and questions need PAM or the shadow file there, which a test must not
touch: for them the peer is paramiko's own server, on a loopback port.
"""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import paramiko
import pytest
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL
from paramiko.server import InteractiveQuery

from howdah.compute.abstract import SecretSource
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import PasswordSecret, PromptAnswer, SshKeySecret
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import CredentialId, new_id
from howdah.contracts.resources import ResourceTarget
from tests.fixtures.daemons import free_port
from tests.fixtures.sshd import SshServer

MakeSshd = Callable[[Mapping[str, str]], SshServer]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def _failure(reach: PooledReach, target: ResourceTarget, secret: SecretSource) -> tuple[FailureKind, str]:
    with pytest.raises(TaskError) as caught, reach.connect(target, secret) as connection:
        connection.run(["true"])
    return caught.value.failure.kind, caught.value.failure.sentence


def _sign(authority: Path, key: Path, *options: str) -> str:
    subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "test", *options, f"{key}.pub"], check=True, timeout=30)
    return Path(f"{key}-cert.pub").read_text()


def _make_key(path: Path, kind: str = "ed25519") -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True, timeout=30)
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


# ---------------------------------------------------------------- jump hosts


class _Hops:
    """Two jump hosts before a target, each with an account's key and a host key of its own."""

    def __init__(self, make_sshd: MakeSshd, options: Mapping[str, str] | None = None) -> None:
        self.first, self.second, self.end = make_sshd(options or {}), make_sshd({}), make_sshd({})
        self.asked: list[str | None] = []

    def target(self, **changes: object) -> ResourceTarget:
        jumps = (self.first.jump_host(), self.second.jump_host())
        return self.end.target(**({"jump_hosts": jumps} | changes))

    def secret(self, *, credential_id: CredentialId | None = None, fresh: bool = False) -> SshKeySecret:  # noqa: ARG002
        self.asked.append(credential_id)
        keys = {server.credential_id: server for server in (self.first, self.second)}
        return (self.end if credential_id is None else keys[credential_id]).secret()


def test_the_way_leads_over_several_jump_hosts(make_sshd: MakeSshd, reach: PooledReach) -> None:
    hops = _Hops(make_sshd)
    with reach.connect(hops.target(), hops.secret) as connection:
        seen = connection.run(["sh", "-c", 'echo "$SSH_CONNECTION"']).stdout.decode().split()
    assert seen[3] == str(hops.end.port)
    assert hops.asked == [hops.first.credential_id, hops.second.credential_id, None]


def test_a_jump_host_with_another_key_gets_no_credential(make_sshd: MakeSshd, reach: PooledReach) -> None:
    hops = _Hops(make_sshd)
    wrong = hops.second.jump_host(host_keys=(hops.end.host_key_line,))
    kind, sentence = _failure(reach, hops.target(jump_hosts=(hops.first.jump_host(), wrong)), hops.secret)
    assert kind is FailureKind.HOST_KEY
    assert f"127.0.0.1:{hops.second.port} is not the host that was pinned" in sentence
    assert hops.asked == [hops.first.credential_id]


def test_a_jump_host_that_forbids_forwarding_is_permanent(make_sshd: MakeSshd, reach: PooledReach) -> None:
    hops = _Hops(make_sshd, {"AllowTcpForwarding": "no"})
    kind, sentence = _failure(reach, hops.target(), hops.secret)
    assert kind is FailureKind.PERMANENT
    assert "does not let connections through" in sentence


def test_a_target_that_is_down_behind_a_jump_host_is_transient(make_sshd: MakeSshd, reach: PooledReach) -> None:
    hops = _Hops(make_sshd)
    kind, sentence = _failure(reach, hops.target(port=free_port()), hops.secret)
    assert kind is FailureKind.TRANSIENT
    assert "could not connect to port" in sentence


# ---------------------------------------------------------------- certificates and host keys


def test_a_user_certificate_logs_in_where_only_its_authority_is_trusted(
    make_sshd: MakeSshd, reach: PooledReach, tmp_path: Path
) -> None:
    _make_key(tmp_path / "ca")
    server = make_sshd({})
    server.stop()
    (server.directory / "ca.pub").write_text((tmp_path / "ca.pub").read_text())
    (server.directory / "authorized_keys").write_text("")
    server.options["TrustedUserCAKeys"] = str(server.directory / "ca.pub")
    server.start()

    def outcome(kind: str, *options: str) -> str:
        key = tmp_path / new_id()
        _make_key(key, kind)
        certificate = _sign(tmp_path / "ca", key, "-n", server.user, *options)
        secret = SshKeySecret(private_key=key.read_text(), certificate=certificate)
        try:
            with PooledReach() as fresh, fresh.connect(server.target(), lambda **_: secret) as connection:
                return connection.run(["echo", "in"]).stdout.decode()
        except TaskError as error:
            assert error.failure.kind is FailureKind.AUTHENTICATION  # noqa: PT017 - one of two outcomes
            return error.failure.sentence

    for kind in ("ed25519", "ecdsa", "rsa"):
        assert outcome(kind) == "in\n"
    assert "not valid now" in outcome("ed25519", "-V", "-2d:-1d")
    assert _failure(reach, server.target(), server.secret)[0] is FailureKind.AUTHENTICATION
    other = SshKeySecret(private_key=server.private_key, certificate=(tmp_path / "ca.pub").read_text())
    assert "can't be used" in _failure(reach, server.target(), lambda **_: other)[1]


def test_a_host_certificate_is_trusted_for_its_names_while_it_is_valid(make_sshd: MakeSshd, tmp_path: Path) -> None:
    authority = _make_key(tmp_path / "ca")
    foreign = _make_key(tmp_path / "foreign")
    server = make_sshd({})
    server.options["HostCertificate"] = str(server.directory / "host_key-cert.pub")

    def outcome(lines: tuple[str, ...], *options: str) -> str:
        server.stop()
        _sign(tmp_path / "ca", server.directory / "host_key", "-h", *options)
        server.start()
        try:
            with PooledReach() as fresh, fresh.connect(server.target(host_keys=lines), server.secret) as connection:
                return connection.run(["echo", "in"]).stdout.decode()
        except TaskError as error:
            assert error.failure.kind is FailureKind.HOST_KEY  # noqa: PT017 - one of two outcomes
            return error.failure.sentence

    trusted = (f"@cert-authority {authority}",)
    assert outcome(trusted, "-n", "127.0.0.1,cluster") == "in\n"
    assert outcome((server.host_key_line,), "-n", "127.0.0.1") == "in\n"
    assert "for cluster, not for 127.0.0.1" in outcome(trusted, "-n", "cluster")
    assert "not valid now" in outcome(trusted, "-n", "127.0.0.1", "-V", "-2d:-1d")
    assert "not by an authority for this host" in outcome((f"@cert-authority {foreign}",), "-n", "127.0.0.1")
    assert "revoked" in outcome((*trusted, f"@revoked {server.host_key_line}"), "-n", "127.0.0.1")


def test_a_revoked_key_and_a_key_that_nobody_confirmed_are_refused(sshd: SshServer, reach: PooledReach) -> None:
    revoked = (sshd.host_key_line, f"@revoked {sshd.host_key_line}")
    kind, sentence = _failure(reach, sshd.target(host_keys=revoked), sshd.secret)
    assert (kind, "which is revoked" in sentence) == (FailureKind.HOST_KEY, True)
    with (
        pytest.raises(TaskError, match="has not been confirmed yet") as caught,
        reach.connect(sshd.target(host_keys=()), sshd.secret),
    ):
        pass
    assert caught.value.failure.kind is FailureKind.HOST_KEY
    assert caught.value.failure.detail == sshd.host_key_line


def test_a_mismatch_names_both_fingerprints(sshd: SshServer, make_sshd: MakeSshd, reach: PooledReach) -> None:
    other = make_sshd({})
    _, sentence = _failure(reach, sshd.target(host_keys=(other.host_key_line,)), sshd.secret)
    for server in (sshd, other):
        listed = subprocess.run(
            ["ssh-keygen", "-l", "-f", server.directory / "host_key.pub"], capture_output=True, check=True, timeout=30
        )
        assert listed.stdout.decode().split()[1] in sentence


# ---------------------------------------------------------------- passwords and questions


class _Asking(paramiko.ServerInterface):
    """Wants a password, or answers to questions; takes nothing else."""

    def __init__(self, methods: Sequence[str], wants: Mapping[str, str]) -> None:
        self._methods = methods
        self._wants = wants

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - paramiko's interface
        return ",".join(self._methods)

    def check_auth_password(self, username: str, password: str) -> int:  # noqa: ARG002
        return self._verdict("password" in self._methods and password == self._wants["Password: "])

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:  # noqa: ARG002
        prompts = [(prompt, prompt.startswith("Name")) for prompt in self._wants]
        return InteractiveQuery("", "", *prompts)

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return self._verdict(responses == list(self._wants.values()))

    @staticmethod
    def _verdict(right: bool) -> int:
        return AUTH_SUCCESSFUL if right else AUTH_FAILED


@contextmanager
def _asking(methods: Sequence[str], wants: Mapping[str, str]) -> Iterator[ResourceTarget]:
    host_key = paramiko.ECDSAKey.generate()
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as served:

        def serve() -> None:
            with suppress(OSError, EOFError, paramiko.SSHException):
                while True:
                    transport = paramiko.Transport(listener.accept()[0])
                    served.callback(transport.close)
                    transport.add_server_key(host_key)
                    transport.start_server(threading.Event(), _Asking(methods, wants))

        threading.Thread(target=serve, daemon=True).start()
        yield ResourceTarget.model_validate(
            {
                "resource_id": new_id(),
                "name": "asking",
                "host": "127.0.0.1",
                "port": listener.getsockname()[1],
                "username": "somebody",
                "credential_id": new_id(),
                "host_keys": [f"{host_key.get_name()} {host_key.get_base64()}"],
            }
        )


_PASSWORD = {"Password: ": "hunter2"}
_TWO = {"Password: ": "hunter2", "Verification code: ": "123456"}
_CODE = (PromptAnswer(prompt="verification CODE", answer="123456"),)


@pytest.mark.parametrize(
    ("methods", "wants", "secret"),
    [
        (("password",), _PASSWORD, PasswordSecret(password="hunter2")),
        (("keyboard-interactive",), _PASSWORD, PasswordSecret(password="hunter2")),
        (("keyboard-interactive",), _TWO, PasswordSecret(password="hunter2", answers=_CODE)),
    ],
)
def test_passwords_and_questions_are_answered(
    methods: tuple[str, ...], wants: Mapping[str, str], secret: PasswordSecret
) -> None:
    with _asking(methods, wants) as target, PooledReach() as reach, reach.connect(target, lambda **_: secret):
        pass


@pytest.mark.parametrize(
    ("methods", "wants", "secret", "words"),
    [
        (("password",), _PASSWORD, PasswordSecret(password="wrong"), "refused the credential of somebody"),
        (("keyboard-interactive",), _PASSWORD, PasswordSecret(password="wrong"), "refused the credential of somebody"),
        (("keyboard-interactive",), {"Name: ": "x"}, PasswordSecret(password="hunter2"), "it asked 'Name:'"),
    ],
)
def test_what_is_not_answered_rightly_is_an_authentication_failure(
    methods: tuple[str, ...], wants: Mapping[str, str], secret: PasswordSecret, words: str
) -> None:
    with _asking(methods, wants) as target, PooledReach() as reach:
        kind, sentence = _failure(reach, target, lambda **_: secret)
    assert kind is FailureKind.AUTHENTICATION
    assert words in sentence
    assert secret.password not in sentence
