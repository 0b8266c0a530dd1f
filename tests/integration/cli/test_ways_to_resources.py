"""Jump hosts, certificates and answers as people write them, and the test of a resource as they see it."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy.orm import Session

from api_server.registry.repositories.looks import store_answers
from howdah.contracts.ids import GatewayId, LookId, ResourceId, new_id
from howdah.contracts.looks import LookKind
from howdah.contracts.messages import LookAnswered
from tests.integration.cli.test_command_on_the_api import Howdah, api, howdah

__all__ = ["api", "howdah"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


def _key(folder: Path, name: str) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True, timeout=30)
    return " ".join((folder / f"{name}.pub").read_text().split()[:2])


def _written(howdah: Howdah) -> Path:
    folder = howdah.folder
    for name in ("authority", "user", "gate"):
        _key(folder, name)
    sign = ["ssh-keygen", "-q", "-s", str(folder / "authority"), "-I", "x", "-n", "gateway", str(folder / "user.pub")]
    subprocess.run(sign, check=True, timeout=30)
    (folder / "code").write_text("123456\n")
    host_key = _key(folder, "host")
    documents = [
        {
            "kind": "Credential",
            "name": "user",
            "private_key_file": "user",
            "certificate_file": "user-cert.pub",
            "answer_files": {"Verification code": "code"},
        },
        {"kind": "Credential", "name": "gate", "private_key_file": "gate"},
        {
            "kind": "ComputeResource",
            "name": "far",
            "scheduler": "fork",
            "host": "far.example.org",
            "username": "gateway",
            "credential": "user",
            "host_keys": [f"@cert-authority *.example.org {host_key}", f"far.example.org {host_key} comment"],
            "jump_hosts": [
                {"host": "gate.example.org", "username": "me", "credential": "gate", "host_keys": [f"gate {host_key}"]}
            ],
        },
    ]
    path = folder / "far.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return path


def test_a_way_over_a_jump_host_is_applied_once_and_exported(howdah: Howdah) -> None:
    path = _written(howdah)
    actions = [one["action"] for one in howdah.json("apply", "-f", str(path))]
    assert actions == ["created"] * 3
    assert {one["action"] for one in howdah.json("apply", "-f", str(path))} == {"unchanged"}
    exported = howdah("export").stdout
    (resource,) = [one for one in yaml.safe_load_all(exported) if one["kind"] == "ComputeResource"]
    assert resource["jump_hosts"][0]["credential"] == "gate"
    assert resource["host_keys"][0].startswith("@cert-authority ssh-ed25519 ")
    assert "me@gate.example.org:22" in howdah("resources", "show", "far").stdout
    with howdah.api.client(howdah.token) as client:
        (gate,) = [one for one in client.get("/api/v1/credentials").json()["items"] if one["name"] == "gate"]
        refused = client.delete(f"/api/v1/credentials/{gate['id']}")
    assert (refused.status_code, "'far'" in refused.json()["detail"]) == (409, True)
    wrong = path.read_text().replace("user-cert.pub", "gate.pub").replace("name: user", "name: other")
    path.write_text(wrong)
    assert "certificate" in howdah("apply", "-f", str(path), code=1).stderr


def test_a_report_is_shown_and_a_key_is_trusted(howdah: Howdah) -> None:
    path = _written(howdah)
    text = path.read_text()
    documents = list(yaml.safe_load_all(text))
    documents[2]["host_keys"] = []
    path.write_text(yaml.safe_dump_all(documents))
    howdah("apply", "-f", str(path))
    assert "none confirmed yet" in howdah("resources", "show", "far").stdout
    waiting = howdah("resources", "test", "far", "--wait", "0", code=1).stdout
    assert "is running" in waiting
    _answer(howdah, waiting.split()[2])
    key = (howdah.folder / "host.pub").read_text().split()[1]
    listed = subprocess.run(
        ["ssh-keygen", "-l", "-f", howdah.folder / "host.pub"], check=True, capture_output=True, timeout=30
    )
    fingerprint = listed.stdout.decode().split()[1]
    howdah("resources", "trust", "far", "--fingerprint", fingerprint)
    assert key in howdah("resources", "show", "far").stdout


def _answer(howdah: Howdah, look_id: str) -> None:
    host_key = " ".join((howdah.folder / "host.pub").read_text().split()[:2])
    step = {"step": "host-key", "host": "far.example.org", "passing": "failed", "facts": {"host_key": host_key}}
    told = LookAnswered(
        at=datetime.now(UTC) + timedelta(seconds=1),
        look_id=LookId(look_id),
        gateway_id=GatewayId(howdah.gateway_id),
        resource_id=ResourceId(new_id()),
        what=LookKind.REACHABILITY,
        answer={"reached": False, "steps": [step]},
    )
    with Session(howdah.api.engine) as session, session.begin():
        store_answers(session, [told])
