"""After the start: the sandbox is registered, the example is run on request, people are told where everything is."""

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from howdah.client import Client, ClientError
from howdah.client.catalogue import DocumentsError, apply_documents, read_documents, submit_experiments
from howdah.client.run_models import Output
from howdah.contracts.states import ExperimentState
from howdah.local.errors import LocalStackError
from howdah.local.progress import Progress
from howdah.local.stack import Stack
from howdah.runtime.private_files import write_private

RESOURCE = "sandbox"
Follow = Callable[[Client, str], object]
"""Shows an experiment to a person, and returns when it has ended."""
_SHOWN_CHARACTERS = 2_000


class Welcome:
    """Called on a thread of its own once everything is ready. A failure is said; the stack goes on."""

    def __init__(self, stack: Stack, progress: Progress, example: Path | None, follow: Follow) -> None:
        self._stack = stack
        self._progress = progress
        self._example = example
        self._follow = follow

    def __call__(self) -> None:
        """Register, run the example, tell."""
        try:
            self._write_client_file()
            with Client(self._stack.where.api_url, self._token()) as client:
                self._register_sandbox(client)
                if self._example is not None:
                    self._run_example(client, self._example)
        except (ClientError, DocumentsError, LocalStackError) as error:
            self._progress.say(f"what was to be done after the start failed: {error}")
        self._tell(self._login_link())

    def _login_link(self) -> str:
        try:
            with Client(self._stack.where.api_url, self._token()) as client:
                return client.login_link()
        except (ClientError, LocalStackError) as error:
            return f"no login link: {error}"

    def _token(self) -> str:
        token = self._stack.secrets.load().admin_token
        if token is None:
            raise LocalStackError("there is no token of the default gateway")
        return token.get_secret_value()

    def _write_client_file(self) -> None:
        """Let the ``howdah`` command find this stack and its token."""
        content = json.dumps({"api_url": self._stack.where.api_url, "token": self._token()}, indent=2)
        write_private(self._stack.where.directory / "client.json", content.encode() + b"\n")

    def _register_sandbox(self, client: Client) -> None:
        resource = self._stack.sandbox.resource()
        key = f"{RESOURCE}-key"
        documents = [
            {"kind": "Credential", "name": key, "private_key_file": str(resource.private_key_path)},
            {
                "kind": "ComputeResource",
                "name": RESOURCE,
                "description": "This machine, over SSH on a loopback port",
                "transport": "ssh",
                "scheduler": "fork",
                "host": resource.host,
                "port": resource.port,
                "username": resource.username,
                "credential": key,
                "host_keys": list(resource.host_keys),
                "scratch": str(resource.scratch),
            },
        ]
        path = self._stack.where.directory / "sandbox.yaml"
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False))
        self._apply(client, path)

    def _apply(self, client: Client, path: Path) -> None:
        for applied in apply_documents(client, read_documents(path)):
            self._progress.say(f"      {applied.kind} {applied.name}: {applied.action}")

    def _run_example(self, client: Client, folder: Path) -> None:
        self._progress.say(f"the example of {folder}")
        self._apply(client, folder / "catalogue.yaml")
        documents = read_documents(folder / "experiment.yaml")
        (experiment,) = submit_experiments(client, documents, launch=True, resource=RESOURCE)
        self._progress.say(f"      experiment {experiment.name} ({experiment.id}) on {RESOURCE}")
        self._follow(client, experiment.id)
        target = self._stack.where.directory / "example" / experiment.id
        for output in client.experiments.outputs(experiment.id):
            if output.present:
                self._show(client.experiments.download_output(experiment.id, output, target / _name(output)), output)
        ended = client.experiments.get(experiment.id)
        if ended.state is not ExperimentState.COMPLETED:
            failure = ended.failure.sentence if ended.failure else ""
            self._progress.say(f"      the experiment ended as {ended.state}: {failure}")

    def _show(self, path: Path, output: Output) -> None:
        self._progress.say(f"      output {output.name}: {path} ({path.stat().st_size} bytes)")
        if output.name == "stdout":
            self._progress.say(path.read_text(errors="replace")[:_SHOWN_CHARACTERS].rstrip())

    def _tell(self, login_link: str) -> None:
        where, token = self._stack.where, self._stack.secrets.load().admin_token
        lines = (
            "",
            "Howdah is up.",
            f"  console  {login_link}",
            "           (signs one browser in, once, within ten minutes; later with the token)",
            f"  API      {where.api_url}/api/v1   (description: {where.api_url}/docs)",
            f"  token    {token.get_secret_value() if token else 'unknown'}",
            f"  Kafka    {where.kafka_bootstrap}",
            f"  data     {where.directory}",
            f"  logs     {where.directory}/logs",
            "Ctrl-C stops everything; the data stays.",
        )
        self._progress.say("\n".join(lines))


def _name(output: Output) -> str:
    """Return a file name for the output that stays in its folder, whatever the server says."""
    return Path(output.file_name or output.name).name or output.name
