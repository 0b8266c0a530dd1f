"""Notes, tags and archive: they touch no run, and lists obey them. One verb for many goes on step by step."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api_server.auth.principal import Role
from api_server.experiments.marking_schemas import BulkResult
from api_server.registry.repositories.experiment_reads import ExperimentFilter, experiments_page
from howdah.contracts.ids import new_id
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api_experiments.test_experiments import PATH, made

pytestmark = pytest.mark.integration

Query = str | bool | list[str]
BULK = f"{PATH}:bulk"


def names(client: httpx2.Client, **query: Query) -> list[str]:
    return [one["name"] for one in client.get(PATH, params={"limit": 500, **query}).json()["items"]]


def test_notes_and_tags_are_written_while_it_runs_and_its_version_stays(user: httpx2.Client) -> None:
    one = made(user, "running", launch=True)
    path = f"{PATH}/{one['id']}/annotations"
    answer = user.patch(path, json={"tags": ["paper", "2026", "paper"], "description": "Reference."})
    assert answer.json() == {"tags": ["paper", "2026"], "description": "Reference."}
    assert user.patch(path, json={"tags": ["2026"]}).json() == {"tags": ["2026"], "description": "Reference."}
    shown = user.get(f"{PATH}/{one['id']}").json()
    assert (shown["tags"], shown["version"], shown["state"]) == (["2026"], one["version"], "LAUNCHED")


def test_tags_find_those_that_bear_all_of_them(user: httpx2.Client) -> None:
    for name, tags in {"both": ["a", "b"], "one": ["a"], "none": []}.items():
        user.patch(f"{PATH}/{made(user, name)['id']}/annotations", json={"tags": tags})
    assert names(user, tag=["a"]) == ["one", "both"]
    assert names(user, tag=["a", "b"]) == ["both"]
    assert user.get("/api/v1/experiment-tags").json()["items"] == ["a", "b"]


@pytest.mark.parametrize("tag", ["", " ", "<b>", "x" * 51, "a,b"])
def test_what_is_no_tag_is_refused_with_its_place(user: httpx2.Client, tag: str) -> None:
    answer = user.patch(f"{PATH}/{made(user)['id']}/annotations", json={"tags": ["fine", tag]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "tags.1"


def test_what_is_put_away_leaves_lists_counts_and_comes_back(user: httpx2.Client) -> None:
    one = made(user, "old")["id"]
    made(user, "new")
    assert user.post(f"{PATH}/{one}/archive").json()["archived_at"] is not None
    assert names(user) == ["new"]
    assert names(user, archived=True) == ["old"]
    assert names(user, id=[one]) == ["old"]
    assert user.get(f"{PATH}:count").json()["total"] == 1
    assert user.post(f"{PATH}/{one}/unarchive").json()["archived_at"] is None
    assert names(user) == ["new", "old"]


def test_what_runs_is_never_put_away_and_a_launch_brings_back(user: httpx2.Client) -> None:
    running = made(user, "running", launch=True)["id"]
    refused = user.post(f"{PATH}/{running}/archive")
    assert (refused.status_code, refused.json()["state"]) == (409, "LAUNCHED")
    draft = made(user, "draft")["id"]
    user.post(f"{PATH}/{draft}/archive")
    user.post(f"{PATH}/{draft}/launch")
    assert "draft" in names(user)


def test_another_gateway_and_another_user_are_kept_out(user: httpx2.Client, tenant: Tenant) -> None:
    one = made(user)["id"]
    with tenant.client(Role.USER, "bob") as other:
        assert other.post(f"{PATH}/{one}/archive").status_code == 403
        assert other.patch(f"{PATH}/{one}/annotations", json={"tags": ["x"]}).status_code == 403
        step = BulkResult.model_validate_json(other.post(BULK, json={"action": "archive"}).content)
        assert (step.done, step.refused) == (0, 1)
    assert user.post(f"{PATH}/{new_id()}/archive").status_code == 404


def walk(client: httpx2.Client, body: dict[str, Any], **query: Query) -> list[BulkResult]:
    steps: list[BulkResult] = []
    cursor: str | None = None
    while not steps or cursor:
        answer = client.post(BULK, params=query, json={**body, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        steps.append(BulkResult.model_validate_json(answer.content))
        cursor = steps[-1].next_cursor
    return steps


def test_many_are_canceled_step_by_step_though_they_go_on_to_fit(user: httpx2.Client) -> None:
    batch = [{"kind": "tasks", "name": f"run-{n}", "tasks": [{"name": "t", "type": "noop"}]} for n in range(25)]
    user.post(f"{PATH}:batch", json={"experiments": batch})
    steps = walk(user, {"action": "cancel", "reason": "wrong", "limit": 10})
    assert [(one.done, one.refused) for one in steps] == [(10, 0), (10, 0), (5, 0)]
    assert user.get(f"{PATH}:count").json()["states"] == {"CANCELED": 25}


def test_what_can_t_be_done_with_one_stops_none_of_the_others(user: httpx2.Client) -> None:
    made(user, "draft")
    made(user, "running", launch=True)
    [step] = walk(user, {"action": "pause"})
    assert (step.done, step.refused) == (1, 1)
    assert (step.refusals[0].name, "CREATED" in step.refusals[0].reason) == ("draft", True)


def test_a_step_that_is_sent_twice_is_done_once(user: httpx2.Client) -> None:
    made(user, "original")
    headers = {"Idempotency-Key": "clone-once"}
    first, again = (user.post(BULK, json={"action": "clone"}, headers=headers) for _ in range(2))
    assert first.content == again.content
    assert names(user) == ["original (copy)", "original"]


def test_a_page_of_many_that_were_put_away_is_found_by_its_index(tenant: Tenant, api: Api) -> None:
    with api.engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        for archived, index in ((False, "ix_experiment_page"), (True, "ix_experiment_archived")):
            statement = experiments_page(tenant.gateway_id, ExperimentFilter(archived=archived), 50, None)
            sql = str(statement.compile(connection.engine, compile_kwargs={"literal_binds": True}))
            plan = "\n".join(row[0] for row in connection.execute(text(f"EXPLAIN {sql.replace(':', chr(92) + ':')}")))
            assert index in plan
            assert "Sort" not in plan
