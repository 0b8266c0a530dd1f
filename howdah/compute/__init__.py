"""Reaching a compute resource: transports, file transfer, schedulers, the submission protocol.

Knows nothing of Kafka and of the registry; raises ``TaskError`` with the failure kind. What a task service uses:

- ``abstract``: ``Reach``, ``Connection``, ``Bounds`` and the data that pass
- ``reach.PooledReach()``: the real ``Reach``; one per process
- ``submission.submit(connection, params, *, task_id, attempt) -> SubmittedJob``
- ``cancellation.cancel_job(connection, job: JobRef, *, wait_seconds=20.0) -> CancelOutcome``
- ``jobs.query(connection, jobs: Sequence[JobRef]) -> Mapping[JobRef, Observation]``
- ``jobs.judge(observation, *, missing_since, now, grace) -> Judgement`` (pure)
- ``commands.run_command(connection, params, *, task_id, attempt) -> CommandOutcome``
"""
