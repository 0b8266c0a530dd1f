"""known_hosts as OpenSSH writes it: every form is read as its own tools read it."""

import subprocess
from pathlib import Path

import pytest

from api_server.compute_resources.host_keys import fingerprint, keys_in_known_hosts, read_host_key


@pytest.fixture
def key(tmp_path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True, timeout=30)
    return " ".join((tmp_path / "key.pub").read_text().split()[:2])


@pytest.mark.parametrize(
    ("names", "host", "port", "is_about"),
    [
        ("login.example.org", "login.example.org", 22, True),
        ("LOGIN.example.org,10.0.0.1", "login.example.org", 22, True),
        ("*.example.org,!bad.example.org", "login.example.org", 22, True),
        ("*.example.org,!bad.example.org", "bad.example.org", 22, False),
        ("login.example.org", "login.example.org", 2222, False),
        ("[login.example.org]:2222", "login.example.org", 2222, True),
        ("[login.example.org]:2222", "login.example.org", 22, False),
        ("login?.example.org", "login1.example.org", 22, True),
        ("|1|bad|hash", "login.example.org", 22, False),
    ],
)
def test_names_are_matched_as_ssh_does(key: str, names: str, host: str, port: int, is_about: bool) -> None:
    text = f"# a comment\n\n{names} {key} said by somebody\n"
    if is_about:
        assert keys_in_known_hosts(text, host, port) == (key,)
    else:
        with pytest.raises(ValueError, match="no line of it is about"):
            keys_in_known_hosts(text, host, port)


@pytest.mark.parametrize("name", ["login.example.org", "[login.example.org]:2222"])
def test_hashed_names_are_found(tmp_path: Path, key: str, name: str) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"{name} {key}\nother.example.org {key}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, timeout=30, capture_output=True)
    assert "example" not in path.read_text()
    port = 2222 if ":" in name else 22
    assert keys_in_known_hosts(path.read_text(), "login.example.org", port) == (key,)


def test_authorities_and_revoked_keys_keep_their_mark(key: str) -> None:
    text = f"@cert-authority *.example.org {key}\n@revoked * {key}\nlogin.example.org {key}\n"
    marked = (f"@cert-authority {key}", f"@revoked {key}", key)
    assert keys_in_known_hosts(text, "login.example.org", 22) == marked
    assert tuple(map(read_host_key, marked)) == marked


def test_a_line_that_is_damaged_is_named(key: str) -> None:
    with pytest.raises(ValueError, match="line 2: the base64 is no ssh-ed25519 key"):
        keys_in_known_hosts(f"other {key}\nlogin.example.org {key[:-8]}\n", "login.example.org", 22)


def test_a_fingerprint_is_what_ssh_keygen_says(tmp_path: Path, key: str) -> None:
    said = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "key.pub"], capture_output=True, check=True, timeout=30)
    assert fingerprint(key) == said.stdout.decode().split()[1]
