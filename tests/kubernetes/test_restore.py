"""The database is lost and comes back from its backup, by the commands of docs/operations.md; the last line is JSON."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.kubernetes.installation import NAMESPACE, Installation
from tests.kubernetes.test_platform import EXAMPLE, states, under_load

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_800)]

PLATFORM: Final = ("-l", "howdah.dev/kind=platform")
POSTGRES: Final = ("-n", NAMESPACE, "exec", "postgres-0", "--")
CONNECTION: Final = ("--host=/tmp", "--username=howdah")


def test_what_was_there_at_the_backup_is_there_after_the_restore(
    platform: Installation, tmp_path: Path, tell: Callable[..., None]
) -> None:
    platform.howdah("apply", "-f", f"{EXAMPLE}/catalogue.yaml")
    assert states(under_load(platform, "kept", 5)) == {"COMPLETED": 5}
    began = time.monotonic()
    dump = tmp_path / "howdah.dump"
    platform.save(dump, *POSTGRES, "pg_dump", *CONNECTION, "--format=custom", "howdah")
    backed_up = time.monotonic()
    assert states(under_load(platform, "after-the-backup", 2)) == {"COMPLETED": 2}
    kept = {one["name"] for one in platform.howdah("experiments", "list", "--limit", "1000")}

    lost = time.monotonic()
    platform.run("-n", NAMESPACE, "scale", "deployment", "--replicas=0", *PLATFORM)
    platform.run("-n", NAMESPACE, "wait", "--for=delete", "pod", *PLATFORM, "--timeout=2m")
    for statement in ("DROP DATABASE howdah", "CREATE DATABASE howdah"):
        platform.run(*POSTGRES, "psql", *CONNECTION, "postgres", "-c", statement)
    platform.load(dump, *POSTGRES, "pg_restore", *CONNECTION, "--dbname=howdah", "--exit-on-error")
    platform.run("-n", NAMESPACE, "scale", "deployment", "--replicas=1", *PLATFORM)
    platform.await_up()
    found = {one["name"] for one in platform.howdah("experiments", "list", "--limit", "1000")}
    serving = time.monotonic()

    assert found == {name for name in kept if not name.startswith("after-the-backup")}
    assert states(under_load(platform, "again", 2)) == {"COMPLETED": 2}
    tell(
        "restore",
        experiments=len(found),
        backup_seconds=round(backed_up - began, 1),
        rto_seconds=round(serving - lost, 1),
        rpo_seconds=round(lost - began, 1),
        rpo_is="the age of the backup: what came after it is lost",
    )
