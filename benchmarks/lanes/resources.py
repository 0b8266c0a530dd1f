"""Compute resources for the benchmark: nothing is ever run there, they only have a place in the lanes."""

from collections.abc import Mapping

from benchmarks.load import Api
from howdah.contracts.topics import FAST, SLOW
from howdah.messaging.lanes import shard_of
from tests.fixtures.daemons import free_port

_MOST = 200
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"


class Resources:
    """Makes resources through the API."""

    def __init__(self, api: Api) -> None:
        self._api = api
        credential = {"name": "of nobody", "kind": "password", "password": "not-asked-for"}
        self._credential = str(self._made("/api/v1/credentials", credential))
        self._number = 0

    def make(self) -> str:
        """Return the id of a resource that refuses every connection."""
        self._number += 1
        body = {
            "name": f"bench-{self._number}",
            "transport": "ssh",
            "scheduler": "fork",
            "host": "127.0.0.1",
            "port": free_port(),
            "username": "nobody",
            "credential_id": self._credential,
            "host_keys": [_KEY],
        }
        return str(self._made("/api/v1/compute-resources", body))

    def pair(self) -> tuple[str, str]:
        """Return two that share all their partitions, in both lanes: nothing but the bulkheads keeps them apart."""
        known: dict[tuple[tuple[int, ...], ...], str] = {}
        for _ in range(_MOST):
            one = self.make()
            place = tuple(shard_of(lane, one) for lane in (FAST, SLOW))
            if place in known:
                return known[place], one
            known[place] = one
        raise RuntimeError(f"no two of {_MOST} resources share their partitions")

    def _made(self, path: str, body: Mapping[str, object]) -> object:
        answer = self._api.call("POST", path, body)
        assert isinstance(answer, dict)
        return answer["id"]
