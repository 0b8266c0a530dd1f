"""Counts over a gateway: what needs somebody, what runs, what waits and for what. PostgreSQL counts; nothing is listed.

Live tasks are found by the index of what is due (each task that was published has a deadline), live jobs through the
processes of those. Every statement is bound to the caller's gateway.
"""

from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from api_server.registry.repositories.rows import Row, all_rows

NEEDS_SOMEBODY_HOURS: Final = 24
"""A failure of so late, of which no clone was made, needs a decision."""

LIVE: Final = """
    SELECT t.id, t.process_id, t.experiment_id, t.resource_id, t.type, t.attempt, t.due_at, t.failure,
           CASE WHEN t.parked IS NULL THEN t.state ELSE 'BLOCKED' END AS state
    FROM task t WHERE t.due_at IS NOT NULL AND t.gateway_id = CAST(:gateway_id AS uuid)
"""
_STATES: Final = text(
    "SELECT state, count(*) AS count FROM experiment"
    " WHERE gateway_id = CAST(:gateway_id AS uuid) AND archived_at IS NULL GROUP BY state"
)
_FAILED: Final = text("""
    SELECT floor(extract(epoch FROM now() - ended_at) / 3600)::int AS hours_ago, count(*) AS count,
           count(*) FILTER (WHERE NOT EXISTS (SELECT FROM experiment c WHERE c.cloned_from = e.id)) AS unanswered
    FROM experiment e
    WHERE gateway_id = CAST(:gateway_id AS uuid) AND state = 'FAILED' AND archived_at IS NULL
      AND ended_at > now() - make_interval(hours => :hours)
    GROUP BY 1
""")
_TASKS: Final = text(f"""
    SELECT live.state, live.type, live.resource_id, r.name AS resource, live.failure ->> 'kind' AS failure_kind,
           count(*) AS tasks, count(DISTINCT live.experiment_id) AS experiments, min(live.due_at) AS next_at
    FROM ({LIVE}) live LEFT JOIN compute_resource r ON r.id = live.resource_id
    GROUP BY 1, 2, 3, 4, 5 ORDER BY tasks DESC LIMIT 500
""")  # noqa: S608 - constants only
_JOBS: Final = text(f"""
    SELECT j.state, j.resource_id, r.name AS resource, count(*) AS jobs, min(j.created_at) AS oldest_at
    FROM job j LEFT JOIN compute_resource r ON r.id = j.resource_id
    WHERE j.process_id IN (SELECT process_id FROM ({LIVE}) live) AND j.gateway_id = CAST(:gateway_id AS uuid)
      AND j.state NOT IN ('COMPLETE', 'FAILED', 'CANCELED')
    GROUP BY 1, 2, 3 ORDER BY jobs DESC LIMIT 500
""")  # noqa: S608 - constants only
_IN_LINE: Final = text(r"""
    SELECT regexp_replace(a.reason, '; \d+(st|nd|rd|th) in line$', '') AS reason, a.resource_id,
           r.name AS resource, count(*) AS tasks, count(DISTINCT a.experiment_id) AS experiments,
           min(a.asked_at) AS oldest_at
    FROM admission a JOIN compute_resource r ON r.id = a.resource_id
    WHERE a.granted_at IS NULL AND a.gateway_id = CAST(:gateway_id AS uuid)
    GROUP BY 1, 2, 3 ORDER BY tasks DESC LIMIT 100
""")
_STARTED: Final = text("""
    SELECT floor(extract(epoch FROM now() - a.started_at) / 120)::int AS slot, count(*) AS count
    FROM attempt a JOIN task t ON t.id = a.task_id
    WHERE a.published_at > now() - interval '1 hour' AND a.started_at > now() - interval '1 hour'
      AND t.gateway_id = CAST(:gateway_id AS uuid)
    GROUP BY 1
""")
_RESOURCES: Final = text(f"""
    WITH recent AS (
        SELECT t.resource_id, a.state, a.failure ->> 'kind' AS kind, a.failure ->> 'sentence' AS sentence,
               a.ended_at, extract(epoch FROM a.ended_at - a.started_at) AS seconds, a.lane,
               floor(extract(epoch FROM now() - a.ended_at) / 300)::int AS slot
        FROM attempt a JOIN task t ON t.id = a.task_id
        WHERE a.published_at > now() - interval '1 hour' AND t.gateway_id = CAST(:gateway_id AS uuid)
          AND t.type <> 'job-monitoring' AND a.ended_at IS NOT NULL AND t.resource_id IS NOT NULL
    ), of_resource AS (
        SELECT resource_id, count(*) AS attempts,
               count(*) FILTER (WHERE kind IN ('transient', 'throttled')) AS unreachable,
               count(*) FILTER (WHERE kind IN ('authentication', 'host_key')) AS refused,
               count(*) FILTER (WHERE state = 'FAILED') AS failed,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median_seconds,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95_seconds,
               (array_agg(lane ORDER BY ended_at DESC))[1] AS lane,
               max(ended_at) FILTER (WHERE state = 'COMPLETED') AS last_success_at,
               max(ended_at) FILTER (WHERE state = 'FAILED') AS last_failure_at,
               (array_agg(sentence ORDER BY ended_at DESC) FILTER (WHERE sentence IS NOT NULL))[1] AS last_sentence,
               (array_agg(kind ORDER BY ended_at DESC) FILTER (WHERE kind IS NOT NULL))[1] AS last_kind
        FROM recent GROUP BY resource_id
    ), slots AS (
        SELECT resource_id, jsonb_object_agg(slot, jsonb_build_array(attempts, failed, median)) AS slots FROM (
            SELECT resource_id, slot, count(*) AS attempts, count(*) FILTER (WHERE state = 'FAILED') AS failed,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
            FROM recent GROUP BY 1, 2) per_slot GROUP BY resource_id
    ), live AS (
        SELECT resource_id, count(*) FILTER (WHERE state = 'EXECUTING') AS running,
               count(*) FILTER (WHERE state = 'SCHEDULED') AS waiting,
               count(*) FILTER (WHERE state = 'RETRY_WAIT') AS retrying,
               min(due_at) FILTER (WHERE state = 'RETRY_WAIT') AS next_at, count(DISTINCT experiment_id) AS experiments
        FROM ({LIVE}) one GROUP BY resource_id
    ), jobs AS (
        SELECT resource_id, count(*) FILTER (WHERE state = 'ACTIVE') AS jobs_active,
               count(*) FILTER (WHERE state IN ('SUBMITTED', 'QUEUED')) AS jobs_queued
        FROM job WHERE process_id IN (SELECT process_id FROM ({LIVE}) two) GROUP BY resource_id
    )
    SELECT r.id, r.name, r.description, r.scheduler, r.transport, r.host, r.port, r.username, r.enabled,
           o.attempts, o.unreachable, o.refused, o.failed, o.median_seconds, o.p95_seconds, o.lane, o.last_success_at,
           o.last_failure_at, o.last_sentence, o.last_kind, s.slots, l.running, l.waiting, l.retrying, l.next_at,
           l.experiments, j.jobs_active, j.jobs_queued
    FROM compute_resource r
    LEFT JOIN of_resource o ON o.resource_id = r.id LEFT JOIN slots s ON s.resource_id = r.id
    LEFT JOIN live l ON l.resource_id = r.id LEFT JOIN jobs j ON j.resource_id = r.id
    WHERE r.gateway_id = CAST(:gateway_id AS uuid) ORDER BY r.name LIMIT 500
""")  # noqa: S608 - constants only


def experiments_by_state(session: Session, gateway_id: str) -> dict[str, int]:
    """Return how many experiments of the gateway are in each state."""
    return {row["state"]: row["count"] for row in _rows(session, gateway_id, _STATES)}


def failed_of_late(session: Session, gateway_id: str) -> list[Row]:
    """Return the failures of the last day by how many hours ago, and of how many no clone was made."""
    return all_rows(session, _FAILED.bindparams(gateway_id=gateway_id, hours=NEEDS_SOMEBODY_HOURS))


def live_tasks(session: Session, gateway_id: str) -> list[Row]:
    """Return the published tasks that have not ended, counted by state, type, resource and failure kind.

    The state of a task that waits for a resource that is away is BLOCKED.
    """
    return _rows(session, gateway_id, _TASKS)


def live_jobs(session: Session, gateway_id: str) -> list[Row]:
    """Return the jobs that have not ended, counted by state and resource."""
    return _rows(session, gateway_id, _JOBS)


def in_line(session: Session, gateway_id: str) -> list[Row]:
    """Return the jobs that wait for a quota or a maintenance window, counted by reason and resource."""
    return _rows(session, gateway_id, _IN_LINE)


def attempts_started(session: Session, gateway_id: str) -> list[Row]:
    """Return how many attempts began in each two minutes of the last hour."""
    return _rows(session, gateway_id, _STARTED)


def resources(session: Session, gateway_id: str) -> list[Row]:
    """Return each compute resource with the attempts of its last hour, what runs and what waits there."""
    return _rows(session, gateway_id, _RESOURCES)


def _rows(session: Session, gateway_id: str, statement: TextClause) -> list[Row]:
    return all_rows(session, statement.bindparams(gateway_id=gateway_id))
