"""Enrolments of agents, and what tells whether something that an agent said is about its own resource."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from api_server.registry.models import Agent, ComputeResource, ResourceLook, Task
from howdah.contracts.resources import ReachKind


class AgentRepository:
    """The enrolments of one gateway."""

    def __init__(self, session: Session, gateway_id: str) -> None:
        self._session = session
        self._gateway_id = gateway_id

    def find(self, resource_id: str) -> Agent | None:
        """Return the enrolment of the resource's agent, None where there is none."""
        return self._session.scalars(
            select(Agent).where(Agent.gateway_id == self._gateway_id, Agent.resource_id == resource_id)
        ).one_or_none()

    def add(self, agent: Agent) -> Agent:
        """Write an enrolment."""
        agent.gateway_id = self._gateway_id
        self._session.add(agent)
        self._session.flush()
        self._session.refresh(agent)
        return agent

    def delete(self, agent: Agent) -> None:
        """Remove an enrolment."""
        self._session.delete(agent)
        self._session.flush()


class TaskPlace(NamedTuple):
    """Where a task belongs."""

    gateway_id: str
    experiment_id: str
    process_id: str
    resource_id: str | None


class LookPlace(NamedTuple):
    """Where a look belongs."""

    gateway_id: str
    resource_id: str
    what: str


class Places(NamedTuple):
    """Where the tasks and looks that are asked about belong, by their ids; of those that there are."""

    tasks: Mapping[str, TaskPlace]
    looks: Mapping[str, LookPlace]


def worked_on_by_agents(session: Session) -> dict[str, str]:
    """Return the name of each resource, of whatever gateway, that an agent works on or is enrolled for, by its id."""
    enrolled = (
        select(ComputeResource.id, ComputeResource.name).join(Agent, Agent.resource_id == ComputeResource.id).distinct()
    )
    meant = select(ComputeResource.id, ComputeResource.name).where(ComputeResource.reach == ReachKind.AGENT)
    return {row[0]: row[1] for row in session.execute(union(meant, enrolled))}


def places_of_tasks(session: Session, task_ids: Collection[str]) -> dict[str, TaskPlace]:
    """Return where each of the tasks belongs, as far as there are such tasks."""
    if not task_ids:
        return {}
    found = session.execute(
        select(Task.id, Task.gateway_id, Task.experiment_id, Task.process_id, Task.resource_id).where(
            Task.id.in_(task_ids)
        )
    )
    return {row[0]: TaskPlace(*row[1:]) for row in found}


def places_of_looks(session: Session, look_ids: Collection[str]) -> dict[str, LookPlace]:
    """Return where each of the looks belongs, as far as there are such looks."""
    if not look_ids:
        return {}
    found = session.execute(
        select(ResourceLook.id, ResourceLook.gateway_id, ResourceLook.resource_id, ResourceLook.what).where(
            ResourceLook.id.in_(look_ids)
        )
    )
    return {row[0]: LookPlace(*row[1:]) for row in found}
