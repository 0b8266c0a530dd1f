import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api_server.auth.principal import Role
from api_server.experiments.schemas import Batch, ExperimentBrief, ExperimentInFull
from api_server.experiments.schemas import Experiment as ExperimentShown
from api_server.http.page import Page
from api_server.registry.paging import Position
from api_server.registry.repositories.experiment_reads import ExperimentFilter, experiments_page
from howdah.contracts.ids import new_id
from tests.integration.api.conftest import Api, Tenant

pytestmark = pytest.mark.integration

PATH = "/api/v1/experiments"


def request_of(name: str = "run", *, launch: bool = False, **changes: object) -> dict[str, Any]:
    tasks = [
        {"name": "first", "type": "noop", "params": {"echo": "1"}},
        {"name": "second", "type": "noop", "depends_on": ["first"]},
    ]
    return {"kind": "tasks", "name": name, "tasks": tasks, "launch": launch, **changes}


def made(client: httpx2.Client, name: str = "run", *, launch: bool = False) -> dict[str, Any]:
    response = client.post(PATH, json=request_of(name, launch=launch))
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def test_an_experiment_is_made_then_launched_once(user: httpx2.Client) -> None:
    response = user.post(PATH, json=request_of())
    assert response.status_code == 201
    body = response.json()
    ExperimentBrief.model_validate_json(response.content)
    assert response.headers["location"] == f"{PATH}/{body['id']}"
    assert (body["state"], body["owner"], body["process_id"]) == ("CREATED", "ada", None)
    launched = user.post(f"{PATH}/{body['id']}/launch")
    assert launched.status_code == 202
    assert launched.json()["state"] == "LAUNCHED"
    again = user.post(f"{PATH}/{body['id']}/launch")
    assert again.status_code == 409
    assert again.json()["state"] == "LAUNCHED"
    assert again.headers["content-type"] == "application/problem+json"


def test_one_call_makes_and_launches(user: httpx2.Client, api: Api) -> None:
    body = made(user, launch=True)
    assert body["state"] == "LAUNCHED"
    shown = user.get(f"{PATH}/{body['id']}")
    full = ExperimentInFull.model_validate_json(shown.content)
    assert full.tasks == {"total": 2, "SCHEDULED": 1, "CREATED": 1}
    assert full.next == "1 task waits for a worker and 1 task waits for earlier ones."
    assert full.spec["tasks"]
    tasks = user.get(f"{PATH}/{body['id']}/tasks").json()["items"]
    assert [task["name"] for task in tasks] == ["first", "second"]
    assert tasks[1]["waits_for"] == ["first"]
    assert tasks[1]["next"] == "Waits for first to end."
    assert tasks[0]["deadline_at"] is not None
    assert api.url


def test_of_many_launches_at_once_one_wins(user: httpx2.Client, tenant: Tenant) -> None:
    experiment = made(user)["id"]
    answers: list[int] = []

    def launch() -> None:
        with tenant.client(Role.USER, "ada") as client:
            answers.append(client.post(f"{PATH}/{experiment}/launch").status_code)

    threads = [threading.Thread(target=launch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == [202] + [409] * 7


def test_the_same_idempotency_key_gets_the_same_answer(user: httpx2.Client) -> None:
    headers = {"Idempotency-Key": new_id()}
    first = user.post(PATH, json=request_of(launch=True), headers=headers)
    second = user.post(PATH, json=request_of(launch=True), headers=headers)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    other = user.post(PATH, json=request_of("other"), headers=headers)
    assert other.status_code == 422
    experiment = made(user)["id"]
    launches = [user.post(f"{PATH}/{experiment}/launch", headers={"Idempotency-Key": "launch-1"}) for _ in range(2)]
    assert [answer.status_code for answer in launches] == [202, 202]


def test_a_batch_is_made_all_or_none_and_errors_name_the_index(user: httpx2.Client) -> None:
    good = user.post(f"{PATH}:batch", json={"experiments": [request_of(f"b{n}", launch=True) for n in range(20)]})
    assert good.status_code == 201
    batch = Batch.model_validate_json(good.content)
    assert [item.name for item in batch.items] == [f"b{n}" for n in range(20)]
    circle = request_of("bad")
    circle["tasks"][0]["depends_on"] = ["second"]
    bad = user.post(f"{PATH}:batch", json={"experiments": [request_of("fine", launch=True), circle]})
    assert bad.status_code == 422
    assert bad.json()["errors"][0]["field"].startswith("experiments.1.")
    assert user.get(PATH, params={"name": "fine"}).json()["items"] == []


def test_a_batch_of_more_than_500_is_refused(user: httpx2.Client) -> None:
    answer = user.post(f"{PATH}:batch", json={"experiments": [request_of()] * 501})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "experiments"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"tasks": []}, "tasks"),
        ({"tasks": [{"name": "a", "type": "No Such"}]}, "tasks.0.type"),
        ({"tasks": [{"name": "a", "type": "noop", "depends_on": ["b"]}]}, "tasks.0.depends_on.0"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_is_named_as_it_was_sent(user: httpx2.Client, changes: dict[str, Any], field: str) -> None:
    answer = user.post(PATH, json=request_of(**changes))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    in_batch = user.post(f"{PATH}:batch", json={"experiments": [request_of(), request_of(**changes)]})
    assert in_batch.json()["errors"][0]["field"] == f"experiments.1.{field}"


def test_an_unknown_kind_is_told(user: httpx2.Client) -> None:
    answer = user.post(PATH, json=request_of(kind="dance"))
    assert answer.status_code == 422
    assert "tasks" in answer.text


def test_only_the_owner_and_administrators_steer(
    user: httpx2.Client, colleague: httpx2.Client, admin: httpx2.Client, tenant: Tenant
) -> None:
    experiment = made(user)["id"]
    assert colleague.get(f"{PATH}/{experiment}").status_code == 200
    for verb in ("launch", "cancel", "validate"):
        assert colleague.post(f"{PATH}/{experiment}/{verb}").status_code == 403, verb
    assert colleague.delete(f"{PATH}/{experiment}").status_code == 403
    with tenant.client(Role.VIEWER, "eve") as viewer:
        assert viewer.get(f"{PATH}/{experiment}").status_code == 200
        assert viewer.post(f"{PATH}/{experiment}/launch").status_code == 403
        assert viewer.post(PATH, json=request_of()).status_code == 403
    assert admin.post(f"{PATH}/{experiment}/launch").status_code == 202


def test_another_gateway_sees_nothing_of_it(user: httpx2.Client, new_tenant: Callable[[], Tenant]) -> None:
    experiment = made(user, launch=True)["id"]
    task = user.get(f"{PATH}/{experiment}/tasks").json()["items"][0]
    process = user.get(f"{PATH}/{experiment}/processes").json()["items"][0]["id"]
    paths = [f"{PATH}/{experiment}{rest}" for rest in ("", "/tasks", "/processes", "/jobs", "/events", "/outputs")]
    paths += [f"/api/v1/tasks/{task['id']}{rest}" for rest in ("", "/attempts", "/logs")]
    paths += [f"/api/v1/processes/{process}"]
    with new_tenant().client() as stranger:
        assert stranger.get(PATH).json()["items"] == []
        assert stranger.get("/api/v1/jobs").json()["items"] == []
        assert {path: stranger.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
        for verb in ("launch", "cancel", "clone", "validate"):
            assert stranger.post(f"{PATH}/{experiment}/{verb}").status_code == 404
        assert stranger.delete(f"{PATH}/{experiment}").status_code == 404
    assert {path: user.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_pages_hold_each_experiment_once_while_others_come(user: httpx2.Client) -> None:
    names = [f"page-{number}" for number in range(7)]
    for name in names:
        made(user, name)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = user.get(PATH, params={"limit": 3, "name": "PAGE-", **({"cursor": cursor} if cursor else {})})
        Page[ExperimentShown].model_validate_json(page.content)
        seen += [item["name"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        made(user, "page-late")
        if cursor is None:
            break
    assert seen == names[::-1]


def test_filters_combine_with_the_cursor(user: httpx2.Client, colleague: httpx2.Client) -> None:
    mine = [made(user, f"mine {n}", launch=n % 2 == 0)["id"] for n in range(4)]
    made(colleague, "theirs", launch=True)
    first = user.get(PATH, params={"owner": "ada", "state": "LAUNCHED", "limit": 1}).json()
    second = user.get(
        PATH, params={"owner": "ada", "state": "LAUNCHED", "limit": 1, "cursor": first["next_cursor"]}
    ).json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [mine[2], mine[0]]
    assert second["next_cursor"] is None
    both = user.get(PATH, params=[("state", "LAUNCHED"), ("state", "CREATED"), ("owner", "ada")]).json()
    assert [item["id"] for item in both["items"]] == mine[::-1]
    after = both["items"][2]["created_at"]
    later = user.get(PATH, params={"created_after": after, "owner": "ada"}).json()
    assert [item["id"] for item in later["items"]] == mine[:1:-1]
    assert user.get(PATH, params={"name": "%"}).json()["items"] == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"cursor": "nonsense"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"state": "DANCING"}, "state.0"),
        ({"interface_id": "x"}, "interface_id"),
    ],
)
def test_a_wrong_query_is_named(user: httpx2.Client, params: dict[str, str], field: str) -> None:
    answer = user.get(PATH, params=params)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_change_needs_the_version_it_was_made_from(user: httpx2.Client) -> None:
    experiment = made(user)
    path = f"{PATH}/{experiment['id']}"
    etag = user.get(path).headers["etag"]
    assert user.put(path, json=request_of("new")).status_code == 428
    assert user.put(path, json=request_of("new"), headers={"If-Match": '"99"'}).status_code == 412
    changed = user.put(path, json=request_of("new"), headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["name"]) == (200, "new")
    assert user.put(path, json=request_of("newer"), headers={"If-Match": etag}).status_code == 412
    flagged = user.put(path, json=request_of("x", launch=True), headers={"If-Match": changed.headers["etag"]})
    assert flagged.status_code == 422
    assert user.post(f"{path}/validate").json()["state"] == "VALIDATED"
    assert user.post(f"{path}/launch").status_code == 202
    latest = user.get(path).headers["etag"]
    assert user.put(path, json=request_of("late"), headers={"If-Match": latest}).status_code == 409


def test_cancel_before_the_launch_is_at_once_and_clone_and_delete(user: httpx2.Client) -> None:
    experiment = made(user)["id"]
    canceled = user.post(f"{PATH}/{experiment}/cancel", json={"reason": "changed my mind"})
    assert (canceled.status_code, canceled.json()["state"]) == (202, "CANCELED")
    assert user.post(f"{PATH}/{experiment}/cancel").status_code == 409
    clone = user.post(f"{PATH}/{experiment}/clone", json={"name": "second try"})
    assert clone.status_code == 201
    assert (clone.json()["cloned_from"], clone.json()["name"]) == (experiment, "second try")
    assert clone.headers["location"] == f"{PATH}/{clone.json()['id']}"
    assert user.delete(f"{PATH}/{experiment}").status_code == 204
    assert user.get(f"{PATH}/{experiment}").status_code == 404
    running = made(user, launch=True)["id"]
    assert user.delete(f"{PATH}/{running}").status_code == 409
    assert user.post(f"{PATH}/{running}/cancel").status_code == 202


def test_the_history_is_read_in_order(user: httpx2.Client) -> None:
    experiment = made(user, launch=True)["id"]
    events = user.get(f"{PATH}/{experiment}/events").json()["items"]
    assert [event["seq"] for event in events] == [1, 2]
    assert events[0]["changes"] == [{"entity": "experiment", "id": experiment, "from": None, "to": "CREATED"}]
    first = user.get(f"{PATH}/{experiment}/events", params={"limit": 1}).json()
    assert [event["seq"] for event in first["items"]] == [1]
    rest = user.get(f"{PATH}/{experiment}/events", params={"cursor": first["next_cursor"]}).json()
    assert [event["seq"] for event in rest["items"]] == [2]
    assert user.get(f"{PATH}/{experiment}/events", params={"after": 2}).json()["items"] == []


def test_hot_lists_walk_their_indexes(user: httpx2.Client, api: Api, tenant: Tenant) -> None:
    made(user)
    fill = (
        "INSERT INTO experiment (id, gateway_id, owner, name, description, kind, spec, state, last_seq, version,"
        " created_at) SELECT gen_random_uuid(), :g, 'ada', 'n', '', 'tasks', '{}',"
        " (ARRAY['COMPLETED','COMPLETED','COMPLETED','FAILED'])[1 + n % 4], 1, 1, now() - n * interval '1 second'"
        " FROM generate_series(1, 20000) n"
    )
    with api.engine.begin() as connection:
        connection.execute(text(fill), {"g": tenant.gateway_id})
        connection.execute(text("ANALYZE experiment"))
    anchor = user.get(PATH, params={"limit": 1}).json()["items"][0]
    after = Position(datetime.fromisoformat(anchor["created_at"]), anchor["id"])
    plans = []
    for wanted in (ExperimentFilter(), ExperimentFilter(states=("FAILED",))):
        statement = experiments_page(tenant.gateway_id, wanted, 50, after)
        sql = str(statement.compile(api.engine, compile_kwargs={"literal_binds": True}))
        with api.engine.connect() as connection:
            plans.append("\n".join(connection.exec_driver_sql("EXPLAIN " + sql.replace("%", "%%")).scalars()))
    assert "ix_experiment_page" in plans[0]
    assert "ix_experiment_state_page" in plans[1]
    for plan in plans:
        assert "Sort" not in plan
        assert "Seq Scan" not in plan
