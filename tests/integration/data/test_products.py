"""Data products: registered, searched, used as an input, kept apart by gateway and by owner."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api_server.auth.principal import Role
from howdah.cli.app import app
from howdah.client import Client
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api.test_catalogue import make, the_errors
from tests.integration.data.conftest import Gateway
from tests.integration.data.test_staging import COPY, COPY_OUT, FILE_IN, copied

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

PATH = "/api/v1/data-products"


def test_an_output_becomes_a_product_and_a_product_an_input(gateway: Gateway) -> None:
    upload = gateway.upload(b"one, two", "words.txt")
    first = gateway.launch(gateway.application(COPY, COPY_OUT, FILE_IN), {"data": upload["uri"]})
    gateway.end_of(first)
    body = {"name": "words.txt", "output": {"experiment_id": first, "name": "copy"}, "labels": {"project": "corals"}}
    product = make(gateway.client, "data-products", body)
    assert (product["name"], product["size_bytes"]) == ("words.txt", 8)
    assert product["sha256"] == hashlib.sha256(b"one, two").hexdigest()
    assert gateway.client.get(f"{PATH}/{product['id']}/content").content == b"one, two"
    ended, content = copied(gateway, product["uri"])
    assert (ended["state"], content) == ("COMPLETED", b"one, two")


def test_a_product_on_a_storage_resource_is_checked_when_it_is_used(gateway: Gateway) -> None:
    folder = gateway.folder / "products"
    folder.mkdir(exist_ok=True)
    (folder / "r.dat").write_bytes(b"reference")
    same = {name: gateway.resource[name] for name in ("host", "port", "username", "credential_id", "host_keys")}
    storage = make(gateway.client, "storage-resources", {"name": "refs", "kind": "sftp", "root": str(folder), **same})
    digest = hashlib.sha256(b"reference").hexdigest()
    body = {"name": "r.dat", "replicas": ["howdah://storage/refs/r.dat"], "sha256": digest}
    product = make(gateway.client, "data-products", body)
    assert copied(gateway, product["uri"])[1] == b"reference"
    assert gateway.client.get(f"{PATH}/{product['id']}/content").status_code == 409
    (folder / "r.dat").write_bytes(b"something else")
    ended, _ = copied(gateway, product["uri"])
    assert "is not what was registered" in ended["failure"]["sentence"]
    in_use = gateway.client.delete(f"/api/v1/storage-resources/{storage['id']}")
    assert (in_use.status_code, in_use.json()["type"]) == (409, "/problems/in-use")
    upload = gateway.upload(b"reference", "r.dat")
    replica = gateway.client.post(f"{PATH}/{product['id']}/replicas", json={"uri": upload["uri"]})
    assert [one["storage_id"] for one in replica.json()["replicas"]] == [storage["id"], None]
    assert copied(gateway, product["uri"])[1] == b"reference"  # the platform's own replica comes first
    wrong = gateway.upload(b"no reference", "r.dat")
    refused = gateway.client.post(f"{PATH}/{product['id']}/replicas", json={"uri": wrong["uri"]})
    assert set(the_errors(refused, 422)) == {"replicas"}
    assert gateway.client.delete(f"/api/v1/files/{upload['id']}").json()["type"] == "/problems/in-use"


def test_products_are_searched_edited_and_kept_apart(
    gateway: Gateway, new_tenant: Callable[[], Tenant], tenant: Tenant
) -> None:
    def registered(name: str, **labels: str) -> dict[str, object]:
        upload = gateway.upload(name.encode(), name)
        return make(gateway.client, "data-products", {"replicas": [upload["uri"]], "labels": labels})

    grid, mesh = registered("grid.csv", kind="input"), registered("mesh.vtk", kind="output")

    def names(**query: str) -> list[str]:
        return [one["name"] for one in gateway.client.get(PATH, params=query).json()["items"]]

    assert names() == ["mesh.vtk", "grid.csv"]
    assert names(q="GRID") == names(label="kind=input") == names(q=str(grid["sha256"])) == ["grid.csv"]
    first = gateway.client.get(PATH, params={"limit": 1}).json()
    assert [one["name"] for one in first["items"]] == ["mesh.vtk"]
    assert names(cursor=first["next_cursor"]) == ["grid.csv"]
    with tenant.client(Role.USER, "bob") as bob, tenant.client(Role.VIEWER) as viewer, new_tenant().client() as other:
        path = f"{PATH}/{grid['id']}"
        assert viewer.get(path).status_code == 200
        assert viewer.delete(path).status_code == 403
        assert bob.delete(path).json()["type"] == "/problems/not-owner"
        assert other.get(path).status_code == 404
        assert other.get(PATH).json()["items"] == []
    edit = {"name": "grid2.csv", "labels": {"state": "final"}}
    assert gateway.client.put(path, json=edit, headers={"If-Match": '"1"'}).json()["labels"] == {"state": "final"}
    assert gateway.client.put(path, json=edit, headers={"If-Match": '"1"'}).status_code == 412
    assert gateway.client.delete(path).status_code == 204
    assert names() == ["mesh.vtk"]
    assert mesh["owner"] == "ada"


def test_another_gateways_product_is_no_input(gateway: Gateway, new_tenant: Callable[[], Tenant]) -> None:
    with new_tenant().client() as other:
        upload = other.post("/api/v1/files", files={"file": ("x.txt", b"theirs")}).json()
        theirs = make(other, "data-products", {"replicas": [upload["uri"]]})
    interface = gateway.application(COPY, COPY_OUT, FILE_IN)
    body = {"name": "x", "kind": "application", "interface_id": interface, "resource_id": gateway.resource["id"]}
    for source in (theirs["uri"], upload["uri"]):
        refused = gateway.client.post("/api/v1/experiments", json=body | {"inputs": {"data": source}})
        assert set(the_errors(refused, 422)) == {"inputs.data"}
    stolen = gateway.client.post(PATH, json={"replicas": [upload["uri"]]})
    assert set(the_errors(stolen, 422)) == {"replicas.0"}


def test_the_python_client_registers_and_finds_products(gateway: Gateway, api: Api, tenant: Tenant) -> None:
    upload = gateway.upload(b"content", "c.txt")
    with Client(api.url, tenant.token(Role.USER, "eve")) as howdah:
        product = howdah.products.register(replicas=[upload["uri"]], labels={"a": "b"})
        assert [one.id for one in howdah.products.search(text="c.txt", labels={"a": "b"})] == [product.id]
        assert howdah.products.get(product.id).uri == f"howdah://products/{product.id}"
        assert list(howdah.storage.list()) == []


def test_the_command_line_registers_lists_shows_and_downloads(api: Api, tenant: Tenant, tmp_path: Path) -> None:
    token = tenant.token(Role.USER, "eve")
    (tmp_path / "table.csv").write_bytes(b"a,b\n")

    def howdah(*arguments: str) -> Any:  # noqa: ANN401 - JSON of any shape
        done = CliRunner().invoke(app, [*arguments, "--api-url", api.url, "--token", token, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    made = howdah("data", "register", str(tmp_path / "table.csv"), "--label", "kind=table", "--description", "small")
    assert (made["name"], made["labels"]) == ("table.csv", {"kind": "table"})
    assert [one["id"] for one in howdah("data", "list", "--label", "kind=table")] == [made["id"]]
    assert howdah("data", "show", "table.csv")["sha256"] == hashlib.sha256(b"a,b\n").hexdigest()
    howdah("data", "download", made["uri"], str(tmp_path / "copy.csv"))
    assert (tmp_path / "copy.csv").read_bytes() == b"a,b\n"
    assert howdah("data", "delete", made["id"]) == {"deleted": made["id"]}
    assert howdah("data", "storage") == []
