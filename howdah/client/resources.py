"""Compute resources: the catalogue's calls, the test of the way there, and the confirmation of a host key."""

from collections.abc import Iterator

from howdah.client.collections import VersionedCollection
from howdah.client.connection import Connection
from howdah.client.models import Agent, ComputeResource, EnrolledAgent, ResourceQueues, ResourceTest
from howdah.client.standings import HealthEvent, ResourceStanding, ResourceStandings


class ResourceCalls(VersionedCollection[ComputeResource]):
    """What can be done with compute resources."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "/compute-resources", ComputeResource)

    def test(self, resource_id: str, *, wait_seconds: float = 30.0) -> ResourceTest:
        """Walk the way to the resource, and wait a while for the report; ``state`` says whether it came.

        TooManyRequestsError, a ProblemError with status 429, when the last test was a moment ago.
        """
        return self._connection.post(self._waiting(resource_id, "test", wait_seconds), {}, ResourceTest)

    def tests(self, resource_id: str) -> Iterator[ResourceTest]:
        """Yield the tests of a resource, newest first."""
        return self._connection.pages(f"{self._path}/{resource_id}/tests", ResourceTest)

    def test_report(self, resource_id: str, test_id: str) -> ResourceTest:
        """Return a test as it stands now."""
        return self._connection.get(f"{self._path}/{resource_id}/tests/{test_id}", ResourceTest)

    def confirm_host_key(self, resource_id: str, fingerprint: str) -> ComputeResource:
        """Pin the key of this fingerprint, which the host showed to its latest test."""
        path = f"{self._path}/{resource_id}/host-keys"
        return self._connection.post(path, {"fingerprint": fingerprint}, ComputeResource)

    def queues(self, resource_id: str) -> ResourceQueues:
        """Return what the scheduler's queues were like when they were seen last."""
        return self._connection.get(f"{self._path}/{resource_id}/queues", ResourceQueues)

    def look_at_queues(self, resource_id: str, *, wait_seconds: float = 30.0) -> ResourceQueues:
        """Have the queues looked at, at most once a minute, and wait a while; ``state`` says whether an answer came.

        ProblemError with status 422: queues of such a scheduler can't be looked at.
        """
        return self._connection.post(self._waiting(resource_id, "queues", wait_seconds), {}, ResourceQueues)

    def agent(self, resource_id: str) -> Agent:
        """Return the enrolment of the resource's agent; NotFoundError when there is none."""
        return self._connection.get(f"{self._path}/{resource_id}/agent", Agent)

    def enrol_agent(self, resource_id: str) -> EnrolledAgent:
        """Enrol the agent; its secrets are in the answer and nowhere else. For platform administrators.

        ConflictError: it is enrolled already, or the resource or the installation is not made for agents.
        """
        return self._connection.post(f"{self._path}/{resource_id}/agent", {}, EnrolledAgent)

    def rotate_agent(self, resource_id: str) -> EnrolledAgent:
        """Make the agent's secrets anew; the earlier ones open nothing any more."""
        return self._connection.post(f"{self._path}/{resource_id}/agent/rotation", {}, EnrolledAgent)

    def revoke_agent(self, resource_id: str) -> None:
        """Take every right from the agent."""
        self._connection.send("DELETE", f"{self._path}/{resource_id}/agent")

    def standings(self) -> list[ResourceStanding]:
        """Return of every resource whether it is away, its lane, and what waits for it; by name."""
        return self._connection.get(f"{self._path}:health", ResourceStandings).items

    def standing(self, resource_id: str) -> ResourceStanding:
        """Return whether the resource is away and why, its lane, and what waits for it."""
        return self._connection.get(f"{self._path}/{resource_id}/health", ResourceStanding)

    def health_history(self, resource_id: str) -> Iterator[HealthEvent]:
        """Yield what happened to the resource's health, newest first."""
        return self._connection.pages(f"{self._path}/{resource_id}/health/history", HealthEvent)

    def try_now(self, resource_id: str) -> ResourceStanding:
        """Probe a resource that is away now, instead of at the next moment that is arranged."""
        return self._connection.post(f"{self._path}/{resource_id}/try-now", {}, ResourceStanding)

    def control(self, resource_id: str, *, lane: str | None = None, handlers: int | None = None) -> ResourceStanding:
        """Keep the resource in a lane, or limit the handlers it may occupy; None leaves it to the platform."""
        body = {"lane": lane, "handlers": handlers}
        return self._connection.put(f"{self._path}/{resource_id}/control", body, ResourceStanding)

    def _waiting(self, resource_id: str, what: str, seconds: float) -> str:
        return f"{self._path}/{resource_id}/{what}?wait={min(max(seconds, 0.0), 60.0):g}"
