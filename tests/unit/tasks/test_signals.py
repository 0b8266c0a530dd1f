"""The message by which a part of a service says how something ended that one of its tasks had started."""

from datetime import UTC, datetime, timedelta

import pytest

from api_server.auth.callbacks import CallbackGrant, minted
from howdah.contracts import topics
from howdah.contracts.ids import new_id
from howdah.contracts.requests import SignalGiven
from howdah.tasks import signal_given
from howdah.tasks.signals import MAX_OUTPUT_BYTES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GRANT = CallbackGrant(task_id=new_id(), process_id=new_id(), experiment_id=new_id(), gateway_id=new_id())
TOKEN = minted(b"k" * 32, GRANT, NOW + timedelta(hours=1))


def event(port: str = "success", **outputs: str) -> SignalGiven:
    message = signal_given(TOKEN, port, dict(outputs), by="builder", at=NOW, comment="in 40 s")
    assert (message.topic, message.key) == (topics.EVENTS.name, GRANT.process_id.encode())
    return SignalGiven.model_validate_json(message.value or b"")


def test_it_is_about_the_task_that_waits_and_says_by_which_port() -> None:
    told = event("cached", image="x:1")
    assert (told.task_id, told.process_id) == (GRANT.task_id, GRANT.process_id)
    assert (told.experiment_id, told.gateway_id) == (GRANT.experiment_id, GRANT.gateway_id)
    assert (told.port, told.outputs, told.actor, told.reason) == ("cached", {"image": "x:1"}, "builder", "in 40 s")


def test_told_again_it_is_the_same_event() -> None:
    assert event(image="x:1").event_id == event(image="x:1").event_id
    assert event(image="x:1").event_id != event(image="x:2").event_id, "or a wrong answer would hide the right one"


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.!.c", TOKEN.rpartition(".")[0], TOKEN.replace(".", ".x", 1)])
def test_what_is_no_token_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(ValueError, match=r"^token: it is none of a callback") as caught:
        signal_given(token, by="builder", at=NOW)
    assert not token or token not in str(caught.value)


def test_outputs_are_bounded_as_those_of_a_callback_are() -> None:
    with pytest.raises(ValueError, match="store a file"):
        signal_given(TOKEN, outputs={"text": "x" * MAX_OUTPUT_BYTES}, by="builder", at=NOW)
