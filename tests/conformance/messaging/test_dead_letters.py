import base64
from collections import Counter

import pytest

from howdah.contracts import codec
from howdah.messaging import Delivery, Outgoing, PoisonousMessageError, Record
from tests.conformance.messaging.harness import Bench, Gate

pytestmark = pytest.mark.timeout(120, func_only=True)


def test_a_verdict_makes_a_dead_letter_that_tells_everything(bench: Bench) -> None:
    bench.create(1)
    original = Outgoing(
        bench.topic, b"\x00bad\xff", key=b"key", partition=0, headers=(("trace", b"00-ab"), ("raw", b"\xff\xfe"))
    )
    bench.messaging.producer().send_all([original])

    def handler(_: Delivery) -> None:
        raise PoisonousMessageError("the reason in words")

    bench.replica(handler)
    bench.until_acknowledged(1)
    letter = bench.dead_letters(1)[0]
    assert (letter.reason, letter.group) == ("the reason in words", bench.group)
    assert (letter.partition, letter.offset) == (0, 0)
    assert base64.b64decode(letter.value_base64 or "") == b"\x00bad\xff"
    assert base64.b64decode(letter.key_base64 or "") == b"key"
    assert letter.headers == {"trace": "00-ab", "raw": "base64://4="}
    assert letter.original_at is not None


def test_undecodable_bytes_and_defects_go_to_the_dead_letters_and_hold_up_nobody(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"\xff\xfe not JSON", b"good", b"defect", b"good too")
    done = []

    def handler(delivery: Delivery) -> None:
        value = delivery.record.value or b""
        if value.startswith(b"\xff"):
            codec.COMMANDS.decode(value)
        if value == b"defect":
            raise KeyError("nothing here")
        done.append(value)

    bench.replica(handler)
    bench.until_acknowledged(4)
    assert Counter(done) == Counter([b"good", b"good too"])
    reasons = {letter.offset: letter.reason for letter in bench.dead_letters(2)}
    assert reasons[0].startswith("not JSON in UTF-8")
    assert reasons[2] == "KeyError: 'nothing here'"


def test_a_value_too_large_to_be_carried_is_still_reported(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"x" * 900_000)

    def handler(_: Delivery) -> None:
        raise PoisonousMessageError("no")

    bench.replica(handler)
    bench.until_acknowledged(1)
    letter = bench.dead_letters(1)[0]
    assert letter.value_base64 is None
    assert "too large" in letter.reason


def test_without_its_dead_letter_a_message_is_not_acknowledged(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"bad", b"good")
    handled: Counter[bytes] = Counter()
    tries: list[list[tuple[int, int]]] = []

    def handler(delivery: Delivery) -> None:
        value = delivery.record.value or b""
        handled[value] += 1
        if value == b"bad":
            raise PoisonousMessageError("no")

    def with_dead_letter(_: Record, __: str) -> list[Outgoing]:
        if len(tries) == 1:
            bench.until_acknowledged(1)
        tries.append(bench.unfinished())
        lost = [Outgoing(bench.topic, b"to nowhere", partition=99)]
        return lost if len(tries) < 2 else []

    bench.replica(handler, with_dead_letter=with_dead_letter)
    bench.until_acknowledged(2)
    assert len(tries) == 2
    assert tries[1] == [(0, 0)]
    assert handled[b"bad"] == 1, "only the letter is tried again"


def test_who_waits_for_the_outcome_hears_of_it(bench: Bench) -> None:
    bench.create(2)
    bench.write(b"bad", partition=0)

    def handler(delivery: Delivery) -> None:
        if delivery.record.value == b"bad":
            raise PoisonousMessageError("no")

    def with_dead_letter(_: Record, reason: str) -> list[Outgoing]:
        return [Outgoing(bench.topic, f"failed: {reason}".encode(), partition=1)]

    bench.replica(handler, with_dead_letter=with_dead_letter)
    bench.until_acknowledged(2)
    assert {record.value for record in bench.read(bench.topic, 2)} == {b"bad", b"failed: no"}


def test_a_callback_that_fails_on_the_bad_bytes_does_not_cost_the_dead_letter(bench: Bench) -> None:
    bench.create(1)
    bench.write(b"bad")

    def handler(_: Delivery) -> None:
        raise PoisonousMessageError("no")

    def with_dead_letter(_: Record, __: str) -> list[Outgoing]:
        raise ValueError("these bytes say nothing")

    bench.replica(handler, with_dead_letter=with_dead_letter)
    bench.until_acknowledged(1)
    assert bench.dead_letters(1)[0].reason == "no"


def test_too_many_bad_messages_stop_the_consumer(bench: Bench) -> None:
    bench.create(2)
    bench.write(*(b"bad" if index % 3 else b"good" for index in range(60)), partition=None)

    def handler(delivery: Delivery) -> None:
        if delivery.record.value == b"bad":
            raise PoisonousMessageError("no")

    error = bench.replica(handler, bad_window=30, bad_share_limit=0.5).until_ended()
    assert "of the last 30 messages went to the dead letters" in str(error)
    gate = Gate()
    before = bench.acknowledged()
    assert before >= 30, "what was decided is acknowledged all the same"
    bench.replica(gate)
    bench.until_acknowledged(60)
    assert len(gate.done) == 60 - before
