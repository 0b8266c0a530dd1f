"""Launching as a gateway would: what was not accepted is asked for again, under the same Idempotency-Key."""

import time
from collections import Counter
from collections.abc import Mapping
from uuid import uuid4

from howdah.client import Client, ClientError
from tests.failure.proof.ground import Ground, Scale
from tests.fixtures.daemons import login_user
from tests.fixtures.waiting import holds_within

_PATIENCE_SECONDS = 120.0
_AGAIN_SECONDS = 0.5


def launched(client: Client, request: Mapping[str, object], patience_seconds: float = _PATIENCE_SECONDS) -> str:
    """Return the id of the experiment that the API server accepted, however often it had to be asked.

    A storm that kills the API server soon after each start leaves moments of a second or two to be accepted in: while
    it blows, have as much patience.
    """
    key = str(uuid4())
    accepted: list[str] = []
    refusals: Counter[str] = Counter()
    """Why it was asked again → how many seconds went by with that answer."""

    def asked() -> bool:
        began = time.monotonic()
        try:
            accepted.append(client.experiments.submit(request, idempotency_key=key).id)
        except ClientError as error:  # not accepted, as far as we know
            refusals[f"{type(error).__name__}: {error}"[:200]] += round(time.monotonic() - began)
            return False
        return True

    in_time = holds_within(asked, patience_seconds, every=_AGAIN_SECONDS)
    assert in_time, f"{request['name']} was not accepted within {patience_seconds:g} s: {dict(refusals)}"
    return accepted[0]


def launch_one(ground: Ground, proof: str, number: int, scale: Scale) -> str:
    """Launch the proof's experiment ``number`` over a connection of its own; return its id."""
    with ground.client() as client:
        return launched(client, ground.request(proof, number, scale.application_seconds))


def resource_over_a_link(ground: Ground, client: Client, name: str, port: int, **more: object) -> str:
    """Make a resource like the ground's Slurm, reached by ``port`` of this machine; return its id."""
    like = client.resources.find("slurm")
    assert like is not None
    body = {
        "name": name,
        "transport": "ssh",
        "scheduler": "slurm",
        "host": "127.0.0.1",
        "port": port,
        "username": login_user().pw_name,
        "credential_id": like.credential_id,
        "host_keys": [ground.sshd.host_key_line],
        "scratch": str(ground.sshd.work_root),
        "environment": like.environment,
        "timeouts": {"connect_seconds": 5, "command_seconds": 10, "submit_seconds": 5},
        "queues": [{"name": "debug", "is_default": True}],
        **more,
    }
    return client.resources.create(body).id
