"""What is done once between two waves of children: topics, migrations, the first gateway and its tokens."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from pydantic import SecretStr

from howdah.contracts.errors import HowdahError
from howdah.contracts.topics import platform_topics
from howdah.local.composition import Surroundings, api_environment
from howdah.local.errors import LocalStackError
from howdah.local.stack_secrets import SecretFile
from howdah.messaging import connect
from howdah.runtime.settings import KafkaSettings

Stopping = Callable[[], bool]

_POLL_SECONDS = 0.1
_TIMEOUT_SECONDS = 300.0
GATEWAY = "default"


def ensure_topics(where: Surroundings) -> None:
    """Create the topics that are missing."""
    settings = KafkaSettings.load(kafka_bootstrap=where.kafka_bootstrap)
    try:
        with connect(settings, "howdah-up") as messaging:
            messaging.admin().ensure(platform_topics(), settings.kafka_replication_factor)
    except HowdahError as error:
        raise LocalStackError(f"the topics could not be made on {where.kafka_bootstrap}: {error}") from error


def migrate(where: Surroundings, secret_file: SecretFile, stopping: Stopping) -> None:
    """Bring the database's tables up to date."""
    _run(where, ("migrate",), api_environment(where, secret_file.load()), stopping)


def bootstrap(where: Surroundings, secret_file: SecretFile, stopping: Stopping, *, own_database: bool) -> None:
    """Make the default gateway and its tokens, unless we hold them already.

    Tokens that exist but are not in our hands (a crash came between making and keeping them) are made anew, in a
    database of our own; in somebody else's that would lock others out.
    """
    known = secret_file.load()
    if known.admin_token is not None and known.service_token is not None:
        return
    arguments = ("bootstrap", "--gateway", GATEWAY, "--json", *(("--rotate",) if own_database else ()))
    said = _run(where, arguments, api_environment(where, known), stopping)
    try:
        answer = json.loads(said.strip().splitlines()[-1])
        tokens = {name: SecretStr(str(answer[name])) for name in ("admin_token", "service_token")}
    except (ValueError, KeyError, TypeError, IndexError):
        raise LocalStackError(
            f"the database has a gateway {GATEWAY!r} already, and {where.directory}/secrets.json does not hold its "
            "tokens: put admin_token and service_token there, or make new ones with "
            "`python -m api_server bootstrap --rotate`"
        ) from None
    secret_file.save(known.model_copy(update=tokens))


def _run(where: Surroundings, arguments: tuple[str, ...], env: Mapping[str, str], stopping: Stopping) -> str:
    """Run ``python -m api_server`` with ``arguments`` to its end; return what it wrote to standard output."""
    log_path = where.directory / "logs" / f"{arguments[0]}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    out_path = where.directory / "run" / f"{arguments[0]}.out"
    with log_path.open("wb") as log, _private(out_path) as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            (sys.executable, "-m", "api_server", *arguments),
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            start_new_session=True,
        )
        _await_end(process, arguments[0], stopping)
    said = out_path.read_text()
    out_path.unlink()
    if process.returncode != 0:
        tail = log_path.read_text(errors="replace")[-2_000:].strip()
        raise LocalStackError(f"{arguments[0]} failed with status {process.returncode}:\n{tail}")
    return said


def _await_end(process: subprocess.Popen[bytes], name: str, stopping: Stopping) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if not stopping() and time.monotonic() < deadline:
                continue
            process.kill()
            process.wait()
            if not stopping():
                raise LocalStackError(f"{name} was not done within {_TIMEOUT_SECONDS:.0f} s") from None
        return


def _private(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
