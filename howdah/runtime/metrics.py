"""Every Prometheus metric of the platform, in one place: name, kind, labels, meaning, unit."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

# messaging
MESSAGES_HANDLED = Counter("howdah_messages_handled_total", "Messages handled and acknowledged.", ["topic", "outcome"])
MESSAGES_IN_FLIGHT = Gauge("howdah_messages_in_flight", "Messages delivered and not yet acknowledged.", ["topic"])
BACKLOG = Gauge("howdah_backlog_messages", "Unfinished messages as the ledger sees them.", ["topic", "partition"])
COMMITS = Histogram("howdah_commit_seconds", "Synchronous offset commits.", ["group"], buckets=_SECONDS)
COMMIT_FAILURES = Counter("howdah_commit_failures_total", "Offset commits refused by the broker.", ["group", "error"])
REBALANCES = Counter("howdah_rebalances_total", "Partitions assigned, revoked or lost.", ["group", "what"])
DEAD_LETTERS = Counter("howdah_dead_letters_total", "Messages sent to the dead letters.", ["topic"])
PRODUCED = Counter("howdah_messages_produced_total", "Messages produced, by the broker's answer.", ["topic", "outcome"])

# tasks
TASK_SECONDS = Histogram("howdah_task_seconds", "One attempt in a handler.", ["type", "outcome"], buckets=_SECONDS)
TASK_FAILURES = Counter("howdah_task_failures_total", "Attempts that failed.", ["type", "kind"])
TASKS_DEFERRED = Counter("howdah_tasks_deferred_total", "Commands handed back untouched.", ["type", "reason"])

# compute
REMOTE_SECONDS = Histogram(
    "howdah_remote_operation_seconds", "One operation on a resource.", ["operation", "outcome"], buckets=_SECONDS
)
SSH_CONNECTIONS = Gauge("howdah_ssh_connections", "Open SSH connections.", ["account"])
JOBS_FOLLOWED = Gauge("howdah_jobs_followed", "Live jobs that this monitor follows.")
MONITOR_QUERY_SECONDS = Histogram(
    "howdah_monitor_query_seconds", "One batched status query.", ["outcome"], buckets=_SECONDS
)

# API half
OUTBOX_PUBLISHED = Counter("howdah_outbox_published_total", "Outbox rows published.", ["by"])
OUTBOX_WAITING = Gauge("howdah_outbox_waiting_rows", "Outbox rows not yet acknowledged by the broker.")
EVENTS_APPLIED = Counter("howdah_events_applied_total", "Events that the orchestrator took in.", ["kind", "outcome"])
ORCHESTRATOR_BATCH = Histogram("howdah_orchestrator_batch_seconds", "One batch, from read to commit.", buckets=_SECONDS)
TOLD_BY_AGENTS = Counter("howdah_told_by_agents_total", "What agents told, by what became of it.", ["kind", "outcome"])
TASKS_RELEASED = Counter("howdah_tasks_released_total", "Parked tasks let go, since their resource is back.")
CIRCUITS = Counter("howdah_circuit_turns_total", "Circuits of resources that changed.", ["what"])
TIMERS_FIRED = Counter("howdah_timers_fired_total", "Timers whose moment came.")
FEED_SUBSCRIBERS = Gauge("howdah_feed_subscribers", "Open live streams.")
FEED_RESYNCS = Counter("howdah_feed_resyncs_total", "Streams told to start over.", ["reason"])
HTTP_SECONDS = Histogram(
    "howdah_http_request_seconds", "HTTP requests.", ["method", "route", "status"], buckets=_SECONDS
)
