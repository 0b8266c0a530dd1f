"""Starting and steering runs: what is allowed, what is refused and why, and what a batch costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, insert

from api_server.auth.principal import SCOPES_OF, Principal, Role
from api_server.dag.inline import InlineTask
from api_server.lifecycle import ApplicationExperiment, Redrive, TasksExperiment
from api_server.problems import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    ProblemError,
)
from api_server.registry.models import (
    ApplicationDeployment,
    ApplicationInterface,
    ApplicationModule,
    BatchQueue,
    ComputeResource,
)
from howdah.contracts.ids import GatewayId, ResourceId, new_id
from howdah.contracts.messages import RunTask, TaskEvent
from howdah.messaging import Outgoing
from tests.integration.orchestrator.stage import Stage, chain, completes


@contextmanager
def statements_of(stage: Stage) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*arguments: Any) -> None:  # noqa: ANN401 - SQLAlchemy's listener
        seen.append(str(arguments[2]).split(None, 1)[0])

    event.listen(stage.engine, "before_cursor_execute", note)
    yield seen
    event.remove(stage.engine, "before_cursor_execute", note)


def catalogue(stage: Stage, *, enabled: bool = True) -> tuple[str, ResourceId]:
    """Write an application on a local resource; return interface and resource."""
    ids = {name: new_id() for name in ("module", "interface", "resource", "deployment")}
    of = {"gateway_id": stage.gateway_id, "name": new_id()}
    resource = {
        **of,
        "id": ids["resource"],
        "transport": "local",
        "scheduler": "slurm",
        "host": "localhost",
        "port": 22,
        "host_keys": [],
        "jump_hosts": [],
        "scratch": "/tmp/x",
        "grid_engine": {},
        "environment": {},
        "timeouts": {},
        "enabled": enabled,
        "description": "",
        "version": 1,
    }
    shape = {
        "inputs": [{"name": "n", "type": "integer", "minimum": 1, "flag": "-n"}],
        "outputs": [{"name": "log", "type": "stdout"}],
    }
    deployment = {
        "id": ids["deployment"],
        "gateway_id": stage.gateway_id,
        "module_id": ids["module"],
        "resource_id": ids["resource"],
        "executable": "/bin/echo",
        "modules": [],
        "environment": {},
        "pre_commands": [],
        "post_commands": [],
        "defaults": {},
        "native": [],
        "version": 1,
    }
    with stage.engine.begin() as connection:
        connection.execute(insert(ComputeResource).values(resource))
        queue = {"resource_id": ids["resource"], "name": "batch", "is_default": True, "max_nodes": 2}
        connection.execute(insert(BatchQueue).values(queue))
        module = {**of, "id": ids["module"], "release": "1", "description": "", "version": 1}
        connection.execute(insert(ApplicationModule).values(module))
        interface = {**of, **shape, "id": ids["interface"], "module_id": ids["module"], "description": "", "version": 1}
        connection.execute(insert(ApplicationInterface).values(interface))
        connection.execute(insert(ApplicationDeployment).values(deployment))
    return ids["interface"], ResourceId(ids["resource"])


def somebody(stage: Stage, name: str = "other", role: Role = Role.USER) -> Principal:
    return Principal(stage.gateway_id, name, role, SCOPES_OF[role])


def refused(error: type[ProblemError], stage: Stage, call: Any, *arguments: Any) -> Any:  # noqa: ANN401 - any of lifecycle
    with pytest.raises(error) as raised, stage.registry.transaction() as work:
        call(work, *arguments)
    return raised.value


def test_a_batch_of_hundreds_costs_a_handful_of_statements(stage: Stage) -> None:
    with statements_of(stage) as statements:
        ids = stage.create(*(chain(f"e{number}") for number in range(200)))
    assert len(ids) == 200
    assert len([name for name in statements if name != "DELETE"]) <= 9, statements
    assert stage.rows("SELECT count(*) FROM task")[0][0] == 600
    assert stage.rows("SELECT count(*) FROM attempt WHERE state = 'SCHEDULED'")[0][0] == 200


def test_a_batch_is_all_or_nothing_and_names_the_index(stage: Stage) -> None:
    bad = TasksExperiment(name="bad", launch=True, tasks=(InlineTask(name="a", type="noop", depends_on=("b",)),))
    error = refused(InvalidRequestError, stage, create_batch(stage), [chain(), bad])
    assert [item.field for item in error.errors] == ["experiments.1.tasks.0.depends_on.0"]
    assert stage.rows("SELECT count(*) FROM experiment")[0][0] == 0


def create_batch(stage: Stage) -> Any:  # noqa: ANN401 - a bound call
    return lambda work, requests: stage.lifecycle.create(work, stage.principal, requests, batch=True)


def test_an_application_runs_through_all_its_services(stage: Stage) -> None:
    interface_id, resource_id = catalogue(stage)
    request = ApplicationExperiment(
        name="app", interface_id=interface_id, resource_id=resource_id, inputs={"n": 3}, launch=True
    )
    with stage.registry.transaction() as work:
        [record] = stage.lifecycle.create(work, stage.principal, [request])
    assert record.state == "LAUNCHED"
    names = [row[0] for row in stage.rows("SELECT name FROM task ORDER BY position")]
    assert names == ["env-setup", "job-submission", "job-monitoring", "output-staging:log", "env-cleanup"]
    [(targets,)] = stage.rows("SELECT targets FROM process")
    assert targets[resource_id]["scratch"] == "/tmp/x"


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"inputs": {"n": 0}}, "inputs.n", "at least 1"),
        ({"requirements": {"nodes": 3}}, "requirements.nodes", "nearest legal value is 2"),
        ({"interface_id": new_id()}, "interface_id", "no application interface"),
        ({"resource_id": new_id()}, "resource_id", "no compute resource"),
        ({"inputs": {"n": 1, "m": 2}}, "inputs.m", "no such input"),
    ],
)
def test_what_is_wrong_is_named(stage: Stage, change: dict[str, Any], field: str, says: str) -> None:
    interface_id, resource_id = catalogue(stage)
    fields = {"name": "app", "interface_id": interface_id, "resource_id": resource_id, "inputs": {"n": 3}}
    request = ApplicationExperiment.model_validate({**fields, **change})
    error = refused(InvalidRequestError, stage, create_batch(stage), [request])
    assert {item.field: says in item.message for item in error.errors} == {f"experiments.0.{field}": True}


def test_a_disabled_resource_is_refused(stage: Stage) -> None:
    interface_id, resource_id = catalogue(stage, enabled=False)
    request = ApplicationExperiment(name="app", interface_id=interface_id, resource_id=resource_id, inputs={"n": 3})
    error = refused(InvalidRequestError, stage, create_batch(stage), [request])
    assert "is disabled" in error.errors[0].message


def test_a_draft_may_be_incomplete_but_not_launched(stage: Stage) -> None:
    interface_id, resource_id = catalogue(stage)
    request = ApplicationExperiment(name="draft", interface_id=interface_id, resource_id=resource_id)
    with stage.registry.transaction() as work:
        [record] = stage.lifecycle.create(work, stage.principal, [request])
    for call in (stage.lifecycle.validate, stage.lifecycle.launch):
        target = record.id if call == stage.lifecycle.validate else [record.id]
        error = refused(InvalidRequestError, stage, call, stage.principal, target)
        assert [item.field for item in error.errors] == ["inputs.n"]
    better = request.model_copy(update={"inputs": {"n": 1}})
    refused(PreconditionFailedError, stage, stage.lifecycle.update, stage.principal, record.id, better, 7)
    with stage.registry.transaction() as work:
        assert stage.lifecycle.update(work, stage.principal, record.id, better, 1).version == 2
        assert stage.lifecycle.validate(work, stage.principal, record.id).state == "VALIDATED"
        assert stage.lifecycle.launch(work, stage.principal, [record.id])[0].state == "LAUNCHED"
    kinds = [row[0] for row in stage.rows("SELECT kind FROM event ORDER BY seq")]
    assert kinds == ["experiment-created", "experiment-updated", "experiment-validated", "experiment-launched"]


def test_only_the_owner_and_administrators_steer(stage: Stage) -> None:
    [experiment_id] = stage.create(chain(launch=False))
    other = somebody(stage)
    refused(ForbiddenError, stage, stage.lifecycle.launch, other, [experiment_id])
    refused(ForbiddenError, stage, stage.lifecycle.cancel, other, experiment_id)
    refused(ForbiddenError, stage, stage.lifecycle.delete, other, experiment_id)
    stranger = Principal(GatewayId(new_id()), "me", Role.GATEWAY_ADMIN, SCOPES_OF[Role.GATEWAY_ADMIN])
    refused(NotFoundError, stage, stage.lifecycle.launch, stranger, [experiment_id])
    refused(NotFoundError, stage, stage.lifecycle.clone, stranger, experiment_id)
    with stage.registry.transaction() as work:
        assert stage.lifecycle.launch(work, somebody(stage, "boss", Role.GATEWAY_ADMIN), [experiment_id])


def test_what_was_not_launched_is_canceled_at_once(stage: Stage) -> None:
    [experiment_id] = stage.create(chain(launch=False))
    with stage.registry.transaction() as work:
        assert stage.lifecycle.cancel(work, stage.principal, experiment_id).state == "CANCELED"
    error = refused(ConflictError, stage, stage.lifecycle.cancel, stage.principal, experiment_id)
    assert error.extensions == {"state": "CANCELED"}


def test_a_clone_is_a_new_experiment_of_whoever_cloned_it(stage: Stage) -> None:
    with stage.orchestrator(), stage.service() as came:
        [experiment_id] = stage.create(chain("first"))
        stage.await_state([experiment_id])
        with stage.registry.transaction() as work:
            clone = stage.lifecycle.clone(work, somebody(stage), experiment_id)
            assert (clone.name, clone.owner, clone.cloned_from) == ("first (copy)", "other", experiment_id)
            stage.lifecycle.launch(work, somebody(stage), [clone.id])
        stage.await_state([clone.id])
    assert len({command.task_id for command in came}) == 6


def test_a_running_experiment_is_not_deleted_and_an_ended_one_goes_wholly(stage: Stage) -> None:
    [experiment_id] = stage.create(chain())
    refused(ConflictError, stage, stage.lifecycle.delete, stage.principal, experiment_id)
    with stage.orchestrator(), stage.service():
        stage.await_state([experiment_id])
        with stage.registry.transaction() as work:
            stage.lifecycle.delete(work, stage.principal, experiment_id)
    for table in ("experiment", "process", "task", "attempt", "event"):
        assert stage.rows(f"SELECT count(*) FROM {table}")[0][0] == 0  # noqa: S608 - the names stand above


def test_dead_letters_are_redriven_once_and_only_while_it_makes_sense(stage: Stage) -> None:
    commands: list[RunTask] = []

    def answers(command: RunTask) -> list[TaskEvent]:
        commands.append(command)
        return completes(command) if len(commands) > 1 else []

    reader = stage.connect().batches(["howdah.tasks.noop"], "spy")
    with stage.orchestrator():
        [experiment_id] = stage.create(chain(length=1))
        [record] = await_records(reader.poll)
        reader.dead_letter(record, "nobody could")
        reader.dead_letter(record, "told twice")
        stage.await_true(lambda: bool(stage.rows("SELECT id FROM dead_letter")))
        [(letter_id, gateway_id)] = stage.rows("SELECT id::text, gateway_id::text FROM dead_letter")
        assert gateway_id == stage.gateway_id
        redrive = Redrive()
        with stage.registry.transaction() as work:
            redrive.redrive(work, stage.principal, letter_id)
        refused(ConflictError, stage, redrive.redrive, stage.principal, letter_id)
        with stage.service(answers):
            stage.await_state([experiment_id])
        assert len(commands) == 2
        late = record.offset + 1
        reader.dead_letter(type(record)(record.topic, record.partition, late, record.key, record.value), "too late")
        stage.await_true(lambda: len(stage.rows("SELECT id FROM dead_letter")) == 2)
        [(letter_id,)] = stage.rows("SELECT id::text FROM dead_letter WHERE state = 'NEW'")
        error = refused(ConflictError, stage, redrive.redrive, stage.principal, letter_id)
        assert "has moved on" in error.detail
        with stage.registry.transaction() as work:
            redrive.discard(work, stage.principal, letter_id)
        assert stage.rows("SELECT state FROM dead_letter WHERE state = 'NEW'") == []


def await_records(poll: Any) -> Any:  # noqa: ANN401 - of a batch reader
    for _ in range(60):
        if records := poll(1.0):
            return records
    raise AssertionError("nothing came")


def test_a_dead_letter_that_nobody_can_read_is_not_redriven(stage: Stage) -> None:
    admin = somebody(stage, "root", Role.PLATFORM_ADMIN)
    with stage.orchestrator():
        stage.messaging.producer().send_all([Outgoing("howdah.events", b"rubbish", key=b"k")])
        stage.await_true(lambda: bool(stage.rows("SELECT id FROM dead_letter")))
    [(letter_id,)] = stage.rows("SELECT id::text FROM dead_letter")
    refused(NotFoundError, stage, Redrive().redrive, stage.principal, letter_id)
    assert refused(ConflictError, stage, Redrive().redrive, admin, letter_id).slug == "undecodable"
