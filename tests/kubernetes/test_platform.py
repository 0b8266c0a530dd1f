"""The dev overlay on a real cluster: it comes up by one command, works, is steered, and outlives its pods."""

import json
import subprocess
from collections.abc import Callable
from typing import Final

import pytest
import yaml

from howdah.local.composition import PLATFORM, SERVICES
from tests.kubernetes.installation import NAMESPACE, SANDBOX, Installation, await_that

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_800)]

SERVICE_NAMES: Final = tuple(module.replace("_", "-") for module in SERVICES)
EXPERIMENTS: Final = 20
EXAMPLE: Final = "/opt/howdah/lib/python3.11/site-packages/howdah/examples/gray-scott"


@pytest.fixture(scope="module", autouse=True)
def _catalogue(platform: Installation) -> None:
    platform.howdah("apply", "-f", f"{EXAMPLE}/catalogue.yaml")


def under_load(platform: Installation, name: str, count: int = EXPERIMENTS) -> "subprocess.Popen[str]":
    load = platform.program("load.py", name, str(count), "1")
    assert load.stdout is not None
    assert load.stdout.readline() == "launched\n"
    return load


def states(load: "subprocess.Popen[str]") -> dict[str, int]:
    said, _ = load.communicate()
    return dict(json.loads(said))


def test_one_apply_on_an_empty_cluster_brings_the_platform_up(platform: Installation) -> None:
    listed = platform.howdah("services", "list")
    assert listed["control"] == "kubernetes"
    assert {one["name"] for one in listed["items"]} >= {*PLATFORM, *SERVICE_NAMES}
    assert all(one["ready"] == one["replicas"] for one in listed["items"])


def test_the_same_apply_again_changes_no_secret_and_restarts_nothing(platform: Installation) -> None:
    def pods() -> set[str]:
        return {one["metadata"]["uid"] for one in platform.objects("pod")}

    before, secrets = pods(), {one["metadata"]["name"]: one.get("data") for one in platform.objects("secret")}
    platform.apply()
    platform.await_up()
    assert pods() == before
    assert {one["metadata"]["name"]: one.get("data") for one in platform.objects("secret")} == secrets


def test_the_example_experiment_runs_on_the_sandbox_through_the_service(platform: Installation) -> None:
    made = platform.run(
        *("exec", "-n", NAMESPACE, "client", "--", "howdah", "experiments", "create"),
        *("-f", f"{EXAMPLE}/experiment.yaml", "--launch", "--watch"),
        seconds=900,
    )
    assert "COMPLETED" in made
    assert "corals" in made


def test_every_pod_is_admitted_as_restricted(platform: Installation) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    said = platform.run("label", "--dry-run=server", "--overwrite", "ns", NAMESPACE, label, check=False)
    assert "violate" not in said
    bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad", "namespace": NAMESPACE}}
    bad["spec"] = {"containers": [{"name": "bad", "image": "howdah/platform:dev"}]}
    refusal = platform.run("apply", "-f", "-", stdin=yaml.safe_dump(bad), check=False)
    assert 'violates PodSecurity "restricted' in refusal


def test_network_policies_let_pass_what_must_and_refuse_the_rest(platform: Installation) -> None:
    service, api = platform.pod_of("command"), platform.pod_of("api-server")
    orchestrator, kafka = platform.pod_of("orchestrator"), platform.pod_of("kafka")
    kubernetes = ("kubernetes.default.svc", 443)
    passes = [
        (NAMESPACE, service, "kafka", 9092),
        (NAMESPACE, service, "api-server", 8700),
        (NAMESPACE, service, "sandbox.howdah-sandbox", 22),
        (NAMESPACE, api, "kafka", 9092),
        (NAMESPACE, api, "postgres", 5432),
        (NAMESPACE, api, *kubernetes),
        (NAMESPACE, orchestrator, "postgres", 5432),
        (NAMESPACE, "client", "api-server", 8700),
    ]
    refused = [
        (NAMESPACE, service, "postgres", 5432),
        (NAMESPACE, service, *kubernetes),
        (NAMESPACE, api, "sandbox.howdah-sandbox", 22),
        (NAMESPACE, orchestrator, "sandbox.howdah-sandbox", 22),
        (NAMESPACE, orchestrator, *kubernetes),
        (NAMESPACE, "client", "kafka", 9092),
        (NAMESPACE, "client", "postgres", 5432),
        (NAMESPACE, kafka, "postgres.howdah", 5432),
        (SANDBOX, "sandbox-0", "api-server.howdah", 8700),
        (SANDBOX, "sandbox-0", "postgres.howdah", 5432),
    ]
    assert [one for one in passes if not platform.reaches(*one)] == []
    assert [one for one in refused if platform.reaches(*one)] == []


def test_a_task_service_is_scaled_and_restarted_from_the_platform(platform: Installation) -> None:
    def report(name: str) -> dict[str, object]:
        return dict(platform.howdah("services", "show", name))

    def settled(replicas: int) -> bool:
        now = report("command")
        instances = now["instances"]
        assert isinstance(instances, list)
        return now["ready"] == now["replicas"] == now["up_to_date"] == len(instances) == replicas

    platform.howdah("services", "scale", "command", "2")
    await_that(lambda: settled(2), "two instances of command")
    before = report("command")
    platform.howdah("services", "restart", "command")
    await_that(lambda: report("command")["revision"] != before["revision"] and settled(2), "command is restarted")
    platform.howdah("services", "scale", "command", "1")
    await_that(lambda: settled(1), "one instance of command")
    assert report("command")["events"]


def test_a_service_of_ones_own_is_deployed_and_works(platform: Installation) -> None:
    wanted = {
        "task_type": "word-count",
        "module": "howdah.examples.word_count_service",
        "image": "howdah/platform:dev",
        "release": "dev",
    }
    write = f"cat > /tmp/word-count.json <<'END'\n{json.dumps(wanted)}\nEND\n"
    platform.run("exec", "-n", NAMESPACE, "client", "--", "sh", "-c", write)
    platform.howdah("services", "deploy", "word-count", "-f", "/tmp/word-count.json")
    await_that(lambda: platform.howdah("services", "show", "word-count")["ready"] == 1, "word-count is ready")
    ended = platform.program("own_task.py").communicate()[0].split()
    assert ended == ["COMPLETED", "4"]
    platform.howdah("services", "list")
    platform.run("exec", "-n", NAMESPACE, "client", "--", "howdah", "services", "remove", "word-count")
    names = {one["metadata"]["name"] for one in platform.objects("deployment")}
    assert "word-count" not in names


def test_nothing_is_lost_or_done_twice_when_each_pod_is_deleted_in_turn(
    platform: Installation, tell: Callable[..., None]
) -> None:
    before = platform.job_names()
    load = under_load(platform, "pods")
    for service in (*PLATFORM, *SERVICE_NAMES):
        platform.run("-n", NAMESPACE, "delete", "pod", platform.pod_of(service), "--grace-period=0", "--force")
        selector = f"deployment/{service}"
        platform.run("-n", NAMESPACE, "rollout", "status", selector, "--timeout=300s", seconds=310)
    assert states(load) == {"COMPLETED": EXPERIMENTS}
    jobs = platform.job_names()[len(before) :]
    assert len(jobs) == len(set(jobs)) == EXPERIMENTS
    deleted = len((*PLATFORM, *SERVICE_NAMES))
    tell("pods", pods_deleted=deleted, experiments=EXPERIMENTS, lost=0, jobs=len(jobs), duplicate_jobs=0)


def test_the_data_is_there_after_the_pods_of_kafka_and_postgresql_were_deleted(
    platform: Installation, tell: Callable[..., None]
) -> None:
    before = platform.job_names()
    known = {one["id"] for one in platform.howdah("experiments", "list", "--limit", "1000")}
    load = under_load(platform, "daemons", 10)
    for name in ("kafka-0", "postgres-0"):
        platform.run("-n", NAMESPACE, "delete", "pod", name, "--grace-period=0", "--force")
        platform.run("-n", NAMESPACE, "rollout", "status", f"statefulset/{name[:-2]}", "--timeout=300s", seconds=310)
    assert states(load) == {"COMPLETED": 10}
    jobs = platform.job_names()[len(before) :]
    assert len(jobs) == len(set(jobs)) == 10
    assert known <= {one["id"] for one in platform.howdah("experiments", "list", "--limit", "1000")}
    tell("daemons", pods_deleted=["kafka-0", "postgres-0"], experiments=10, lost=0, jobs=len(jobs), duplicate_jobs=0)
