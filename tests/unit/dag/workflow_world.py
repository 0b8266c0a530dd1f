"""Workflows in the small world: definitions as people write them, planned among a few task types."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import yaml

from api_server.dag.advance import advance, begin
from api_server.dag.decisions import Decisions, Publication
from api_server.dag.problems import UnplannableError
from api_server.dag.run import Run, RunIdentity
from api_server.dag.task_types import KnownType
from api_server.dag.workflows.checking import check_definition
from api_server.dag.workflows.compiling import WorkflowRun, plan_workflow
from api_server.dag.workflows.surroundings import KnownResource, KnownWorkflow, Surroundings
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.ids import EventId, ExperimentId, GatewayId, ProcessId, ResourceId, new_id
from howdah.contracts.messages import TaskCompleted, TaskFailed
from howdah.contracts.requests import SignalGiven
from howdah.contracts.resources import ReachKind, ResourceTarget, SchedulerKind, TransportKind
from howdah.contracts.states import TaskState, is_terminal
from howdah.contracts.task_types import TaskTypeDescription
from howdah.contracts.tasks import Dag, TaskSpec
from howdah.contracts.workflows import WorkflowDefinition
from tests.unit.dag.world import START, World, timer_of

TYPES: Mapping[str, dict[str, Any]] = {
    "step": {
        "parameters": {
            "type": "object",
            "properties": {"value": {}, "text": {"type": "string"}, "number": {"type": "integer"}},
            "additionalProperties": False,
        },
        "outputs": [{"name": "result", "type": "string"}, {"name": "size", "type": "integer"}],
        "resource": "none",
    },
    "split": {
        "parameters": {
            "type": "object",
            "properties": {"parts": {"type": "integer", "minimum": 0}},
            "required": ["parts"],
            "additionalProperties": False,
        },
        "outputs": [{"name": "parts", "type": "array"}, {"name": "count", "type": "integer"}],
        "branches": ["nothing-left"],
        "resource": "none",
    },
}
SANDBOX = ResourceTarget(
    resource_id=ResourceId(new_id()),
    name="sandbox",
    reach=ReachKind.SSH,
    transport=TransportKind.LOCAL,
    scheduler=SchedulerKind.FORK,
    host="localhost",
)


def around(**workflows: str) -> Surroundings:
    """Return surroundings with the task types above, a resource, and workflows by name."""
    known = {name.replace("_", "-"): KnownWorkflow(new_id(), 1, definition(text)) for name, text in workflows.items()}
    sandbox = KnownResource(SANDBOX.resource_id, "sandbox", SANDBOX)
    return Surroundings(
        types={
            name: KnownType(name, TaskTypeDescription.model_validate(described)) for name, described in TYPES.items()
        },
        resources={"sandbox": sandbox, SANDBOX.resource_id: sandbox},
        workflows={(name, version): one for name, one in known.items() for version in (None, 1)},
    )


def definition(text: str) -> WorkflowDefinition:
    """Return a definition from its YAML; a name is put in where it has none."""
    return WorkflowDefinition.model_validate({"name": "test", **yaml.safe_load(text)})


def problems(text: str, surroundings: Surroundings | None = None) -> dict[str, str]:
    """Return what is wrong with a definition: place → words."""
    found = check_definition(definition(text), surroundings or around())
    return {problem.field: problem.message for problem in found}


def planned(text: str, surroundings: Surroundings | None = None, **parameters: Any) -> Dag:  # noqa: ANN401 - any JSON
    """Return the DAG of a run."""
    run = WorkflowRun(GatewayId(new_id()), ProcessId(new_id()), definition(text), parameters, surroundings or around())
    return plan_workflow(run)


def refusal(text: str, surroundings: Surroundings | None = None, **parameters: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Return why a run can't be planned: place → words."""
    try:
        planned(text, surroundings, **parameters)
    except UnplannableError as error:
        return {problem.field: problem.message for problem in error.problems}
    return {}


Answer = dict[str, Any] | Failure | tuple[dict[str, Any], str]
"""Outputs; a failure; outputs with the branch."""


def broken(sentence: str = "It broke.") -> Failure:
    return Failure(kind=FailureKind.PERMANENT, sentence=sentence)


def done(spec: TaskSpec, publication: Publication) -> Answer:
    """Do a task as its type says."""
    if spec.type == "split":
        count = publication.params["parts"]
        assert isinstance(count, int)
        return {"parts": [f"part-{index}" for index in range(count)], "count": count}
    given = publication.params.get("value", publication.params.get("text"))
    return {"result": f"<{given}>", "size": len(str(given))}


@dataclass
class Services:
    """Plays the services of a run, in an order that chance makes, until nothing is left to do."""

    world: World
    behave: Callable[[TaskSpec, Publication], Answer] = done
    chance: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - a test's
    ran: list[str] = field(default_factory=list)
    most_at_once: int = 0

    def work(self) -> "Services":
        """Do everything that can be done."""
        done_already: set[str] = set()
        while True:
            waiting = [one for one in self.world.published if one.command_id not in done_already]
            if self.world.told and (not waiting or self.chance.random() < 0.5):
                self.world.feed(self.world.told.pop(0))
                continue
            if not waiting:
                break
            self.most_at_once = max(self.most_at_once, len(waiting))
            publication = self.chance.choice(waiting)
            done_already.add(publication.command_id)
            spec = self.world.run.dag.by_id[publication.task_id]
            self.ran.append(spec.name)
            self.world.feed(self._event(publication, self.behave(spec, publication)))
        return self

    def _event(self, publication: Publication, answer: Answer) -> TaskCompleted | TaskFailed:
        if isinstance(answer, Failure):
            return self.world.event(TaskFailed, publication, failure=answer)
        outputs, branch = answer if isinstance(answer, tuple) else (answer, None)
        return self.world.event(TaskCompleted, publication, outputs=outputs, branch=branch)

    def answer(self, name: str, port: str, **outputs: Any) -> "Services":  # noqa: ANN401 - any JSON
        """Answer what the run waits for."""
        task = next(one for one in self.world.run.dag.tasks if one.name == name)
        self.world.feed(self.world.request(SignalGiven, task_id=task.task_id, port=port, outputs=outputs))
        return self

    def states(self) -> dict[str, TaskState]:
        run = self.world.run
        return {task.name: run.tasks[task.task_id].state for task in run.dag.tasks}

    def outputs(self, name: str) -> Mapping[str, Any]:
        run = self.world.run
        task = next(one for one in run.dag.tasks if one.name == name)
        return run.tasks[task.task_id].outputs or {}

    @property
    def has_ended(self) -> bool:
        return is_terminal(self.world.process)


def played(text: str, surroundings: Surroundings | None = None, **parameters: Any) -> Services:  # noqa: ANN401 - any JSON
    """Run a workflow as far as its services go."""
    return Services(World(planned(text, surroundings, **parameters))).work()


class Quick:
    """Plays a large run without looking at all of it after each event, as ``World`` does."""

    def __init__(self, dag: Dag) -> None:
        identity = RunIdentity(GatewayId(new_id()), ExperimentId(new_id()), ProcessId(new_id()))
        self.run = Run(identity, dag)
        self.ran: list[str] = []
        self.most_at_once = 0
        self.most_added = 0
        """The most tasks that one decision has added."""

    def play(self) -> None:
        """Do everything that can be done."""
        identity = self.run.identity
        waiting = deque(self._taken(begin(self.run, START)))
        while waiting:
            self.most_at_once = max(self.most_at_once, len(waiting))
            publication = waiting.popleft()
            spec = self.run.dag.by_id[publication.task_id]
            self.ran.append(spec.name)
            answer = done(spec, publication)
            assert isinstance(answer, dict)
            event = TaskCompleted(
                at=START,
                gateway_id=identity.gateway_id,
                experiment_id=identity.experiment_id,
                process_id=identity.process_id,
                event_id=EventId(new_id()),
                task_id=publication.task_id,
                attempt=publication.attempt,
                outputs=answer,
            )
            waiting.extend(self._taken(advance(self.run, event, START)))

    def _taken(self, decisions: Decisions) -> list[Publication]:
        self.run.apply(decisions)
        self.most_added = max(self.most_added, len(decisions.added))
        publications = list(decisions.publications)
        for task_id in decisions.timers:
            publications += self._taken(advance(self.run, timer_of(self.run, task_id, START), START))
        return publications
