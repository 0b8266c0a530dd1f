from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from howdah.client.catalogue import DocumentsError, read_documents
from howdah.client.catalogue.credentials import public_key_of
from howdah.client.catalogue.ordering import in_order

EXAMPLES = Path(__file__).parents[3] / "examples"
BOMB = (
    "kind: Experiment\na: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]"
)
WRONG = {
    "a: 1\na: 2": "is no valid YAML: 'a' stands twice (line 2, column 1)",
    "kind: ApplicationModule\nname: x\nrelease: 1.0": ", document 1, release: a text was expected; put 1.0 in quotes",
    "kind: ComputeResource\nscheduler: fork\nname: x\nhots: y": "document 1, hots: a ComputeResource has no such field",
    "kind: ApplicationModule\n": ", document 1, name: is required",
    "kind: ApplicationModule\nname: x\n---\nkind: Nope": ", document 2, kind: 'Nope' is unknown; the kinds are Cred",
    "- 1": ", document 1: a mapping was expected",
    "[" * 5_000: "is nested deeper than",
    BOMB: ", document 1: holds more than the 100000 values",
    "&a {kind: *a}": "is nested deeper than",
    "a: !!python/object:os.system x": "could not determine a constructor",
    "\x00": "is no valid YAML",
    "": "holds no document",
    "1: x\nkind: Experiment": ", document 1, 1: the names of fields are texts",
    "kind: Credential\nname: x\ntype: password\nprivate_key_file: y": "type password takes one of password_file",
    "kind: Experiment\nname: x\ntasks: [{name: a}]\nresource: y": ", document 1, resource: does not go with tasks",
    "kind: Experiment\nname: 2024-01-01\ninterface: x": ", document 1, resource: needed, unless",
    "kind: Experiment\nname: x\nworkflow: y\nresource: z": ", document 1, resource: does not go with workflow",
    "kind: Experiment\nname: x\ninterface: y\nresource: z\nversion: 2": ", document 1, version: goes with workflow",
    "kind: Workflow\nname: x\nnodes: {a: {kind: task, type: command, inputz: {}}}": "1, nodes.a.inputz: is not",
    "kind: Workflow\nname: x\nnodez: {}": ", document 1, nodez: a Workflow has no such field; did you mean nodes?",
    "kind: Workflow\nname: X\nnodes: {}": ", document 1, name: ",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(DocumentsError) as caught:
        read_documents(path)
    assert str(caught.value).startswith(str(path))
    assert WRONG[text] in str(caught.value)


def test_all_errors_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("kind: ApplicationModule\nnam: x\n---\nkind: ApplicationModule\nname: ok\n---\nkind: 7")
    with pytest.raises(DocumentsError) as caught:
        read_documents(path)
    assert [(error.index, error.field) for error in caught.value.errors] == [(1, "name"), (1, "nam"), (3, "kind")]


@pytest.mark.parametrize("size", [0, (1 << 20) + 1])
def test_files_are_bounded_and_missing_ones_named(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file.yaml"
    if size:
        path.write_bytes(b"#" * size)
    with pytest.raises(DocumentsError, match="is larger than" if size else "can't be read: No such file"):
        read_documents(path)


INNER = "kind: Workflow\nname: {}\nnodes: {{a: {{kind: workflow, workflow: {}}}}}\n---\n"


def test_workflows_come_after_what_they_hold_and_not_in_circles(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(INNER.format("a", "b") + INNER.format("b", "c") + INNER.format("c", "elsewhere"))
    assert [one.body.name for one in in_order(read_documents(path))] == ["c", "b", "a"]
    path.write_text(INNER.format("a", "b") + INNER.format("b", "a"))
    with pytest.raises(DocumentsError, match=r"document [12], nodes: workflows are nodes of each other: [ab] in"):
        in_order(read_documents(path))


def test_the_examples_are_valid() -> None:
    found = {path.name: [one.body.kind for one in read_documents(path)] for path in EXAMPLES.glob("*/*.yaml")}
    assert found["catalogue.yaml"] == ["ApplicationModule", "ApplicationInterface", "ApplicationDeployment"]
    assert found["experiment.yaml"] == ["Experiment"]


def test_a_date_stays_a_text(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("kind: ApplicationModule\nname: x\nrelease: 2024-01-01")
    assert read_documents(path)[0].body.model_dump()["release"] == "2024-01-01"


KEYS: dict[str, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(65537, 2048),
    "ecdsa": ec.generate_private_key(ec.SECP256R1()),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("encryption", [NoEncryption(), BestAvailableEncryption(b"secret")])
def test_the_public_half_of_an_openssh_key_is_known_without_its_passphrase(
    kind: str, encryption: NoEncryption | BestAvailableEncryption
) -> None:
    key = KEYS[kind]
    text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert public_key_of(text) == public


def test_what_is_no_openssh_key_has_no_public_half() -> None:
    pem = KEYS["rsa"].private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    whole = KEYS["ed25519"].private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    lines = whole.splitlines()
    cut = "\n".join([lines[0], lines[1][:32], lines[-1]])
    assert [public_key_of(text) for text in ("", pem, "-----BEGIN OPENSSH PRIVATE KEY-----", cut)] == [None] * 4
