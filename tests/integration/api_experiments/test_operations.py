import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import orjson
import pytest
from sqlalchemy import text

from api_server.auth.principal import Role
from api_server.http.page import Page
from api_server.operations.instances import ServiceInstances as Instances
from api_server.operations.schemas import AuditRecord, DeadLetter, DeadLetterInFull, RedriveResult, ServiceInstances
from howdah.contracts import codec, topics
from howdah.contracts.errors import ContractError
from howdah.contracts.heartbeats import Heartbeat
from howdah.contracts.ids import InstanceId, new_id
from howdah.messaging import InMemoryBroker
from howdah.messaging.abstract import Record
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api_experiments.run_rows import NOW, add_dead_letter
from tests.integration.api_experiments.test_experiments import PATH, made

pytestmark = pytest.mark.integration

LETTERS = "/api/v1/dead-letters"


def command_of(client: httpx2.Client, *, attempt: int = 1, capability: str | None = None) -> bytes:
    """A command of the first task of a freshly launched experiment."""
    experiment = made(client, launch=True)
    task = client.get(f"{PATH}/{experiment['id']}/tasks").json()["items"][0]
    return orjson.dumps(
        {
            "kind": "run-task",
            "version": 1,
            "at": NOW,
            "gateway_id": new_id(),
            "experiment_id": experiment["id"],
            "process_id": task["process_id"],
            "command_id": new_id(),
            "task_id": task["id"],
            "name": "first",
            "type": "noop",
            "attempt": attempt,
            "max_attempts": 4,
            "lane": "fast",
            "params": {},
            "deadline_at": NOW,
            **({"capability": capability} if capability else {}),
        }
    )


def test_dead_letters_are_listed_by_state_topic_and_reason(
    admin: httpx2.Client, api: Api, tenant: Tenant, new_tenant: Callable[[], Tenant]
) -> None:
    old = add_dead_letter(api.engine, tenant.gateway_id, b"\x00", at=NOW - timedelta(hours=1), reason="Poison 1")
    new = add_dead_letter(api.engine, tenant.gateway_id, b"\x00", topic="howdah.jobs", state="DISCARDED")
    add_dead_letter(api.engine, new_tenant().gateway_id, b"theirs")
    page = Page[DeadLetter].model_validate_json(admin.get(LETTERS).content)
    assert [letter.id for letter in page.items] == [new, old]

    def ids(**params: str | int) -> list[str]:
        return [one["id"] for one in admin.get(LETTERS, params=params).json()["items"]]

    assert ids(state="NEW") == [old]
    assert ids(topic="howdah.jobs") == [new]
    assert ids(reason="poison") == [old]
    first = admin.get(LETTERS, params={"limit": 1}).json()
    assert ids(limit=1, cursor=first["next_cursor"]) == [old]


def test_a_letter_of_no_gateway_is_for_platform_administrators(admin: httpx2.Client, api: Api, tenant: Tenant) -> None:
    letter = add_dead_letter(api.engine, None, b"\xff\xfe")
    assert admin.get(f"{LETTERS}/{letter}").status_code == 404
    with tenant.client(Role.PLATFORM_ADMIN, "root") as root:
        shown = DeadLetterInFull.model_validate_json(root.get(f"{LETTERS}/{letter}").content)
        assert root.post(f"{LETTERS}/{letter}/redrive").status_code == 409
        assert root.post(f"{LETTERS}/{letter}/discard", json={"note": "rubbish"}).json()["state"] == "DISCARDED"
    assert shown.value is None
    assert base64.b64decode(shown.value_base64 or "") == b"\xff\xfe"


def test_a_letter_is_shown_decoded_without_its_capability(admin: httpx2.Client, api: Api, tenant: Tenant) -> None:
    value = command_of(admin, capability="very.secret.text")
    letter = add_dead_letter(api.engine, tenant.gateway_id, value, topic="howdah.tasks.noop")
    answer = admin.get(f"{LETTERS}/{letter}")
    shown = DeadLetterInFull.model_validate_json(answer.content)
    assert isinstance(shown.value, dict)
    assert shown.value["kind"] == "run-task"
    assert shown.value_base64 is None
    assert "very.secret.text" not in answer.text
    assert base64.b64encode(b"very.secret")[:12] not in answer.content


def test_redrive_sends_the_message_again_once_and_is_audited(admin: httpx2.Client, api: Api, tenant: Tenant) -> None:
    value = command_of(admin)
    task = orjson.loads(value)["task_id"]
    letter = add_dead_letter(api.engine, tenant.gateway_id, value, topic="howdah.tasks.noop", task_id=task, partition=2)
    answer = admin.post(f"{LETTERS}/{letter}/redrive", json={"note": "service mended"})
    assert (answer.status_code, answer.json()["state"], answer.json()["handled_by"]) == (200, "REDRIVEN", "ada")
    with api.engine.connect() as connection:
        sent = connection.execute(text("SELECT partition FROM outbox WHERE value = :v"), {"v": value}).all()
    assert [row.partition for row in sent] == [2]
    again = admin.post(f"{LETTERS}/{letter}/redrive")
    assert again.status_code == 409
    audit = Page[AuditRecord].model_validate_json(admin.get("/api/v1/audit", params={"object_id": letter}).content)
    assert [(one.actor, one.action, one.details) for one in audit.items] == [
        ("ada", "redrive", {"note": "service mended"})
    ]


def test_redrive_by_filter_tells_first_what_it_would_do(admin: httpx2.Client, api: Api, tenant: Tenant) -> None:
    fine = add_dead_letter(api.engine, tenant.gateway_id, command_of(admin), topic="howdah.tasks.noop")
    stale = add_dead_letter(api.engine, tenant.gateway_id, command_of(admin, attempt=3), topic="howdah.tasks.noop")
    add_dead_letter(api.engine, tenant.gateway_id, b"\x00")
    wanted = {"topic": "howdah.tasks.noop"}
    dry = RedriveResult.model_validate_json(admin.post(f"{LETTERS}:redrive", json={**wanted, "dry_run": True}).content)
    assert (dry.redriven, [one.id for one in dry.refused]) == ([fine], [stale])
    assert [one["state"] for one in admin.get(LETTERS).json()["items"]] == ["NEW"] * 3
    wet = RedriveResult.model_validate_json(admin.post(f"{LETTERS}:redrive", json=wanted).content)
    assert (wet.redriven, [one.id for one in wet.refused], wet.more) == ([fine], [stale], False)
    states = {one["id"]: one["state"] for one in admin.get(LETTERS).json()["items"]}
    assert (states[fine], states[stale]) == ("REDRIVEN", "NEW")


def test_users_may_not_look_at_operations(user: httpx2.Client) -> None:
    for path in (LETTERS, "/api/v1/audit", "/api/v1/service-instances"):
        assert user.get(path).status_code == 403


def test_the_audit_trail_is_paged_latest_first(admin: httpx2.Client) -> None:
    for _ in range(3):
        experiment = made(admin)["id"]
        assert admin.delete(f"{PATH}/{experiment}").status_code == 204
    first = admin.get("/api/v1/audit", params={"limit": 2}).json()
    rest = admin.get("/api/v1/audit", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    found = first["items"] + rest["items"]
    assert [one["action"] for one in found] == ["delete"] * 3
    assert found[0]["object_id"] == experiment
    assert rest["next_cursor"] is None


class SetClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def beat(instance: str, *, stopping: bool = False) -> Record:
    heartbeat = Heartbeat(
        at=NOW,
        instance_id=InstanceId(instance),
        service="noop",
        release="1",
        host="h",
        pid=7,
        started_at=NOW,
        in_flight=2,
        stopping=stopping,
    )
    return Record(topics.HEARTBEATS.name, 0, 1, None, codec.encode(heartbeat))


def test_instances_are_alive_then_silent_then_forgotten() -> None:
    clock = SetClock()
    instances = Instances(InMemoryBroker().connect(), clock)  # type: ignore[arg-type]  # only now() is asked
    instances.hear(beat(new_id()))
    with pytest.raises(ContractError):  # the reader writes a dead letter of it
        instances.hear(Record(topics.HEARTBEATS.name, 0, 2, None, b"\x00"))
    assert [(one.alive, one.outlook) for one in instances.list()] == [(True, "It handles 2 tasks.")]
    clock.at += timedelta(seconds=31)
    assert [one.alive for one in instances.list()] == [False]
    clock.at += timedelta(minutes=15)
    assert instances.list() == []


def test_instances_are_shown(admin: httpx2.Client, api: Api) -> None:
    instance = new_id()
    api.parts.service_instances.hear(beat(instance))
    shown = ServiceInstances.model_validate_json(admin.get("/api/v1/service-instances").content)
    assert instance in {one.instance_id for one in shown.items}
