"""What a job asks for against what the queue allows, with the nearest legal value."""

from collections.abc import Iterator, Sequence

from api_server.dag.application import Application, QueueLimits, Requirements
from api_server.dag.problems import FieldProblem
from howdah.contracts.scheduling import impossible, wrong_directives


def resolve(
    asked: Requirements, defaults: Requirements, queues: Sequence[QueueLimits]
) -> tuple[Requirements, list[FieldProblem]]:
    """Return ``asked`` with the deployment's defaults and the default queue filled in, and every problem."""
    merged = defaults.model_copy(update=asked.model_dump(exclude_none=True))
    by_name = {queue.name: queue for queue in queues}
    if merged.queue is None:
        default = next((queue.name for queue in queues if queue.is_default), None)
        merged = merged.model_copy(update={"queue": default})
    if merged.queue is None:
        return merged, []
    if merged.queue not in by_name:
        known = f"it has {', '.join(sorted(by_name))}" if by_name else "it has none, so leave the queue out"
        return merged, [FieldProblem("requirements.queue", f"the resource has no such queue; {known}", merged.queue)]
    return merged, list(_beyond(merged, by_name[merged.queue]))


def beyond_the_scheduler(application: Application, merged: Requirements) -> Iterator[FieldProblem]:
    """Yield what this kind of scheduler can't do at all: fields that it has not, directives that are none of its."""
    for name, why in impossible(application.scheduler, merged, application.grid_engine):
        yield FieldProblem(f"requirements.{name}", why, getattr(merged, name))
    native = application.deployment.native
    for index, why in wrong_directives(application.scheduler, native):
        text = f"the application's deployment has a directive that can't be passed on: {why}"
        yield FieldProblem("resource_id", text, native[index])


def _beyond(merged: Requirements, queue: QueueLimits) -> Iterator[FieldProblem]:
    plain = (
        ("nodes", merged.nodes, queue.max_nodes),
        ("gpus_per_node", merged.gpus_per_node, queue.max_gpus_per_node),
        ("memory_mb", merged.memory_mb, queue.max_memory_mb),
        ("wall_time_minutes", merged.wall_time_minutes, queue.max_wall_time_minutes),
    )
    for name, value, limit in plain:
        if value is not None and limit is not None and value > limit:
            text = f"the queue {queue.name} allows at most {limit}; {_nearest(limit)}"
            yield FieldProblem(f"requirements.{name}", text, value)
    yield from _too_many_cpus(merged, queue)


def _nearest(limit: int) -> str:
    return f"the nearest legal value is {limit}" if limit else "leave it out"


def _too_many_cpus(merged: Requirements, queue: QueueLimits) -> Iterator[FieldProblem]:
    limit = queue.max_cpus_per_node
    tasks, cpus = merged.tasks_per_node or 1, merged.cpus_per_task or 1
    if limit is None or tasks * cpus <= limit:
        return
    if cpus > limit:
        text = f"the queue {queue.name} allows at most {limit} CPUs a node; the nearest legal value is {limit}"
        yield FieldProblem("requirements.cpus_per_task", text, cpus)
    else:
        text = (
            f"{tasks} tasks a node of {cpus} CPUs each are more than the {limit} CPUs a node that the queue "
            f"{queue.name} allows; the nearest legal value is {limit // cpus}"
        )
        yield FieldProblem("requirements.tasks_per_node", text, tasks)
