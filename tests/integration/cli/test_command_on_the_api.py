"""The ``howdah`` command against the real API server and PostgreSQL; runs are proven on the whole platform."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy.orm import Session

from api_server.auth.principal import Role
from api_server.registry.base import Base
from api_server.registry.engine import make_engine
from api_server.registry.models import Gateway
from howdah.cli.__main__ import main
from howdah.contracts.ids import new_id
from tests.fixtures.interface import PostgresDaemon
from tests.integration.api.conftest import Api, Tenant, running
from tests.integration.api_experiments.run_rows import add_dead_letter

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

EXAMPLE = Path(__file__).parents[3] / "examples" / "gray-scott"


@dataclass(frozen=True)
class Done:
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Howdah:
    """Runs the command in a folder, as a person of a gateway of their own; in this process, which is quicker."""

    api: Api
    gateway_id: str
    token: str
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, code: int = 0) -> Done:
        stdout, stderr = io.StringIO(), io.StringIO()
        with self.monkeypatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
            patch.chdir(self.folder)
            patch.setenv("HOWDAH_API_URL", self.api.url)
            patch.setenv("HOWDAH_TOKEN", self.token)
            patch.setattr(sys, "argv", ["howdah", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        done = Done(stdout.getvalue(), stderr.getvalue())
        assert (ended.value.code or 0) == code, done
        assert self.token not in done.stdout + done.stderr
        return done

    def json(self, *arguments: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self(*arguments, "--json").stdout)
        return found


@pytest.fixture(scope="module")
def api(postgres: PostgresDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    url = postgres.create_database()
    engine = make_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    with running(url, tmp_path_factory.mktemp("objects")) as api:
        yield api
    postgres.drop_database(url)


@pytest.fixture
def howdah(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Howdah:
    gateway_id = new_id()
    with Session(api.engine) as session, session.begin():
        session.add(Gateway(id=gateway_id, name=f"gateway {gateway_id}"))
    tenant = Tenant(api, gateway_id)
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (tmp_path / "key").write_bytes(key)
    text = (tmp_path / "catalogue-slurm.yaml").read_text().replace("~/.ssh/id_ed25519", "key")
    (tmp_path / "cluster.yaml").write_text(text)
    (tmp_path / "catalogue.yaml").write_text(
        (tmp_path / "catalogue.yaml").read_text().replace("resource: sandbox", "resource: cluster")
    )
    (tmp_path / "cluster.yaml").write_text(text.rpartition("---")[0])
    return Howdah(api, gateway_id, tenant.token(Role.GATEWAY_ADMIN, "ada"), tmp_path, monkeypatch)


def _actions(howdah: Howdah, *files: str) -> dict[str, str]:
    arguments = [part for file in files for part in ("-f", file)]
    return {f"{one['kind']} {one['name']}": str(one["action"]) for one in howdah.json("apply", *arguments)}


def test_applying_twice_changes_nothing_and_an_edit_changes_only_itself(howdah: Howdah) -> None:
    first = _actions(howdah, "catalogue.yaml", "cluster.yaml")
    assert set(first.values()) == {"created"}
    assert len(first) == 5
    assert set(_actions(howdah, "cluster.yaml", "catalogue.yaml").values()) == {"unchanged"}
    path = howdah.folder / "catalogue.yaml"
    path.write_text(path.read_text().replace("maximum: 1000000", "maximum: 5000"))
    again = _actions(howdah, "catalogue.yaml", "cluster.yaml")
    assert {name for name, action in again.items() if action == "updated"} == {"ApplicationInterface gray-scott"}
    inputs = json.loads(howdah("apps", "show", "gray-scott", "--json").stdout)["inputs"]
    assert next(one for one in inputs if one["name"] == "steps")["maximum"] == 5000


def test_a_cluster_with_all_its_fields_is_applied_and_exported_without_a_change(howdah: Howdah) -> None:
    cluster = (howdah.folder / "cluster.yaml").read_text().replace("scheduler: slurm", "scheduler: sge")
    cluster = cluster.replace("max_nodes: 1", "max_gpus_per_node: 0") + "grid_engine: {gpu_resource: cuda}\n"
    (howdah.folder / "cluster.yaml").write_text(cluster)
    catalogue = (howdah.folder / "catalogue.yaml").read_text()
    container = "container: {image: 'docker://python:3.12', gpu: nvidia, binds: [{source: /data}]}"
    (howdah.folder / "catalogue.yaml").write_text(f"{catalogue}\nnative: ['#$ -l arch=lx-amd64']\n{container}\n")
    assert set(_actions(howdah, "catalogue.yaml", "cluster.yaml").values()) == {"created"}
    assert set(_actions(howdah, "catalogue.yaml", "cluster.yaml").values()) == {"unchanged"}
    [resource] = howdah.json("resources", "list")
    assert resource["grid_engine"] == {
        "parallel_environment": "smp",
        "multi_node_environment": None,
        "memory_resource": "h_vmem",
        "gpu_resource": "cuda",
    }
    howdah("export", "-o", "exported.yaml")
    assert set(_actions(howdah, "exported.yaml").values()) == {"unchanged"}
    (howdah.folder / "catalogue.yaml").write_text(f"{catalogue}\nnative: [-N mine]\n")
    refused = howdah("apply", "-f", "catalogue.yaml", code=1)
    assert "native.0" in refused.stderr
    assert "-N can't be given as a directive" in refused.stderr


def test_what_is_exported_is_applied_without_a_change(howdah: Howdah) -> None:
    _actions(howdah, "catalogue.yaml", "cluster.yaml")
    howdah("export", "-o", "exported.yaml")
    exported = (howdah.folder / "exported.yaml").read_text()
    assert "PRIVATE KEY" not in exported
    assert {one["kind"] for one in yaml.safe_load_all(exported)} == {
        "Credential",
        "ComputeResource",
        "ApplicationModule",
        "ApplicationInterface",
        "ApplicationDeployment",
    }
    assert set(_actions(howdah, "exported.yaml").values()) == {"unchanged"}


WORKFLOWS = """
kind: Workflow
name: twice
parameters: {text: {type: file}}
nodes:
  once: {kind: workflow, workflow: once, inputs: {text: "${parameters.text}"}}
  again: {kind: workflow, workflow: once, inputs: {text: "${parameters.text}"}, after: [once]}
---
kind: Workflow
name: once
parameters: {text: {type: any}}
nodes:
  say: {kind: task, type: command, resource: cluster, inputs: {argv: [echo, "${parameters.text}"]}}
"""


def test_a_workflow_is_applied_after_what_it_holds_and_a_changed_one_is_a_new_version(howdah: Howdah) -> None:
    (howdah.folder / "workflows.yaml").write_text(WORKFLOWS)
    files = ("workflows.yaml", "catalogue.yaml", "cluster.yaml")
    first = _actions(howdah, *files)
    assert list(first)[-2:] == ["Workflow once", "Workflow twice"]
    assert set(first.values()) == {"created"}
    assert set(_actions(howdah, *files).values()) == {"unchanged"}
    howdah("export", "-o", "exported.yaml")
    assert set(_actions(howdah, "exported.yaml").values()) == {"unchanged"}
    (howdah.folder / "workflows.yaml").write_text(WORKFLOWS.replace("argv: [echo", "argv: [printf"))
    again = _actions(howdah, *files)
    assert {name for name, action in again.items() if action == "updated"} == {"Workflow once"}
    assert [one["version"] for one in howdah.json("workflows", "versions", "once")] == [2, 1]
    assert [one["version"] for one in howdah.json("workflows", "versions", "twice")] == [1]


def test_what_is_wrong_with_a_workflow_is_told_at_its_place_in_the_file(howdah: Howdah) -> None:
    (howdah.folder / "workflows.yaml").write_text(WORKFLOWS)
    _actions(howdah, "workflows.yaml", "catalogue.yaml", "cluster.yaml")
    (howdah.folder / "workflows.yaml").write_text(WORKFLOWS.replace("${parameters.text}", "${parameters.txet}"))
    told = howdah("apply", "-f", "workflows.yaml", code=1).stderr
    assert "workflows.yaml, document 2, nodes.say.inputs.argv.1: " in told
    (howdah.folder / "workflows.yaml").write_text(WORKFLOWS.replace("kind: task, type: command", "kind: task"))
    assert "document 2, nodes.say.type: is required" in howdah("apply", "-f", "workflows.yaml", code=1).stderr


def test_an_experiment_and_a_schedule_of_a_workflow_are_made_from_yaml(howdah: Howdah) -> None:
    (howdah.folder / "workflows.yaml").write_text(WORKFLOWS)
    _actions(howdah, "workflows.yaml", "catalogue.yaml", "cluster.yaml")
    text = "kind: Experiment\nname: mine\nworkflow: twice\nversion: 1\nparameters: {text: {file: seeds.csv}}\n"
    (howdah.folder / "mine.yaml").write_text(text)
    made = json.loads(howdah("experiments", "create", "-f", "mine.yaml", "--json").stdout)
    assert (made["kind"], made["workflow_version"]) == ("workflow", 1)
    nightly = howdah("schedules", "set", "nightly", "--cron", "30 2 * * *", "-f", "mine.yaml", "--json")
    assert json.loads(nightly.stdout)["experiment"]["parameters"]["text"].startswith("howdah://objects/")
    told = howdah("experiments", "create", "-f", "mine.yaml", "--resource", "cluster", code=1).stderr
    assert "document 1, workflow: another resource can't be named" in told
    (howdah.folder / "mine.yaml").write_text(text.replace("seeds.csv", "none.csv"))
    told = howdah("experiments", "create", "-f", "mine.yaml", code=1).stderr
    assert "document 1, parameters.text.file: there is no file" in told


def test_a_secret_in_use_is_never_replaced_silently(howdah: Howdah) -> None:
    _actions(howdah, "cluster.yaml")
    fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (howdah.folder / "key").write_bytes(fresh)
    told = howdah("apply", "-f", "cluster.yaml", code=1).stderr
    assert "cluster.yaml, document 1, private_key_file: cluster-key is there already with another key" in told


def test_the_servers_refusals_stand_at_their_place_in_the_file(howdah: Howdah) -> None:
    path = howdah.folder / "cluster.yaml"
    path.write_text(path.read_text().replace("scheduler: slurm", "scheduler: cron").replace("port: 22", "port: 0"))
    told = howdah("apply", "-f", "cluster.yaml", code=1).stderr
    assert "cluster.yaml, document 2, scheduler: " in told
    assert "cluster.yaml, document 2, port: " in told
    missing = howdah("apply", "-f", "catalogue.yaml", code=1).stderr
    assert "document 3, resource: there is no compute resource named 'cluster', nor any other" in missing


def test_an_experiment_is_made_from_yaml_with_its_files(howdah: Howdah) -> None:
    _actions(howdah, "catalogue.yaml", "cluster.yaml")
    made = json.loads(howdah("experiments", "create", "-f", "experiment-slurm.yaml", "--json").stdout)
    assert made["state"] == "CREATED"
    assert [one["name"] for one in howdah.json("experiments", "list")] == ["corals on Slurm"]
    clone = json.loads(howdah("experiments", "clone", made["id"], "--name", "again", "--json").stdout)
    assert clone["id"] != made["id"]
    howdah("experiments", "delete", "again")
    assert len(howdah.json("experiments", "list")) == 1


def test_a_schedule_is_set_changed_paused_shown_and_removed(howdah: Howdah) -> None:
    _actions(howdah, "catalogue.yaml", "cluster.yaml")
    nightly = ("schedules", "set", "nightly", "--zone", "Europe/Berlin", "-f", "experiment-slurm.yaml")
    made = json.loads(howdah(*nightly, "--cron", "30 2 * * *", "--json").stdout)
    assert (made["version"], made["experiment"]["kind"], len(made["next_runs"])) == (1, "application", 5)
    assert "nightly: next " in howdah(*nightly, "--cron", "30 3 * * *", "--overlap", "skip").stdout
    [listed] = howdah.json("schedules", "list")
    assert (listed["id"], listed["cron"], listed["overlap"]) == (made["id"], "30 3 * * *", "skip")
    assert "paused" in howdah("schedules", "pause", "nightly").stdout + howdah("schedules", "list").stdout
    assert "next: never" in howdah("schedules", "show", "nightly").stdout
    assert "03:30 CE" in howdah("schedules", "resume", "nightly").stdout
    assert len(howdah("schedules", "preview", "0 9 * * mon", "--count", "4").stdout.splitlines()) == 4
    assert "cron: " in howdah(*nightly, "--cron", "soon", code=1).stderr
    howdah("schedules", "remove", "nightly")
    assert howdah.json("schedules", "list") == []


def test_wrong_values_are_told_with_their_document(howdah: Howdah) -> None:
    _actions(howdah, "catalogue.yaml", "cluster.yaml")
    good = (howdah.folder / "experiment-slurm.yaml").read_text()
    bad = good.replace("steps: 1200", "steps: 0").replace("palette: ocean", "palette: blue")
    (howdah.folder / "two.yaml").write_text(f"{good}\n---\n{bad}")
    told = howdah("experiments", "create", "-f", "two.yaml", code=1).stderr.splitlines()
    assert [line.partition(": must")[0] for line in told] == [
        "howdah: two.yaml, document 2, inputs.steps",
        "howdah: two.yaml, document 2, inputs.palette",
    ]
    assert howdah.json("experiments", "list") == [], "all or none"


def test_dead_letters_are_looked_at_and_put_away(howdah: Howdah) -> None:
    letter_id = add_dead_letter(howdah.api.engine, howdah.gateway_id, b"\x00\x01")
    assert [one["id"] for one in howdah.json("dead-letters", "list")] == [letter_id]
    assert "not JSON in UTF-8" in howdah("dead-letters", "show", letter_id).stdout
    assert "Discard it." in howdah("dead-letters", "redrive", letter_id, code=1).stderr
    howdah("dead-letters", "discard", letter_id)
    assert howdah.json("dead-letters", "list") == []
    (kept,) = howdah.json("dead-letters", "list", "--state", "all")
    assert kept["state"] == "DISCARDED"


def test_a_command_in_a_process_of_its_own_ends_with_its_code(howdah: Howdah) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "howdah.cli", "status", "--json"],
        cwd=howdah.folder,
        env={"PATH": "/usr/bin:/bin", "HOWDAH_API_URL": howdah.api.url, "HOWDAH_TOKEN": "unknown"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["caller"] is None
    assert report["troubles"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("resources", "show", "nowhere"), 1, "there is no compute resource with the id or name 'nowhere'"),
        (("resources", "list", "--api-url", "http://127.0.0.1:9", "--token", "t"), 1, "could not be reached"),
        (("resources", "list", "--token", "wrong"), 1, "howdah: "),
        (("experiments", "create"), 2, "Missing option"),
        (("experiments", "watch"), 1, "there is no experiment yet"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_every_mistake_is_one_clear_sentence(howdah: Howdah, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = howdah(*arguments, code=code)
    assert told in done.stderr
    assert done.stdout == ""


def test_an_operator_sees_and_steers_the_health_of_a_resource(howdah: Howdah) -> None:
    _actions(howdah, "cluster.yaml")
    assert "cluster" in howdah("resources", "health").stdout
    [one] = howdah.json("resources", "health")
    assert (one["circuit"], one["lane"], one["handlers"]) == ("closed", "fast", None)
    assert "a probe was asked for" in howdah("resources", "try-now", "cluster").stdout
    said = howdah("resources", "control", "cluster", "--lane", "slow", "--handlers", "2").stdout
    assert "lane slow, handlers 2" in said
    assert "lane: " in howdah("resources", "control", "cluster", "--lane", "express", code=1).stderr
    seen = howdah("resources", "health", "cluster").stdout
    assert "A probe was asked for at once." in seen
    assert "at most 2 handlers of a replica work there" in seen
    assert "lane by its health, handlers by share" in howdah("resources", "control", "cluster").stdout
    assert "the look is running" in howdah("resources", "queues", "cluster", "--wait", "0", code=1).stderr


def test_giving_up_what_waits_for_nothing_says_so(howdah: Howdah) -> None:
    text = yaml.safe_dump(
        {
            "kind": "Experiment",
            "name": "alone",
            "tasks": [{"name": "one", "type": "noop"}],
        }
    )
    (howdah.folder / "alone.yaml").write_text(text)
    howdah("experiments", "create", "-f", "alone.yaml", "--launch")
    assert "waits for no resource" in howdah("experiments", "give-up", "alone", code=1).stderr
