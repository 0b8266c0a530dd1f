from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.contracts import codec
from howdah.contracts.errors import ContractError, UndecodableMessageError, UnsupportedVersionError
from howdah.contracts.ids import (
    CommandId,
    EventId,
    ExperimentId,
    GatewayId,
    ProcessId,
    TaskId,
    derive_id,
    new_id,
)
from howdah.contracts.messages import Event, TaskCompleted, TaskStarted, event_id_for


def started(**changes: object) -> TaskStarted:
    fields: dict[str, object] = {
        "at": datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC),
        "gateway_id": GatewayId(new_id()),
        "experiment_id": ExperimentId(new_id()),
        "process_id": ProcessId(new_id()),
        "task_id": TaskId(new_id()),
        "event_id": EventId(new_id()),
        "attempt": 1,
        "worker": "worker-1",
        "topic": "howdah.tasks.noop",
        "partition": 3,
        "offset": 17,
        "lane": "fast",
    }
    return TaskStarted.model_validate(fields | changes)


def test_an_event_survives_the_wire_to_the_microsecond() -> None:
    event = started()
    assert codec.EVENTS.decode(codec.encode(event)) == event
    assert b"12:00:00.123456Z" in codec.encode(event)


def test_instants_are_utc_on_the_wire_whatever_zone_they_were_given_in() -> None:
    elsewhere = datetime(2026, 11, 22, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert started(at=elsewhere).at == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="timezone"):
        started(at=datetime(2026, 11, 22, 14, 0))  # noqa: DTZ001 - the naive instant is what is refused


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "no value"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1, 2]", "kind"),
        (b'{"kind": "no-such-thing"}', "no-such-thing"),
        (b'{"kind": 7}', "kind"),
        (codec.encode(started()).replace(b'"attempt":1', b'"attempt":0'), "attempt"),
        (codec.encode(started()).replace(b'"task_id":"', b'"task_id":"x'), "task_id"),
        (b" " * 1_000_001, "more than"),
    ],
)
def test_bad_bytes_are_refused_with_what_is_wrong(value: bytes | None, words: str) -> None:
    with pytest.raises(UndecodableMessageError, match=words):
        codec.EVENTS.decode(value)


def test_a_newer_version_is_told_apart_from_rubbish() -> None:
    newer = codec.encode(started()).replace(b'"version":1', b'"version":2')
    with pytest.raises(UnsupportedVersionError, match="older than the writer"):
        codec.EVENTS.decode(newer)


def test_fields_that_a_newer_writer_added_are_ignored() -> None:
    event = started()
    with_more = codec.encode(event)[:-1] + b',"added_later":true}'
    assert codec.EVENTS.decode(with_more) == event


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(value: bytes) -> None:
    with pytest.raises(ContractError):
        codec.EVENTS.decode(value)


def test_a_redelivered_handler_repeats_its_event_ids_and_another_command_does_not() -> None:
    one, other = CommandId(new_id()), CommandId(new_id())
    assert event_id_for(one, "task-completed") == event_id_for(one, "task-completed")
    assert event_id_for(one, "task-completed") != event_id_for(other, "task-completed")
    assert event_id_for(one, "task-progressed", 1) != event_id_for(one, "task-progressed", 2)
    assert derive_id("ab", "c") != derive_id("a", "bc")


def test_a_message_larger_than_a_topic_takes_is_refused_by_the_writer() -> None:
    fields = started().model_dump(include=set(Event.model_fields) - {"kind", "version"})
    event = TaskCompleted(**fields, task_id=TaskId(new_id()), attempt=1, outputs={"huge": "x" * 1_000_001})
    with pytest.raises(ValueError, match="task-completed"):
        codec.encode(event)
