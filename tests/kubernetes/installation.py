"""An installation of the dev overlay, seen from outside: kubectl, and a pod from which the API's Service is reached."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
NAMESPACE: Final = "howdah"
SANDBOX: Final = "howdah-sandbox"
PATIENCE_SECONDS: Final = 600.0
_CLIENT: Final = "client"


class Installation:
    """``deploy/k8s/overlays/dev`` on one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubectl = ("kubectl", "--kubeconfig", str(kubeconfig))

    def run(self, *arguments: str, stdin: str | None = None, seconds: float = 300, check: bool = True) -> str:
        """Return what kubectl wrote; an unexpected failure shows the end of what it said."""
        done = subprocess.run(
            [*self._kubectl, *arguments], input=stdin, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert not check or done.returncode == 0, (
            f"kubectl {' '.join(arguments[:6])}: {done.stdout[-2_000:]}\n{done.stderr[-2_000:]}"
        )
        return done.stdout + ("" if check else done.stderr)

    def succeeds(self, *arguments: str, stdin: str | None = None) -> bool:
        done = subprocess.run(
            [*self._kubectl, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode == 0

    def objects(self, kind: str, namespace: str = NAMESPACE) -> list[dict[str, Any]]:
        return list(json.loads(self.run("-n", namespace, "get", kind, "-o", "json"))["items"])

    def apply(self, release: str = "") -> None:
        """The one command of the documentation; with a ``release`` that one's image, as an upgrade is applied."""
        overlay = str(ROOT / "deploy/k8s/overlays/dev")
        if not release:
            self.run("apply", "-k", overlay)
            return
        if self.succeeds("get", "namespace", NAMESPACE):
            self.run("-n", NAMESPACE, "delete", "job", "--all")
        manifests = self.run("kustomize", overlay)
        self.run("apply", "-f", "-", stdin=manifests.replace("howdah/platform:dev", f"howdah/platform:{release}"))

    def sql(self, statement: str) -> str:
        """Return what the database says."""
        command = ("psql", "--host=/tmp", "--username=howdah", "--tuples-only", "--no-align", "howdah", "-c", statement)
        return self.run("-n", NAMESPACE, "exec", "postgres-0", "--", *command).strip()

    def save(self, path: Path, *arguments: str) -> None:
        """Write to a file what kubectl writes."""
        with path.open("wb") as file:
            subprocess.run([*self._kubectl, *arguments], stdout=file, check=True, timeout=300)

    def load(self, path: Path, *arguments: str) -> None:
        """Give a command in a pod (``exec`` is among the arguments) a file to read."""
        after = arguments.index("exec") + 1
        command = [*self._kubectl, *arguments[:after], "--stdin", *arguments[after:]]
        with path.open("rb") as file:
            subprocess.run(command, stdin=file, check=True, timeout=300)

    def await_up(self) -> None:
        """Return when everything that was applied is ready and done."""
        wait = f"--timeout={PATIENCE_SECONDS:.0f}s"
        for what in ("statefulset", "deployment"):
            for one in self.objects(what):
                name = f"{what}/{one['metadata']['name']}"
                self.run("-n", NAMESPACE, "rollout", "status", name, wait, seconds=PATIENCE_SECONDS + 10)
        self.run("-n", SANDBOX, "rollout", "status", "statefulset/sandbox", wait, seconds=PATIENCE_SECONDS + 10)
        self.run(
            "-n", NAMESPACE, "wait", "--for=condition=Complete", "job", "--all", wait, seconds=PATIENCE_SECONDS + 10
        )

    def pod_of(self, service: str) -> str:
        """Return the name of a running pod of a service."""
        selector = f"app.kubernetes.io/name={service}"
        found = json.loads(self.run("-n", NAMESPACE, "get", "pod", "-l", selector, "-o", "json"))["items"]
        return next(
            str(one["metadata"]["name"])
            for one in found
            if one["status"].get("phase") == "Running" and not one["metadata"].get("deletionTimestamp")
        )

    @contextmanager
    def client_pod(self) -> Iterator[None]:
        """Have a pod of a client beside the platform: restricted as all of them, allowed to reach the API only."""
        self.run("-n", NAMESPACE, "delete", "pod", _CLIENT, "--ignore-not-found", "--now")
        self.run("apply", "-f", "-", stdin=yaml.safe_dump(_client_pod()))
        self.run("-n", NAMESPACE, "wait", "--for=condition=Ready", f"pod/{_CLIENT}", "--timeout=60s")
        try:
            yield
        finally:
            self.run("-n", NAMESPACE, "delete", "pod", _CLIENT, "--ignore-not-found", "--now")

    def howdah(self, *arguments: str, seconds: float = 300) -> Any:  # noqa: ANN401 - JSON of any shape
        """Run the command in the client's pod; return its JSON."""
        command = ("exec", "-n", NAMESPACE, _CLIENT, "--", "howdah", *arguments, "--json")
        return json.loads(self.run(*command, seconds=seconds))

    def program(self, name: str, *arguments: str, seconds: float = PATIENCE_SECONDS) -> "subprocess.Popen[str]":
        """Start one of this folder's programs in the client's pod; its standard output is a pipe."""
        source = (Path(__file__).parent / name).read_text()
        command = [*self._kubectl, "exec", "-n", NAMESPACE, _CLIENT, "--", "timeout", f"{seconds:.0f}", "python3", "-c"]
        return subprocess.Popen([*command, source, *arguments], stdout=subprocess.PIPE, text=True)

    def job_names(self) -> list[str]:
        """Return the name of every job that the sandbox's Slurm has finished, by its own record."""
        record = self.run("-n", SANDBOX, "exec", "sandbox-0", "--", "cat", "/var/log/slurm/jobcomp.txt", check=False)
        return [part.removeprefix("Name=") for part in record.split() if part.startswith("Name=howdah-")]

    def reaches(self, namespace: str, pod: str, host: str, port: int) -> bool:
        """Tell whether a TCP connection from a pod to an address comes about within three seconds."""
        # Perl and bash are in Debian's minimal system, whatever else an image has.
        dial = f"exec 3<>/dev/tcp/{host}/{port}"
        return self.succeeds("-n", namespace, "exec", pod, "--", "timeout", "3", "bash", "-c", dial)


def await_that(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.5)


def _client_pod() -> dict[str, Any]:
    token = {"secretKeyRef": {"name": "howdah-admin", "key": "token"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": _CLIENT,
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/component": "client", "app.kubernetes.io/name": _CLIENT},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "client",
                    "image": "howdah/platform:dev",
                    "imagePullPolicy": "IfNotPresent",
                    "args": ["sleep", "86400"],
                    "env": [
                        {"name": "HOWDAH_API_URL", "value": "http://api-server:8700"},
                        {"name": "HOWDAH_TOKEN", "valueFrom": token},
                        {"name": "HOME", "value": "/tmp"},
                    ],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        },
    }
