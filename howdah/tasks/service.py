"""The process of a task service: put together, run until told to stop, drained, put away."""

import functools
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from howdah.contracts import topics
from howdah.contracts.agents import AgentTopics
from howdah.contracts.errors import ConfigurationError, HowdahError
from howdah.contracts.standings import all_is_well
from howdah.contracts.topics import Topic
from howdah.messaging.abstract import (
    Handler,
    Messaging,
    MessagingError,
    Queue,
    Runner,
    WorkQueueOptions,
    nothing_is_held,
)
from howdah.messaging.standings import StandingsTable
from howdah.runtime.clock import Clock, SystemClock
from howdah.runtime.collector import leave_alone_what_is_here
from howdah.runtime.ending import end_process_when
from howdah.runtime.health import Check, HealthServer
from howdah.runtime.logs import configure_logs
from howdah.tasks.attempt import Surroundings, never_held
from howdah.tasks.by_type import ONE_QUEUE_GROUP, ONE_QUEUE_THREADS, ByType, for_one_queue
from howdah.tasks.cancellations import Cancellations
from howdah.tasks.context import Tools
from howdah.tasks.dead_letters import failure_with
from howdah.tasks.declaration import AnyTask
from howdah.tasks.heartbeats import Heartbeats
from howdah.tasks.in_flight import InFlight
from howdah.tasks.pulse import Pulse
from howdah.tasks.runner import TaskRunner
from howdah.tasks.settings import ServiceSettings
from howdah.tasks.starts import Starts
from howdah.tasks.task_log import OpenLogs
from howdah.tasks.tools import SharedReach, make_tools

log = structlog.get_logger(__name__)

DEADLINE_CHECK_SECONDS = 0.25
LOG_FLUSH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Parts:
    """What a further part of a service (see ``run_service``) is made of."""

    settings: ServiceSettings
    messaging: Messaging
    tools: Tools
    cancellations: Cancellations
    clock: Clock


PartFactory = Callable[[Parts], Runner]
"""Makes a loop that runs beside the work queues: started after the cancellations are known, stopped with them."""


class Service:
    """A task service on the given messaging. ``run`` blocks; ``stop`` may be called from any thread.

    With ``one_queue`` the commands of all its tasks come from one topic, as an agent's do.
    """

    def __init__(  # noqa: PLR0913 - what a process is made of, by keyword
        self,
        tasks: Sequence[AnyTask],
        settings: ServiceSettings,
        messaging: Messaging,
        *,
        tools: Tools,
        parts: Sequence[PartFactory] = (),
        one_queue: bool = False,
    ) -> None:
        self._one_queue = one_queue
        self._settings = settings
        self._messaging = messaging
        self._clock = tools.clock
        self._tasks = tasks
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        producer = messaging.producer()
        self._in_flight = InFlight()
        self._logs = OpenLogs()
        self._starts = Starts(self._clock)
        self._task_runners: list[TaskRunner] = []
        self._queues: list[Queue] = []
        self._heartbeats = Heartbeats(
            settings.service_name,
            producer,
            self._clock,
            in_flight=lambda: len(self._in_flight),
            last_error=self._last_error,
            queues=lambda: [report for queue in self._queues for report in queue.reports()],
        )
        self._cancellations = Cancellations(messaging, self._in_flight.cancel_process)
        # An agent works at its one resource: whether that is away is no question there.
        self._standings = None if one_queue else StandingsTable(messaging)
        self._around = Surroundings(
            worker=self._heartbeats.instance_id,
            tools=tools,
            producer=producer,
            in_flight=self._in_flight,
            logs=self._logs,
            starts=self._starts,
            process_canceled=self._cancellations.__contains__,
            standings=self._standings or all_is_well,
            was_held=self._standings.was_held if self._standings else never_held,
        )
        self._pulse = self._make_pulse()
        self._part_factories = parts
        self._parts = Parts(settings, messaging, tools, self._cancellations, self._clock)
        self._runners: list[Runner] = []

    def run(self) -> None:
        """Work until stopped. MessagingError, or what else ended a loop, when the work could not go on."""
        try:
            self._messaging.admin().ensure(self._topics(), self._settings.kafka_replication_factor)
            if self._standings is not None:
                self._standings.start()
            self._cancellations.start(self._settings.table_timeout_seconds)
            if self._standings is not None:  # before a message is taken: its lane may be paused
                self._standings.wait_loaded(self._settings.table_timeout_seconds)
        except MessagingError as error:
            if not self._stopping.is_set():
                raise
            log.info("the service was told to stop before it began to work", why=str(error))
            return
        self._queues = list(self._work_queues())
        self._runners = [*self._queues]
        self._runners += [factory(self._parts) for factory in self._part_factories]
        health = HealthServer(
            self._settings.health_host,
            self._settings.health_port,
            alive={"pulse": self._pulse.trouble},
            ready=self._checks(),
        )
        health.start()
        self._pulse.start()
        self._starts.start()
        try:
            self._run_loops()
        finally:
            self._starts.close()
            self._pulse.close()
            self._cancellations.close()
            if self._standings is not None:
                self._standings.close()
            self._say_goodbye()
            health.close()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Ask for the drain: no further message is taken, running handlers get their grace."""
        self._stopping.set()
        self._messaging.give_up_waiting()

    def _run_loops(self) -> None:
        threads = [
            threading.Thread(target=self._guarded, args=(runner,), name=f"loop-{number}")
            for number, runner in enumerate(self._runners)
        ]
        for thread in threads:
            thread.start()
        log.info("the service works", tasks=[task.type for task in self._tasks])
        self._stopping.wait()
        log.info("the service drains", in_flight=len(self._in_flight))
        for runner in self._runners:
            runner.stop()
        for thread in threads:
            thread.join()

    def _guarded(self, runner: Runner) -> None:
        try:
            runner.run()
        except Exception as error:  # the boundary of the loops
            if isinstance(error, MessagingError) and self._stopping.is_set():
                log.warning("a loop was stopped while Kafka did not answer", error=str(error))
            else:
                log.exception("a loop of the service ended with an error")
                self._error = self._error or error
        finally:
            self._stopping.set()

    def _work_queues(self) -> Iterator[Queue]:
        if self._one_queue:
            threads = self._settings.threads or ONE_QUEUE_THREADS
            by_type = ByType({task.type: self._task_runner(task, threads) for task in map(for_one_queue, self._tasks)})
            yield self._work_queue(self._tasks[0].type, ONE_QUEUE_GROUP, threads, by_type)
            return
        for task in self._tasks:
            threads = self._settings.threads or task.options.threads
            yield self._work_queue(task.type, task.type, threads, self._task_runner(task, threads))

    def _task_runner(self, task: AnyTask, threads: int) -> TaskRunner:
        runner = TaskRunner(task, self._around, threads)
        self._task_runners.append(runner)
        return runner

    def _work_queue(self, task_type: str, group: str, threads: int, handler: Handler) -> Queue:
        options = WorkQueueOptions(
            group=group,
            threads=threads,
            drain_grace_seconds=self._settings.drain_grace_seconds,
            is_held=self._standings.is_held if self._standings else nothing_is_held,
        )
        return self._messaging.work_queue(
            [topics.tasks(task_type).name],
            handler,
            options,
            with_dead_letter=functools.partial(failure_with, self._clock),
        )

    def _make_pulse(self) -> Pulse:
        pulse = Pulse(self._clock)
        pulse.add(DEADLINE_CHECK_SECONDS, lambda: self._in_flight.expire(self._clock.now()))
        pulse.add(LOG_FLUSH_SECONDS, self._logs.flush)
        pulse.add(self._settings.heartbeat_seconds, self._heartbeats.beat)
        return pulse

    def _topics(self) -> list[Topic]:
        return [*topics.SHARED, *(topics.tasks(task.type) for task in self._tasks)]

    def _checks(self) -> dict[str, Check]:
        loops = {f"loop {number}": runner.trouble for number, runner in enumerate(self._runners)}
        return {
            **loops,
            "cancellations": self._cancellations.trouble,
            **({"resources": self._standings.trouble} if self._standings is not None else {}),
            "producer": self._around.producer.trouble,
            "pulse": self._pulse.trouble,
        }

    def _last_error(self) -> str | None:
        return next((runner.last_error for runner in self._task_runners if runner.last_error), None)

    def _say_goodbye(self) -> None:
        trouble = self._around.producer.trouble()
        try:
            if trouble is None:
                self._heartbeats.leave()
        except MessagingError as error:
            trouble = str(error)
        if trouble is not None:
            log.warning("nobody could be told that this instance stops", error=trouble)


def run_service(
    *tasks: AnyTask,
    settings: ServiceSettings | None = None,
    parts: Sequence[PartFactory] = (),
    service_name: str | None = None,
    own: AgentTopics | None = None,
) -> int:
    """Run a task service until SIGTERM or SIGINT; return the process's exit code (0: stopped as asked).

    Settings come from the environment unless given. ``parts`` run beside the work queues (see ``PartFactory``); a
    service of parts alone says its ``service_name``, which is the first task's type otherwise. With ``own`` it is the
    agent of a resource, whose topics stand for those of the platform.
    """
    if not tasks and not (parts and service_name):
        raise ConfigurationError("run_service: name at least one task, or parts and a service_name")
    try:
        settings = settings or ServiceSettings.load(service_name=service_name or tasks[0].type)
    except ConfigurationError as error:
        log.error(str(error))
        return 2
    configure_logs(settings)
    # Deferred: the client library is heavy, and tests hand in the in-memory twin in its place.
    from howdah.messaging import connect

    clock = SystemClock()
    reach = SharedReach(own.resource_id if own else None)
    try:
        with connect(settings, settings.service_name, own) as messaging:
            tools = make_tools(settings, clock, reach)
            service = Service(tasks, settings, messaging, tools=tools, parts=parts, one_queue=own is not None)
            for signum in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signum, lambda *_: service.stop())
            end_process_when(messaging.beyond_repair)
            leave_alone_what_is_here()
            service.run()
    except HowdahError as error:
        log.error("the service stops", error=str(error))
        return 1
    except Exception:
        log.exception("the service stops on a defect")
        return 1
    finally:
        reach.close()
    return 0
