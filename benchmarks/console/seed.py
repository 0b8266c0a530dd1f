"""Fills a registry with what a large gateway would have, set-based: PostgreSQL makes the rows.

Nothing here goes through Kafka, and nothing of it is due within a day: the orchestrator leaves it alone.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text

from howdah.contracts.ids import new_id

OWNERS: Final = 40
LEVELS: Final = 25

_EXPERIMENTS: Final = text("""
    INSERT INTO experiment (id, gateway_id, owner, name, description, kind, spec, state, last_seq, version,
                            created_at, updated_at, launched_at, ended_at, failure, process_id)
    SELECT gen_random_uuid(), CAST(:gateway AS uuid), 'user-' || (n % :owners), 'Umbrella sampling, window ' || n,
           '', 'tasks', '{}', one.state, 1, 1, one.at, one.at, one.at,
           CASE WHEN one.state <> 'EXECUTING' THEN one.at + interval '9 minutes' END,
           CASE WHEN one.state = 'FAILED' THEN CAST(:failure AS jsonb) END, gen_random_uuid()
    FROM (SELECT n, now() - n * interval '5 minutes' AS at,
                 CASE WHEN n <= :live THEN 'EXECUTING' WHEN n % 17 = 0 THEN 'FAILED' WHEN n % 53 = 0 THEN 'CANCELED'
                      ELSE 'COMPLETED' END AS state
          FROM generate_series(1, :count) n) one
""")
_PROCESSES: Final = text("""
    INSERT INTO process (id, gateway_id, experiment_id, number, state, version, targets, created_at, updated_at,
                         ended_at)
    SELECT process_id, gateway_id, id, 1, state, 1, '{}', created_at, created_at, ended_at
    FROM experiment WHERE gateway_id = CAST(:gateway AS uuid)
""")
_TASKS: Final = text("""
    INSERT INTO task (id, gateway_id, experiment_id, process_id, position, name, type, spec, state, attempt,
                      publications, deferred, due_at, started_at, ended_at)
    SELECT gen_random_uuid(), e.gateway_id, e.id, e.process_id, p, 'step-' || p, 'command', '{"depends_on": []}',
           CASE WHEN e.state <> 'EXECUTING' THEN (CASE WHEN p < 2 THEN 'COMPLETED' ELSE e.state END)
                ELSE (ARRAY['COMPLETED', 'EXECUTING', 'CREATED'])[p + 1] END, 1, 1, false,
           CASE WHEN e.state = 'EXECUTING' AND p = 1 THEN now() + interval '2 days' END,
           CASE WHEN e.state <> 'EXECUTING' OR p < 2 THEN e.created_at END,
           CASE WHEN e.state <> 'EXECUTING' OR p < 1 THEN e.created_at + interval '1 minute' END
    FROM experiment e CROSS JOIN generate_series(0, 2) p WHERE e.gateway_id = CAST(:gateway AS uuid)
""")
_ATTEMPTS: Final = text("""
    INSERT INTO attempt (task_id, attempt, command_id, lane, state, published_at, started_at, ended_at)
    SELECT id, 1, gen_random_uuid(), 'fast', state, started_at, started_at, ended_at
    FROM task WHERE gateway_id = CAST(:gateway AS uuid) AND started_at IS NOT NULL ORDER BY started_at
""")
_EVENTS: Final = text("""
    INSERT INTO event (event_id, gateway_id, experiment_id, seq, kind, actor, payload, changes, at)
    SELECT gen_random_uuid(), gateway_id, id, 1, 'experiment-launched', 'seed', '{}', '[]', created_at
    FROM experiment WHERE gateway_id = CAST(:gateway AS uuid)
""")
_RUN_TASKS: Final = text("""
    INSERT INTO task (id, gateway_id, experiment_id, process_id, position, name, type, spec, state, attempt,
                      publications, deferred, due_at, started_at)
    SELECT md5(:process || n)::uuid, CAST(:gateway AS uuid), CAST(:experiment AS uuid), CAST(:process AS uuid), n,
           CASE WHEN :folded THEN 'window-' || n ELSE 'w-' || translate(n::text, '0123456789', 'abcdefghij') END,
           'command', jsonb_build_object('depends_on',
               CASE WHEN n < :wide THEN '[]'::jsonb
                    ELSE jsonb_build_array(md5(:process || n - :wide)::uuid,
                                           md5(:process || n - :wide - n % :wide + (n + 1) % :wide)::uuid) END),
           (ARRAY['COMPLETED', 'EXECUTING', 'SCHEDULED', 'CREATED'])[1 + n * 4 / :count], 1, 1, false,
           CASE WHEN n * 4 / :count IN (1, 2) THEN now() + interval '2 days' END,
           CASE WHEN n * 4 / :count < 2 THEN now() - interval '1 hour' + n * interval '0.2 seconds' END
    FROM generate_series(0, :count - 1) n
""")
_RUN_ATTEMPTS: Final = text("""
    INSERT INTO attempt (task_id, attempt, command_id, lane, state, published_at, started_at, ended_at)
    SELECT id, 1, gen_random_uuid(), 'fast', state, coalesce(started_at, now()), started_at,
           CASE WHEN state = 'COMPLETED' THEN started_at + interval '30 seconds' END
    FROM task WHERE process_id = CAST(:process AS uuid) AND state <> 'CREATED'
""")
_FAILURE: Final = (
    '{"kind": "timeout", "sentence": "The job reached its time limit of 30 m and was ended by the scheduler."}'
)


@dataclass(frozen=True)
class Run:
    """A seeded run that is going on."""

    gateway_id: str
    experiment_id: str
    process_id: str


def fill(engine: Engine, gateway_id: str, experiments: int, live: int) -> None:
    """Make ``experiments`` of three tasks each, of which the newest ``live`` are going on."""
    own = {"gateway": gateway_id}
    with engine.begin() as connection:
        connection.execute(
            _EXPERIMENTS, {**own, "count": experiments, "live": live, "owners": OWNERS, "failure": _FAILURE}
        )
        for statement in (_PROCESSES, _TASKS, _ATTEMPTS, _EVENTS):
            connection.execute(statement, own)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))  # what autovacuum would have done by now


def add_run(engine: Engine, gateway_id: str, name: str, tasks: int, *, folded: bool) -> Run:
    """Make a run of ``tasks`` in levels, each task needing two of the level before.

    ``folded`` gives them names that the console shows as one node a level; else each is a node of its own.
    """
    run = Run(gateway_id, new_id(), new_id())
    with engine.begin() as connection:
        _insert_run(connection, run, name)
        about = {"gateway": gateway_id, "experiment": run.experiment_id, "process": run.process_id}
        connection.execute(_RUN_TASKS, {**about, "count": tasks, "wide": max(1, tasks // LEVELS), "folded": folded})
        connection.execute(_RUN_ATTEMPTS, {"process": run.process_id})
    return run


def add_log(engine: Engine, gateway_id: str, uri: str, size_bytes: int) -> Run:
    """Make a finished run whose only task brought back a log that lies in the object store."""
    run = Run(gateway_id, new_id(), new_id())
    spec = (
        '{"depends_on": [], "phase": "OUTPUT_DATA_STAGING",'
        ' "params": {"name": "stdout", "source": "stdout.txt", "required": true}}'
    )
    outputs = f'{{"present": true, "uri": "{uri}", "size_bytes": {size_bytes}, "sha256": "{"0" * 64}"}}'
    with engine.begin() as connection:
        _insert_run(connection, run, "A log of 100 MB", state="COMPLETED")
        connection.execute(
            text("""
                INSERT INTO task (id, gateway_id, experiment_id, process_id, position, name, type, spec, state, attempt,
                                  publications, deferred, outputs, started_at, ended_at)
                VALUES (gen_random_uuid(), CAST(:gateway AS uuid), CAST(:experiment AS uuid), CAST(:process AS uuid), 0,
                        'output-staging:stdout', 'output-staging', CAST(:spec AS jsonb), 'COMPLETED', 1, 1, false,
                        CAST(:outputs AS jsonb), now(), now())
            """),
            {
                "gateway": gateway_id,
                "experiment": run.experiment_id,
                "process": run.process_id,
                "spec": spec,
                "outputs": outputs,
            },
        )
    return run


def _insert_run(connection: Connection, run: Run, name: str, state: str = "EXECUTING") -> None:
    about = {
        "gateway": run.gateway_id,
        "experiment": run.experiment_id,
        "process": run.process_id,
        "name": name,
        "state": state,
    }
    connection.execute(
        text("""
            INSERT INTO experiment (id, gateway_id, owner, name, description, kind, spec, state, last_seq, version,
                                    launched_at, process_id)
            VALUES (CAST(:experiment AS uuid), CAST(:gateway AS uuid), 'ada', :name, '', 'tasks', '{}', :state, 0, 1,
                    now() - interval '1 hour', CAST(:process AS uuid))
        """),
        about,
    )
    connection.execute(
        text("""
            INSERT INTO process (id, gateway_id, experiment_id, number, state, version, targets)
            VALUES (CAST(:process AS uuid), CAST(:gateway AS uuid), CAST(:experiment AS uuid), 1, :state, 1, '{}')
        """),
        about,
    )
