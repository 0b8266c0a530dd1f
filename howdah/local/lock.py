"""Makes ``kafka.lock.json`` anew: walks the dependency graph once and records every jar's SHA-256.

Run by hand when the Kafka version changes: ``python -m howdah.local.lock``. The result is reviewed and committed.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver
from jgo.parse import Coordinate

from howdah.local.downloads import JarLock, LockedJar

REQUESTED = ("org.apache.kafka:kafka_2.13:4.4.0", "org.slf4j:slf4j-simple:1.7.36")
LOCK_PATH = Path(__file__).with_name("kafka.lock.json")


def make_lock(requested: tuple[str, ...], scratch: Path) -> JarLock:
    """Resolve ``requested`` with everything that it needs at run time."""
    context = MavenContext(resolver=PythonResolver(), repo_cache=scratch, local_repos=[])
    inputs, transitive = context.resolver.resolve([context.create_dependency(_coordinate(text)) for text in requested])
    needed = [*inputs, *(each for each in transitive if each.scope in {"compile", "runtime"})]
    jars = []
    for dependency in needed:
        artifact = dependency.artifact
        digest = hashlib.sha256(artifact.resolve().read_bytes()).hexdigest()
        jars.append(LockedJar(coordinate=f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}", sha256=digest))
    return JarLock(requested=requested, jars=tuple(sorted(jars, key=lambda jar: jar.coordinate)))


def _coordinate(text: str) -> Coordinate:
    group, artifact, version = text.split(":")
    return Coordinate(group, artifact, version, scope="compile")


def main() -> None:
    """Write the lock."""
    with tempfile.TemporaryDirectory() as scratch:
        lock = make_lock(REQUESTED, Path(scratch))
    LOCK_PATH.write_text(lock.model_dump_json(indent=2) + "\n")
    sys.stdout.write(f"{LOCK_PATH.name}: {len(lock.jars)} jars\n")


if __name__ == "__main__":
    main()
