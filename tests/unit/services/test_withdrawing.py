"""A submission that is canceled while its resource can't be reached: nothing is forgotten when its time is over."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue, ValidationError

from howdah.contracts import codec, topics
from howdah.contracts.ids import new_id
from howdah.contracts.messages import RunTask, TaskCanceled, TaskDeferred
from howdah.contracts.records import JobRecord
from howdah.contracts.resources import ResourceTarget, TransportKind
from howdah.tasks import StopReason
from howdah.tasks.testing import TaskRun, command_for, run_task
from services.job_monitoring.book import JobBook, merged
from services.job_submission.handler import submit_job
from tests.unit.services.records import job_record


@pytest.fixture
def away(tmp_path: Path) -> ResourceTarget:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    return ResourceTarget.model_validate(
        {
            "resource_id": new_id(),
            "name": "away",
            "transport": TransportKind.SSH,
            "host": "127.0.0.1",
            "port": port,
            "username": "ada",
            "credential_id": new_id(),
            "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"],
            "scratch": str(tmp_path),
            "connect_timeout_seconds": 0.5,
        }
    )


def command(target: ResourceTarget) -> RunTask:
    params: dict[str, JsonValue] = {
        "job_name": "howdah-x",
        "generation": 1,
        "work_dir": f"{target.scratch}/work",
        "monitoring_task_id": new_id(),
        "job": {"executable": "true"},
    }
    return command_for(submit_job, params, target=target)


def canceled(command: RunTask) -> TaskRun:
    return run_task(submit_job, command.params, command=command, stop=StopReason.PROCESS_CANCELED)


def test_while_there_is_time_the_cancel_is_tried_again(away: ResourceTarget) -> None:
    run = canceled(command(away))
    assert isinstance(run.outcome, TaskDeferred)
    assert run.records == ()


def test_when_the_time_is_over_the_reaper_goes_on(away: ResourceTarget) -> None:
    late = command(away).model_copy(update={"deadline_at": datetime.now(UTC)})
    run = canceled(late)
    assert isinstance(run.outcome, TaskCanceled)
    assert not run.outcome.confirmed
    [row] = run.records
    assert row.topic == topics.JOBS.name
    record = codec.JOBS.decode(row.value)
    assert record.reaping
    assert record.native_id is None
    assert (record.task_id, record.generation, record.job_name) == (late.task_id, 1, "howdah-x")


def test_a_reaper_is_not_called_back_by_what_the_submission_had_written() -> None:
    submitted = job_record()
    reaping = submitted.model_copy(update={"native_id": None, "reaping": True, "revision": 1})
    assert merged(submitted, reaping).reaping
    assert merged(reaping, submitted).reaping
    book = JobBook()
    book.take_in(reaping)
    book.take_in(submitted)
    assert [record.reaping for record in book.live()] == [True]


def test_only_a_reaper_may_not_know_the_job() -> None:
    values = job_record().model_dump() | {"native_id": None}
    with pytest.raises(ValidationError, match="only a job that is reaped"):
        JobRecord.model_validate(values)
