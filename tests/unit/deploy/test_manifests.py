"""deploy/k8s as it is rendered: what every pod must have, and that nothing of the platform is missing."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from api_server.cluster.kubernetes.manifest import deployment_object
from api_server.cluster.kubernetes.words import KIND_LABEL
from howdah.contracts.services import ServiceDeployment, ServiceKind
from howdah.contracts.topics import platform_topics
from howdah.local.composition import PLATFORM, SERVICES
from howdah.local.kafka import broker_settings
from scripts.generate_manifests import DASHBOARD, SCALERS, TOPICS, dashboard, scalers, topics
from tests.unit.deploy.rendering import DEPLOY, ROOT, Object, containers, of_kind, pods, rendered

OVERLAYS = ("overlays/dev", "overlays/production")
EVERY_POD = [(overlay, name) for overlay in OVERLAYS for name in pods(rendered(overlay))]
OURS = [(overlay, name) for overlay, name in EVERY_POD if name != "StatefulSet/sandbox"]
RUNNING = [(overlay, name) for overlay, name in EVERY_POD if not name.startswith("Job/")]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_of_the_platform_is_deployed(overlay: str) -> None:
    found = {one["metadata"]["name"] for one in of_kind(rendered(overlay), "Deployment")}
    assert found == {*PLATFORM, *(module.replace("_", "-") for module in SERVICES)}


@pytest.mark.parametrize(("overlay", "name"), OURS)
def test_pods_run_without_rights(overlay: str, name: str) -> None:
    template = pods(rendered(overlay))[name]
    context = template["spec"]["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & template["spec"].keys()
    assert not any("hostPath" in volume for volume in template["spec"].get("volumes", ()))
    for container in containers(template):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize(("overlay", "name"), EVERY_POD)
def test_pods_say_what_they_need_and_may_use(overlay: str, name: str) -> None:
    for container in containers(pods(rendered(overlay))[name]):
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
        assert ":" in container["image"], "an image without a tag is another one tomorrow"


@pytest.mark.parametrize(("overlay", "name"), RUNNING)
def test_what_runs_is_probed(overlay: str, name: str) -> None:
    for container in pods(rendered(overlay))[name]["spec"]["containers"]:
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_readiness_of_the_platform_is_what_the_process_says_of_itself(overlay: str) -> None:
    for one in of_kind(rendered(overlay), "Deployment"):
        (container,) = one["spec"]["template"]["spec"]["containers"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_have_time_to_finish_what_they_have_in_hand(overlay: str) -> None:
    (environment,) = [
        one for one in of_kind(rendered(overlay), "ConfigMap") if one["metadata"]["name"] == "howdah-environment"
    ]
    drain = float(environment["data"]["HOWDAH_DRAIN_GRACE_SECONDS"])
    for one in of_kind(rendered(overlay), "Deployment"):
        spec = one["spec"]["template"]["spec"]
        stop = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert spec["terminationGracePeriodSeconds"] > drain + stop + 5


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_rights_name_what_they_are_for(overlay: str) -> None:
    assert of_kind(rendered(overlay), "ClusterRole", "ClusterRoleBinding") == []
    for role in of_kind(rendered(overlay), "Role"):
        for rule in role["rules"]:
            assert "*" not in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
            if "secrets" in rule["resources"]:
                assert rule["resourceNames"]
                assert set(rule["verbs"]) <= {"get", "patch"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_who_asks_kubernetes_gets_a_token_for_it(overlay: str) -> None:
    with_token = {
        name
        for name, pod in pods(rendered(overlay)).items()
        if pod["spec"]["automountServiceAccountToken"] is not False
    }
    assert with_token <= {"Deployment/api-server", "Job/migrate", "Job/keys"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_task_services_get_neither_the_database_nor_the_keys(overlay: str) -> None:
    for one in of_kind(rendered(overlay), "Deployment"):
        if one["metadata"]["labels"][KIND_LABEL] == ServiceKind.BUILT_IN:
            text = yaml.safe_dump(one)
            assert not any(secret in text for secret in ("howdah-api", "howdah-admin", "DATABASE_URL", "MASTER_KEY"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_stands_in_a_manifest(overlay: str) -> None:
    for secret in of_kind(rendered(overlay), "Secret"):
        assert not secret.get("data")
        assert not secret.get("stringData")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_deployment_may_lose_one_pod_at_a_time_to_maintenance(overlay: str) -> None:
    budgets = {
        one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]: one["spec"]
        for one in of_kind(rendered(overlay), "PodDisruptionBudget")
    }
    names = {one["metadata"]["name"] for one in of_kind(rendered(overlay), "Deployment")}
    assert names <= budgets.keys()
    assert all(budgets[name]["maxUnavailable"] == 1 for name in names)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nobody_is_reached_who_is_not_named(overlay: str) -> None:
    policies = of_kind(rendered(overlay), "NetworkPolicy")
    closed = {
        one["metadata"]["namespace"]
        for one in policies
        if one["spec"]["podSelector"] == {} and set(one["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    }
    assert {one["metadata"]["namespace"] for one in of_kind(rendered(overlay), "Deployment", "StatefulSet")} <= closed


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_namespaces_enforce_pod_security(overlay: str) -> None:
    levels = {
        one["metadata"]["name"]: one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for one in of_kind(rendered(overlay), "Namespace")
    }
    assert levels.pop("howdah") == "restricted"
    assert levels in ({}, {"howdah-sandbox": "baseline"})


def test_a_custom_service_has_the_shape_of_a_built_in_one() -> None:
    built_in = next(one for one in of_kind(rendered("base"), "Deployment") if one["metadata"]["name"] == "command")
    wanted = ServiceDeployment(
        task_type="word-count", module="word_count", image="x/y:1", cpu_millicores=500, memory_mb=512
    )
    custom = deployment_object("command", wanted)
    assert custom["spec"]["strategy"] == built_in["spec"]["strategy"]
    assert custom["spec"]["selector"] == built_in["spec"]["selector"]
    ours, theirs = custom["spec"]["template"], built_in["spec"]["template"]
    assert ours["metadata"]["labels"].items() >= {**theirs["metadata"]["labels"], KIND_LABEL: "custom"}.items()
    (our_container,), (their_container,) = ours["spec"].pop("containers"), theirs["spec"]["containers"]
    assert ours["spec"] == {name: value for name, value in theirs["spec"].items() if name != "containers"}
    different = {"image", "args", "command", "env", "imagePullPolicy"}
    assert {name: value for name, value in our_container.items() if name not in different} == {
        name: value for name, value in their_container.items() if name not in different
    }
    assert {one["name"] for one in our_container["env"]} == {one["name"] for one in their_container["env"]}


def test_the_topics_for_strimzi_are_those_of_the_contracts() -> None:
    assert TOPICS.read_text() == topics(), "the contracts have changed: make manifests"
    made = [one for one in yaml.safe_load_all(TOPICS.read_text()) if one]
    assert {one["spec"]["topicName"] for one in made} == {topic.name for topic in platform_topics()}


def test_dashboard_and_scalers_are_those_of_the_code() -> None:
    assert DASHBOARD.read_text() == dashboard(), "the metrics have changed: make manifests"
    assert SCALERS.read_text() == scalers(), "the task types have changed: make manifests"


def test_every_task_service_is_scaled_by_what_waits_in_its_own_topic() -> None:
    scaled = of_kind(rendered("overlays/production"), "ScaledObject")
    built_in = {module.replace("_", "-") for module in SERVICES}
    assert {one["spec"]["scaleTargetRef"]["name"] for one in scaled} == built_in
    known = {topic.name: topic.partitions for topic in platform_topics()}
    for one in scaled:
        for trigger in one["spec"]["triggers"]:
            assert one["spec"]["maxReplicaCount"] <= known[trigger["metadata"]["topic"]]


def test_the_broker_for_development_is_set_as_the_local_stacks() -> None:
    (kafka,) = [one for one in of_kind(rendered("overlays/dev"), "StatefulSet") if one["metadata"]["name"] == "kafka"]
    said = {
        one["name"].removeprefix("KAFKA_").lower().replace("_", "."): one["value"]
        for one in kafka["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    own = broker_settings(1, 2, Path("/log"))
    differ = {name for name in own if "listener" in name or name.startswith("controller.quorum")}
    differ |= {"log.dirs", "num.network.threads", "num.io.threads", "share.coordinator.state.topic.num.partitions"}
    differ |= {
        "broker.session.timeout.ms",
        "broker.heartbeat.interval.ms",
    }  # a cluster's node may have no core to spare
    assert {name: said.get(name) for name in own if name not in differ} == {
        name: value for name, value in own.items() if name not in differ
    }


def test_no_file_of_the_deployment_is_left_out() -> None:
    def listed(folder: Path) -> set[Path]:
        content: Object = yaml.safe_load((folder / "kustomization.yaml").read_text())
        patches = [one["path"] for one in content.get("patches", ()) if "path" in one]
        names = [*content.get("resources", ()), *content.get("components", ()), *patches]
        return {(folder / name).resolve() for name in names}

    folders = [path.parent for path in DEPLOY.rglob("kustomization.yaml")]
    reached = set().union(*(listed(folder) for folder in folders))
    files = {path for path in DEPLOY.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert {path for path in files - reached if path.parent.name != "secret-templates"} == set()


def test_the_image_is_made_of_all_that_the_platform_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in ("server", "kubernetes", "s3"):
        wanted += project["optional-dependencies"][extra]
    names = {re.split(r"[^A-Za-z0-9-]", one, maxsplit=1)[0] for one in wanted}
    locked = set(re.findall(r"(?m)^([a-z0-9-]+)==", (ROOT / "docker/requirements.lock").read_text()))
    assert names <= locked, "make lock"
