"""The batch script that somebody looks at is the one that would be submitted, and nobody logs in for it."""

from typing import Any, NoReturn

import pytest
from pydantic import JsonValue

from howdah.compute.abstract import UNBOUNDED, Reach
from howdah.contracts.errors import TaskError
from howdah.contracts.ids import CredentialId, ResourceId, new_id
from howdah.contracts.looks import MAX_SCRIPT_CHARS, BatchScript
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from howdah.tasks.api import Grant
from howdah.tasks.context import SecretOf
from howdah.tasks.files import Chunks
from howdah.tasks.looks import Look
from howdah.tasks.testing import NoExchange
from services.resource_look.script import look_at_script


def nobody() -> Reach:
    raise AssertionError("somebody logged in for a script")


def store(_: str, __: Chunks, ___: int) -> NoReturn:
    raise AssertionError("nothing is stored")


def script_of(scheduler: SchedulerKind, **job: Any) -> BatchScript:  # noqa: ANN401 - fields of JobSpec
    target = ResourceTarget(
        resource_id=ResourceId(new_id()),
        name="tern",
        scheduler=scheduler,
        host="tern.example.org",
        username="svc",
        credential_id=CredentialId(new_id()),
    )
    submission: dict[str, JsonValue] = {
        "work_dir": "~/howdah/run",
        "job": {"executable": "/opt/md/run", **job},
        "job_name": "howdah-1",
        "monitoring_task_id": new_id(),
    }
    params: dict[str, JsonValue] = {"task_id": new_id(), "submission": submission}
    return look_at_script(Look(target, SecretOf(NoExchange(), None, Grant("x")), UNBOUNDED, params, nobody, store))


@pytest.mark.parametrize("scheduler", SchedulerKind)
def test_every_scheduler_s_script_runs_the_application_with_its_arguments_quoted(scheduler: SchedulerKind) -> None:
    script = script_of(scheduler, arguments=["a b", "$(rm -rf /)"], modules=["gcc/13"])
    assert script.text.startswith("#!/bin/sh")
    assert "/opt/md/run 'a b' '$(rm -rf /)'" in script.text
    assert "module load gcc/13" in script.text
    assert "~/howdah/run" in script.text


def test_what_is_asked_of_the_scheduler_stands_beside_the_script() -> None:
    options = script_of(SchedulerKind.SLURM, queue="debug", wall_time_minutes=30, nodes=2).options
    assert any("debug" in option for option in options)
    assert any("nodes" in option and "2" in option for option in options)


def test_a_script_that_is_too_long_is_cut_and_says_so() -> None:
    script = script_of(SchedulerKind.SLURM, pre_commands=["#" + "x" * 4_000] * 60)
    assert script.truncated
    assert len(script.text) == MAX_SCRIPT_CHARS


def test_a_job_that_can_t_be_submitted_there_says_why() -> None:
    with pytest.raises(TaskError) as failed:
        script_of(SchedulerKind.SGE, nodes=3)
    assert failed.value.failure.sentence.startswith("The job can't be submitted to tern: ")
