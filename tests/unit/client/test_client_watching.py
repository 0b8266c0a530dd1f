import json
from collections.abc import Iterable

import pytest

from howdah.client import Change, Client, ConnectionFailedError, News, NotFoundError, Snapshot
from tests.unit.client.samples import E1, event, experiment, task
from tests.unit.client.scripted_api import Api, Reply, Seen

SSE = {"Content-Type": "text/event-stream"}
STREAM = f"GET /experiments/{E1}/stream"
EVENTS = f"GET /experiments/{E1}/events"


def _message(kind: str, cursor: str, data: object) -> bytes:
    return f"id: {cursor}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def _snapshot(cursor: str, state: str = "EXECUTING") -> bytes:
    data = {"cursor": cursor, "experiments": [experiment(state)], "process": None, "tasks": [task("a")], "jobs": []}
    return _message("snapshot", cursor, data)


def _change(seq: int, *changes: tuple[str, str, str, str]) -> bytes:
    return _message("change", f"7-{seq}", event(seq, *changes))


END = ("experiment", E1, "EXECUTING", "COMPLETED")


def _seqs(news: Iterable[News]) -> list[object]:
    return [one.event.seq if isinstance(one, Change) else "snapshot" for one in news]


def test_it_tells_snapshot_and_changes_until_the_end(api: Api, client: Client) -> None:
    pieces = [b": still here\n\n", _snapshot("7-0"), _change(1)[:20], _change(1)[20:], _change(2, END)]
    api.on(STREAM, Reply(body=pieces, headers=SSE))
    news = list(client.experiments.watch(E1))
    assert _seqs(news) == ["snapshot", 1, 2]
    assert isinstance(news[0], Snapshot)
    assert news[0].tasks[0].name == "a"


def test_news_read_well_on_a_terminal(api: Api, client: Client) -> None:
    api.on(STREAM, Reply(body=[_snapshot("7-0"), _change(1), _change(2, END)], headers=SSE))
    snapshot, quiet, end = (str(one) for one in client.experiments.watch(E1))
    assert snapshot == f"{experiment()['name']} is EXECUTING"
    assert "→" not in quiet
    assert end.endswith("experiment EXECUTING → COMPLETED")


def test_a_broken_connection_is_resumed_where_it_broke(api: Api, client: Client) -> None:
    first = Reply(body=[_snapshot("7-0"), _change(1), _change(2)[:30]], headers=SSE, hang_up=True)
    again = Reply(body=[_change(2), _change(3, END)], headers=SSE)
    api.on(STREAM, first, Reply(503), again)
    assert _seqs(client.experiments.watch(E1)) == ["snapshot", 1, 2, 3]
    assert [one.headers.get("Last-Event-ID") for one in api.requests(STREAM)] == [None, "7-1", "7-1"]


def test_what_is_replayed_twice_is_told_once(api: Api, client: Client) -> None:
    api.on(
        STREAM,
        Reply(body=[_snapshot("7-0"), _change(1), _change(2)], headers=SSE),
        Reply(body=[_change(1), _change(2), _change(3, END)], headers=SSE),
    )
    assert _seqs(client.experiments.watch(E1)) == ["snapshot", 1, 2, 3]


def test_after_a_resync_the_history_fills_the_gap(api: Api, client: Client) -> None:
    resync = b'id:\nevent: resync\ndata: {"reason": "too-old"}\n\n'
    api.on(
        STREAM,
        Reply(body=[_snapshot("7-0"), _change(1)], headers=SSE),
        Reply(body=[resync], headers=SSE),
        Reply(body=[_snapshot("9-0"), _change(4, END)], headers=SSE),
    )

    def history(seen: Seen) -> Reply:
        assert "after=1" in seen.path
        return Reply(json={"items": [event(2), event(3)], "next_cursor": None})

    api.on(EVENTS, history)
    assert _seqs(client.experiments.watch(E1)) == ["snapshot", 1, 2, 3, "snapshot", 4]
    assert [one.headers.get("Last-Event-ID") for one in api.requests(STREAM)] == [None, "7-1", None]


def test_a_hole_in_the_numbers_is_filled_from_the_history(api: Api, client: Client) -> None:
    api.on(STREAM, Reply(body=[_snapshot("7-0"), _change(1), _change(3, END)], headers=SSE))
    api.on(EVENTS, Reply(json={"items": [event(2), event(3, END)], "next_cursor": None}))
    assert _seqs(client.experiments.watch(E1)) == ["snapshot", 1, 2, 3]


def test_a_hole_right_after_the_snapshot_is_filled_too(api: Api, client: Client) -> None:
    data = {"cursor": "7-0", "experiments": [experiment(last_seq=4)]}
    api.on(STREAM, Reply(body=[_message("snapshot", "7-0", data), _change(6, END)], headers=SSE))
    api.on(EVENTS, Reply(json={"items": [event(5)], "next_cursor": None}))
    assert _seqs(client.experiments.watch(E1)) == ["snapshot", 5, 6]


def test_an_end_that_only_the_history_tells_ends_it(api: Api, client: Client) -> None:
    resync = b'id:\nevent: resync\ndata: {"reason": "overflow"}\n\n'
    api.on(
        STREAM,
        Reply(body=[_snapshot("7-0"), _change(1), resync], headers=SSE),
        Reply(body=[_snapshot("9-0")], headers=SSE),
    )
    api.on(EVENTS, Reply(json={"items": [event(2, END)], "next_cursor": None}))
    assert _seqs(client.experiments.watch(E1)) == ["snapshot", 1, 2]


def test_an_ended_experiment_is_told_and_done(api: Api, client: Client) -> None:
    api.on(STREAM, Reply(body=[_snapshot("7-0", "FAILED")], headers=SSE))
    assert _seqs(client.experiments.watch(E1)) == ["snapshot"]


def test_an_unknown_experiment_is_an_error_at_once(api: Api, client: Client) -> None:
    api.on(STREAM, Reply(404, {"title": "Not found", "detail": "There is no experiment 'x'."}))
    with pytest.raises(NotFoundError, match="There is no experiment"):
        list(client.experiments.watch(E1))
    assert len(api.seen) == 1


def test_a_server_that_stays_away_is_given_up(api: Api, client: Client) -> None:
    api.on(STREAM, Reply(hang_up=True))
    with pytest.raises(ConnectionFailedError):
        list(client.experiments.watch(E1))
