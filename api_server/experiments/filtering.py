"""The filters of the list of experiments, as the query says them; the count and the verb for many take the same."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Query

from api_server.experiments import service
from api_server.experiments.marking_schemas import MAX_TAGS, Tag
from api_server.http.model import Id
from api_server.registry.repositories.experiment_reads import ExperimentFilter
from howdah.contracts.states import ExperimentState, ProcessState

MAX_NAMED: Final = 200
"""How many experiments one filter may name."""

_States = Annotated[list[ExperimentState] | None, Query(description="May be repeated.")]
_Name = Annotated[str | None, Query(max_length=200, description="A part of the name, in any case.")]
_Words = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=200,
        description="A part of the name, the description, the application or the resource; or a user, a native job id, "
        "the beginning of an id.",
    ),
]
_NeedsYou = Annotated[bool, Query(description="Only failures of the last 24 hours of which no clone was made.")]
_ProcessStates = Annotated[
    list[ProcessState] | None,
    Query(description="Live ones whose latest process is in one of these: QUEUED, BLOCKED, PAUSED …"),
]
_BlockedBy = Annotated[Id | None, Query(description="Only those of which tasks wait for this resource, which is away.")]
_Tags = Annotated[list[Tag] | None, Query(max_length=MAX_TAGS, description="Those that bear all of these.")]
_Archived = Annotated[
    bool | None, Query(description="Those that were put away; left out unless they are asked for, or named by `id`.")
]
_Ids = Annotated[list[Id] | None, Query(max_length=MAX_NAMED, description="Only these; may be repeated.")]


async def experiment_filter(  # noqa: PLR0913, PLR0917 - the filters of the list
    state: _States = None,
    name: _Name = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    interface_id: Id | None = None,
    resource_id: Id | None = None,
    workflow_id: Id | None = None,
    workflow_version: Annotated[int | None, Query(ge=1)] = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    q: _Words = None,
    needs_you: _NeedsYou = False,  # noqa: FBT002 - a flag of the query
    process_state: _ProcessStates = None,
    blocked_by: _BlockedBy = None,
    tag: _Tags = None,
    archived: _Archived = None,
    id: _Ids = None,  # noqa: A002 - the query's word
) -> ExperimentFilter:
    """Read the filters from the query."""
    return ExperimentFilter(
        states=tuple(one.value for one in state or ()),
        name=name,
        owner=owner,
        interface_id=interface_id,
        resource_id=resource_id,
        workflow_id=workflow_id,
        workflow_version=workflow_version,
        created_after=service.utc(created_after),
        created_before=service.utc(created_before),
        text=q,
        needs_you=needs_you,
        process_states=tuple(one.value for one in process_state or ()),
        blocked_by=blocked_by,
        tags=tuple(tag or ()),
        archived=archived if archived is not None or id else False,
        ids=tuple(id or ()),
    )


Wanted = Annotated[ExperimentFilter, Depends(experiment_filter)]
