"""Moves tasks at a set rate, as the orchestrator's commits would: rows, events and the notification, set-based."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, text

from benchmarks.console.seed import Run

_TICK_SECONDS: Final = 0.05

_MOVE: Final = text("""
    WITH chosen AS (
        SELECT id, state AS before, row_number() OVER () AS n,
               CASE state WHEN 'EXECUTING' THEN 'COMPLETED' WHEN 'SCHEDULED' THEN 'EXECUTING' ELSE 'SCHEDULED' END
                   AS after
        FROM task WHERE process_id = CAST(:process AS uuid) AND position >= :first AND position < :first + :count
    ), moved AS (
        UPDATE task SET state = chosen.after FROM chosen WHERE task.id = chosen.id RETURNING task.id
    ), counted AS (
        UPDATE experiment SET last_seq = last_seq + (SELECT count(*) FROM moved)
        WHERE id = CAST(:experiment AS uuid) RETURNING last_seq
    )
    INSERT INTO event (event_id, gateway_id, experiment_id, seq, process_id, task_id, attempt, kind, actor, payload,
                       changes, at)
    SELECT gen_random_uuid(), CAST(:gateway AS uuid), CAST(:experiment AS uuid),
           counted.last_seq - (SELECT count(*) FROM chosen) + chosen.n, CAST(:process AS uuid), chosen.id, 1,
           'task-status-changed', 'benchmark', '{}',
           jsonb_build_array(jsonb_build_object('entity', 'task', 'id', chosen.id, 'from', before, 'to', after)), now()
    FROM chosen, counted ORDER BY chosen.n
    RETURNING seq
""")


def move(engine: Engine, run: Run, first: int, count: int) -> tuple[int, float]:
    """Move ``count`` tasks from position ``first`` on in one commit; return the last ``seq`` and the commit's time."""
    with engine.begin() as connection:
        seqs = connection.execute(
            _MOVE,
            {
                "gateway": run.gateway_id,
                "experiment": run.experiment_id,
                "process": run.process_id,
                "first": first,
                "count": count,
            },
        ).scalars()
        last = max(seqs)
        connection.execute(text("NOTIFY howdah_feed"))
    return last, time.time()


@contextmanager
def moving(engine: Engine, run: Run, tasks: int, per_second: int) -> Iterator[list[int]]:
    """Move tasks of the run all the while; the list that is given tells how many were moved in each commit."""
    stop, moved = threading.Event(), list[int]()
    each = max(1, round(per_second * _TICK_SECONDS))

    def work() -> None:
        began, done = time.monotonic(), 0
        while not stop.wait(max(0.0, began + done * _TICK_SECONDS - time.monotonic())):
            move(engine, run, (done * each) % tasks, each)
            moved.append(each)
            done += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield moved
    finally:
        stop.set()
        thread.join()
