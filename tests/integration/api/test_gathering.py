"""Experiments that come one call each share transactions, and nobody can tell but by the speed."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import orjson
import pytest
from fastapi import Response
from sqlalchemy.exc import OperationalError

from api_server.auth.principal import SCOPES_OF, Principal, Role
from api_server.experiments.creations import gathered_creations
from api_server.http.gathering import Call, Gathering, Produce
from api_server.http.idempotency import Answer, Idempotency, IdempotencyKeyReusedError
from api_server.lifecycle.requests import EXPERIMENT_REQUEST, AnyRequest
from api_server.problems import InvalidRequestError
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import GatewayId
from howdah.runtime import tracing
from tests.integration.api.conftest import Api, Tenant, refusing_commits

pytestmark = pytest.mark.integration
DOOMED = "fails at the commit"
NO_KEY = Idempotency(None)


def request(name: str, **changes: object) -> AnyRequest:
    task = {"name": "only", "type": "noop", **changes}
    return EXPERIMENT_REQUEST.validate_python({"kind": "tasks", "name": name, "tasks": [task], "launch": True})


class Held:
    """The route's own gathering, whose first transaction waits until it is let go: the rest gathers meanwhile."""

    def __init__(self, api: Api) -> None:
        real = gathered_creations(api.parts.registry, api.parts.lifecycle, "/api/v1/experiments")
        self._produce: Produce[AnyRequest] = real.produce
        self.gathering = Gathering(api.parts.registry, self._watched)
        self.groups: list[list[str]] = []
        self.outage: Exception | None = None
        self.holds = threading.Event()
        self.go_on = threading.Event()

    def _watched(self, work: UnitOfWork, principal: Principal, calls: Sequence[Call[AnyRequest]]) -> list[Answer]:
        self.groups.append([call.body.name for call in calls])
        if len(self.groups) == 1:
            self.holds.set()
            assert self.go_on.wait(30)
        elif self.outage is not None:
            raise self.outage
        return self._produce(work, principal, calls)

    async def all(self, *calls: Coroutine[Any, Any, Response]) -> list[Response | BaseException]:
        """Return what became of the calls, of which the first was being served when the others came."""
        first = asyncio.create_task(calls[0])
        await asyncio.to_thread(self.holds.wait, 30)
        others = [asyncio.create_task(call) for call in calls[1:]]
        await asyncio.sleep(0)  # each of them has now asked
        self.go_on.set()
        return await asyncio.gather(first, *others, return_exceptions=True)


@pytest.fixture
def held(api: Api) -> Held:
    return Held(api)


@pytest.fixture
def ada(tenant: Tenant) -> Principal:
    return a_caller(tenant, "ada")


def a_caller(tenant: Tenant, subject: str) -> Principal:
    return Principal(GatewayId(tenant.gateway_id), subject, Role.USER, SCOPES_OF[Role.USER])


def ids_of(answers: Sequence[Response | BaseException]) -> list[str]:
    return [orjson.loads(answer.body)["id"] for answer in answers if isinstance(answer, Response)]


def names(tenant: Tenant) -> list[str]:
    with tenant.client() as client:
        return sorted(item["name"] for item in client.get("/api/v1/experiments?limit=200").json()["items"])


def test_what_comes_meanwhile_shares_a_transaction(held: Held, ada: Principal, tenant: Tenant) -> None:
    wanted = [f"run-{number}" for number in range(8)]
    answers = asyncio.run(held.all(*(held.gathering.answer(ada, request(name), NO_KEY) for name in wanted)))
    assert held.groups == [wanted[:1], wanted[1:]]
    assert [orjson.loads(answer.body)["name"] for answer in answers if isinstance(answer, Response)] == wanted
    assert names(tenant) == wanted
    for answer, experiment_id in zip(answers, ids_of(answers), strict=True):
        assert isinstance(answer, Response)
        assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1/experiments/{experiment_id}")


def test_each_keeps_the_trace_that_it_came_with(held: Held, ada: Principal, api: Api) -> None:
    traces = [tracing.new_trace() for _ in range(4)]

    async def traced(trace: str) -> Response:
        tracing.enter(trace)
        return await held.gathering.answer(ada, request(trace), NO_KEY)

    answers = asyncio.run(held.all(*(traced(trace) for trace in traces)))
    with api.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT experiment_id::text, trace FROM process").all()
    kept = {row.experiment_id: row.trace.split("-")[1] for row in rows}
    assert [kept[experiment_id] for experiment_id in ids_of(answers)] == [trace.split("-")[1] for trace in traces]


def test_one_that_is_refused_takes_no_other_with_it(held: Held, ada: Principal, tenant: Tenant) -> None:
    wrong = request("wrong", depends_on=["nobody"])
    asked = [request("first"), request("second"), wrong, request("third")]
    answers = asyncio.run(held.all(*(held.gathering.answer(ada, one, NO_KEY) for one in asked)))
    refused = answers[2]
    assert isinstance(refused, InvalidRequestError)
    assert [error.field for error in refused.errors] == ["tasks.0.depends_on.0"]
    assert len(ids_of(answers)) == 3
    assert names(tenant) == ["first", "second", "third"]


def keyed(held: Held, caller: Principal, name: str, key: str) -> Coroutine[Any, Any, Response]:
    return held.gathering.answer(caller, request(name), Idempotency(key, name.encode()))


def test_the_same_key_is_done_once_within_a_transaction_too(held: Held, ada: Principal, tenant: Tenant) -> None:
    asked = [("a", "1"), ("b", "2"), ("b", "2"), ("c", "3"), ("other", "2"), ("a", "1")]
    answers = asyncio.run(held.all(*(keyed(held, ada, name, key) for name, key in asked)))
    assert isinstance(answers[4], IdempotencyKeyReusedError)
    first, second, twin, third, again = ids_of(answers)
    assert (twin, again) == (second, first)
    assert len({first, second, third}) == 3
    assert names(tenant) == ["a", "b", "c"]
    replayed = [isinstance(one, Response) and "idempotency-replayed" in one.headers for one in answers]
    assert sorted(replayed[1:3]) == [False, True]
    assert replayed[5]
    later = Held(tenant.api)
    answers = asyncio.run(later.all(*(keyed(later, ada, name, key) for name, key in (("d", "4"), *asked[:2]))))
    assert ids_of(answers)[1:] == [first, second]


@pytest.fixture
def commits_fail(api: Api) -> Iterator[None]:
    with refusing_commits(api.engine, "experiment", DOOMED):
        yield


@pytest.mark.usefixtures("commits_fail")
def test_after_a_failed_commit_nothing_is_tried_again(held: Held, ada: Principal, tenant: Tenant) -> None:
    asked = ["first", "second", DOOMED, "third"]
    answers = asyncio.run(held.all(*(held.gathering.answer(ada, request(name), NO_KEY) for name in asked)))
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, True, True]
    assert len(held.groups) == 2
    assert names(tenant) == ["first"]


def test_an_outage_is_told_to_all_at_once(held: Held, ada: Principal, tenant: Tenant) -> None:
    held.outage = OperationalError("INSERT", {}, Exception("the server closed the connection unexpectedly"))
    asked = [held.gathering.answer(ada, request(name), NO_KEY) for name in ("first", "second", "third")]
    answers = asyncio.run(held.all(*asked))
    assert answers[1:] == [held.outage, held.outage]
    assert len(held.groups) == 2
    assert names(tenant) == ["first"]


def test_callers_do_not_wait_for_each_other(
    held: Held, ada: Principal, new_tenant: Callable[[], Tenant], tenant: Tenant
) -> None:
    bob, stranger = a_caller(tenant, "bob"), a_caller(new_tenant(), "ada")

    async def both() -> None:
        waits = asyncio.create_task(held.gathering.answer(ada, request("waits"), NO_KEY))
        await asyncio.to_thread(held.holds.wait, 30)
        for other in (bob, stranger):
            await asyncio.wait_for(held.gathering.answer(other, request("served"), NO_KEY), 20)
        assert not waits.done()
        held.go_on.set()
        await waits

    asyncio.run(both())
    assert held.groups == [["waits"], ["served"], ["served"]]


def test_a_caller_that_goes_away_leaves_the_others_their_answers(held: Held, ada: Principal, tenant: Tenant) -> None:
    async def one_leaves() -> list[Response | BaseException]:
        first = asyncio.create_task(held.gathering.answer(ada, request("first"), NO_KEY))
        await asyncio.to_thread(held.holds.wait, 30)
        leaves = asyncio.create_task(held.gathering.answer(ada, request("leaves"), NO_KEY))
        stays = asyncio.create_task(held.gathering.answer(ada, request("stays"), NO_KEY))
        await asyncio.sleep(0)
        leaves.cancel()
        held.go_on.set()
        return list(await asyncio.gather(first, leaves, stays, return_exceptions=True))

    _, left, stayed = asyncio.run(one_leaves())
    assert isinstance(left, asyncio.CancelledError)
    assert isinstance(stayed, Response)
    assert names(tenant) == ["first", "leaves", "stays"]
