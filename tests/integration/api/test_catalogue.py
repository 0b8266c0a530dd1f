"""The catalogue over REST: what is made is there, what is wrong is told, what is used stays."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api_server.auth.principal import Role
from tests.integration.api.conftest import Tenant

pytestmark = pytest.mark.integration
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"


def make(client: httpx2.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/v1/{path}/{shown['id']}"
    return shown


def resource_body(credential_id: str, **changes: object) -> dict[str, Any]:
    return {
        "name": "cluster",
        "scheduler": "slurm",
        "host": "login.example.org",
        "username": "gateway",
        "credential_id": credential_id,
        "host_keys": [HOST_KEY],
        "scratch": "/scratch/gateway",
        "queues": [{"name": "debug", "is_default": True, "max_nodes": 2}],
        **changes,
    }


def the_errors(response: httpx2.Response, status: int) -> dict[str, str]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["message"] for error in response.json()["errors"]}


@pytest.fixture
def credential_id(admin: httpx2.Client) -> str:
    made = make(admin, "credentials", {"name": "key", "kind": "ssh-key", "generate": True})
    assert made["public_key"].startswith("ssh-ed25519 ")
    return str(made["id"])


@pytest.fixture
def resource(admin: httpx2.Client, credential_id: str) -> dict[str, Any]:
    return make(admin, "compute-resources", resource_body(credential_id))


def test_everything_of_a_catalogue_can_be_made_read_listed_edited_and_deleted(
    admin: httpx2.Client, resource: dict[str, Any]
) -> None:
    module = make(admin, "application-modules", {"name": "gromacs", "release": "2026.1"})
    interface = make(
        admin,
        "application-interfaces",
        {
            "module_id": module["id"],
            "name": "mdrun",
            "inputs": [{"name": "steps", "type": "integer", "minimum": 1, "flag": "-nsteps"}],
            "outputs": [{"name": "log", "type": "stdout"}],
        },
    )
    deployment = make(
        admin,
        "application-deployments",
        {"module_id": module["id"], "resource_id": resource["id"], "executable": "gmx", "modules": ["gromacs/2026.1"]},
    )
    for path, made in (
        ("application-deployments", deployment),
        ("application-interfaces", interface),
        ("application-modules", module),
        ("compute-resources", resource),
    ):
        read = admin.get(f"/api/v1/{path}/{made['id']}")
        assert read.json() == made
        assert read.headers["etag"] == '"1"'
        assert admin.get(f"/api/v1/{path}").json()["items"] == [made]
        body = {key: value for key, value in made.items() if key not in {"id", "version", "created_at", "updated_at"}}
        changed = admin.put(f"/api/v1/{path}/{made['id']}", json=body, headers={"If-Match": '"1"'})
        assert changed.status_code == 200, changed.text
        assert (changed.json()["version"], changed.headers["etag"]) == (2, '"2"')
        assert admin.delete(f"/api/v1/{path}/{made['id']}").status_code == 204
        assert admin.get(f"/api/v1/{path}/{made['id']}").status_code == 404


def test_queues_are_replaced_with_the_edit(admin: httpx2.Client, resource: dict[str, Any], credential_id: str) -> None:
    queues = [{"name": "debug", "max_nodes": 9}, {"name": "long", "is_default": True}]
    body = resource_body(credential_id, queues=queues, enabled=False)
    edited = admin.put(f"/api/v1/compute-resources/{resource['id']}", json=body, headers={"If-Match": '"1"'})
    assert edited.status_code == 200, edited.text
    read = admin.get(f"/api/v1/compute-resources/{resource['id']}").json()
    assert [(queue["name"], queue["max_nodes"], queue["is_default"]) for queue in read["queues"]] == [
        ("debug", 9, False),
        ("long", None, True),
    ]
    assert read["enabled"] is False
    assert read["updated_at"] > read["created_at"]


def test_an_edit_needs_the_version_it_was_made_from(
    admin: httpx2.Client, resource: dict[str, Any], credential_id: str
) -> None:
    path, body = f"/api/v1/compute-resources/{resource['id']}", resource_body(credential_id, port=2222)
    assert admin.put(path, json=body).status_code == 428
    assert admin.put(path, json=body, headers={"If-Match": '"7"'}).status_code == 412
    assert "If-Match" in the_errors(admin.put(path, json=body, headers={"If-Match": "*"}), 400)
    assert admin.put(path, json=body, headers={"If-Match": '"1"'}).status_code == 200
    second = admin.put(path, json=body, headers={"If-Match": '"1"'})
    assert second.status_code == 412
    assert second.headers["etag"] == '"2"'


def test_a_name_is_taken_once_in_a_gateway(admin: httpx2.Client, resource: dict[str, Any], credential_id: str) -> None:
    errors = the_errors(admin.post("/api/v1/compute-resources", json=resource_body(credential_id)), 409)
    assert errors == {"name": "'cluster' is taken by another compute resource of this gateway; choose another"}
    other = make(admin, "compute-resources", resource_body(credential_id, name="other"))
    path = f"/api/v1/compute-resources/{other['id']}"
    assert "name" in the_errors(admin.put(path, json=resource_body(credential_id), headers={"If-Match": '"1"'}), 409)
    assert resource["name"] == "cluster"


def test_what_is_used_is_not_deleted_and_the_answer_says_by_what(
    admin: httpx2.Client, resource: dict[str, Any], credential_id: str
) -> None:
    refused = admin.delete(f"/api/v1/credentials/{credential_id}")
    assert refused.status_code == 409
    assert refused.json()["used_by"] == [{"what": "compute resource", "id": resource["id"], "name": "cluster"}]
    assert "'cluster'" in refused.json()["detail"]


def test_references_to_what_is_not_there_are_told_by_field(admin: httpx2.Client, resource: dict[str, Any]) -> None:
    nowhere = "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"
    errors = the_errors(admin.post("/api/v1/compute-resources", json=resource_body(nowhere, name="x")), 422)
    assert errors == {"credential_id": "names no credential of this gateway"}
    body = {"module_id": nowhere, "resource_id": nowhere, "executable": "x"}
    assert set(the_errors(admin.post("/api/v1/application-deployments", json=body), 422)) == {
        "module_id",
        "resource_id",
    }
    assert resource["id"] != nowhere


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"host_keys": ["@cert-authority * ssh-ed25519 AAAA"]}, "host_keys.0", "damaged"),
        ({"host_keys": [f"@else * {HOST_KEY}"]}, "host_keys.0", "@cert-authority and @revoked"),
        ({"host_keys": [], "known_hosts": f"other.example.org {HOST_KEY}"}, "body", "no line of it is about"),
        ({"known_hosts": f"* {HOST_KEY}"}, "body", "either it or host_keys"),
        ({"host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8v"]}, "host_keys.0", "damaged"),
        ({"host_keys": ["ssh-ed25519"]}, "host_keys.0", "'<type> <base64>'"),
        ({"username": None}, "body", "username: needed to reach"),
        ({"scratch": "scratch"}, "scratch", "pattern"),
        ({"scratch": "/scratch/../etc"}, "scratch", "without '..'"),
        ({"scratch": "/"}, "scratch", "folder"),
        ({"port": 99_999}, "port", "65535"),
        ({"host": "-oProxyCommand=sh"}, "host", "pattern"),
        ({"name": "two\nlines"}, "name", "pattern"),
        ({"scheduler": "cron"}, "scheduler", "'slurm'"),
        ({"environment": {"A B": "x"}}, "environment.A B.[key]", "pattern"),
        ({"environment": {"A": "nul\x00"}}, "environment.A", "pattern"),
        ({"queues": [{"name": "a"}, {"name": "a"}]}, "body", "'a' is used more than once"),
        ({"queues": [{"name": "a", "max_node": 1}]}, "queues.0.max_node", "the fields are is_default, max_cpus"),
        ({"passwort": "x"}, "passwort", "not known here; the fields are credential_id"),
        ({"timeouts": {"connect_seconds": 0}}, "timeouts.connect_seconds", "greater than 0"),
    ],
)
def test_wrong_fields_of_a_resource_are_named_with_what_would_be_right(
    admin: httpx2.Client, credential_id: str, changes: dict[str, Any], field: str, says: str
) -> None:
    errors = the_errors(admin.post("/api/v1/compute-resources", json=resource_body(credential_id, **changes)), 422)
    assert says in errors[field], errors


def test_a_host_key_may_come_as_ssh_keyscan_prints_it(admin: httpx2.Client, credential_id: str) -> None:
    body = resource_body(credential_id, host_keys=[f"login.example.org {HOST_KEY} comment"])
    assert make(admin, "compute-resources", body)["host_keys"] == [HOST_KEY]


def test_a_local_resource_is_for_platform_administrators(tenant: Tenant, admin: httpx2.Client) -> None:
    body = {"name": "here", "transport": "local", "scheduler": "fork"}
    assert admin.post("/api/v1/compute-resources", json=body).status_code == 403
    with tenant.client(Role.PLATFORM_ADMIN, "root") as root:
        make(root, "compute-resources", body)


def test_an_interface_with_contradicting_inputs_is_refused(admin: httpx2.Client) -> None:
    module = make(admin, "application-modules", {"name": "m"})
    inputs = [{"name": "n", "type": "enum"}, {"name": "f", "type": "file", "minimum": 1}]
    body = {"module_id": module["id"], "name": "i", "inputs": inputs}
    errors = the_errors(admin.post("/api/v1/application-interfaces", json=body), 422)
    assert "an enum needs them" in errors["inputs.0"]
    assert "only numbers have them" in errors["inputs.1"]


def keygen(folder: Path, *arguments: str) -> str:
    path = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-f", str(path), *arguments], check=True, timeout=30)
    return path.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ("-t", "ed25519", "-N", ""),
        ("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""),
        ("-t", "ecdsa", "-m", "PKCS8", "-N", ""),
        ("-t", "ed25519", "-N", "correct horse"),
    ],
)
def test_private_keys_of_every_usual_form_are_taken(
    admin: httpx2.Client, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    body = {"name": "k", "kind": "ssh-key", "private_key": keygen(tmp_path, *arguments).replace("\n", "\r\n")}
    if arguments[-1]:
        body["passphrase"] = arguments[-1]
    made = make(admin, "credentials", body)
    public = (tmp_path / "key.pub").read_text().split()[:2]
    assert made["public_key"].split()[:2] == public


def test_what_is_no_private_key_is_refused_without_being_shown(admin: httpx2.Client, tmp_path: Path) -> None:
    encrypted = keygen(tmp_path, "-t", "ed25519", "-N", "correct horse")
    public = (tmp_path / "key.pub").read_text()
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"private_key": public}, "private_key", "is a public key"),
        ({"private_key": "PuTTY-User-Key-File-3: ssh-ed25519\nqqsecretqq"}, "private_key", "puttygen"),
        ({"private_key": "qqsecretqq"}, "private_key", "-----BEGIN"),
        ({"private_key": encrypted}, "passphrase", "is needed"),
        ({"private_key": encrypted, "passphrase": "qqsecretqq"}, "passphrase", "does not open"),
        ({"private_key": encrypted[:200]}, "private_key", "last line"),
        ({"private_key": encrypted.replace("b3BlbnNzaC", "b3BlbnNzaD")}, "private_key", "damaged"),
        ({}, "private_key", "either a private_key or generate"),
        ({"generate": True, "private_key": encrypted}, "private_key", "not both"),
        ({"generate": True, "passphrase": "qqsecretqq"}, "passphrase", "belongs to"),
    ]
    for fields, field, says in cases:
        response = admin.post("/api/v1/credentials", json={"name": "k", "kind": "ssh-key", **fields})
        errors = the_errors(response, 422)
        assert says in errors[field], (fields, errors)
        assert "qqsecretqq" not in response.text
        assert encrypted[100:160] not in json.dumps(errors)


def test_a_secret_is_never_shown_and_never_stored_in_clear(admin: httpx2.Client, tenant: Tenant) -> None:
    made = make(admin, "credentials", {"name": "pw", "kind": "password", "password": "qqsecretqq"})
    assert "qqsecretqq" not in json.dumps(made)
    assert "qqsecretqq" not in admin.get(f"/api/v1/credentials/{made['id']}").text
    with tenant.api.engine.connect() as connection:
        for table in ("credential", "audit", "idempotency_key"):
            rows = connection.exec_driver_sql(f"SELECT t::text FROM {table} t").scalars()  # noqa: S608 - our own names
            assert not any("qqsecretqq" in row for row in rows)


def test_changes_are_in_the_audit_trail_with_their_actor(
    tenant: Tenant, admin: httpx2.Client, resource: dict[str, Any], credential_id: str
) -> None:
    path = f"/api/v1/compute-resources/{resource['id']}"
    admin.put(path, json=resource_body(credential_id, port=2222), headers={"If-Match": '"1"'})
    admin.delete(path)
    with tenant.api.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT actor, action, object_type, details FROM audit WHERE gateway_id = %s ORDER BY id",
            (tenant.gateway_id,),
        ).all()
    assert [(row.actor, row.action, row.object_type) for row in rows] == [
        ("ada", "create", "credential"),
        ("ada", "create", "compute resource"),
        ("ada", "edit", "compute resource"),
        ("ada", "delete", "compute resource"),
    ]
    assert rows[2].details == {"name": "cluster", "changed": ["port"]}


def test_lists_are_paged_newest_first_and_garbage_is_refused(admin: httpx2.Client) -> None:
    made = [make(admin, "application-modules", {"name": f"m{number}"})["id"] for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        params: dict[str, str | int] = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = admin.get("/api/v1/application-modules", params=params).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    for field, value in (("limit", "0"), ("limit", "501"), ("limit", "x"), ("cursor", "garbage"), ("cursor", "W10")):
        response = admin.get("/api/v1/application-modules", params={field: value})
        assert field in the_errors(response, 400)
