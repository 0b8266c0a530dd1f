"""New experiments that come one call each, made together."""

from collections.abc import Sequence

from api_server.auth.principal import Principal
from api_server.experiments.answers import brief_answer
from api_server.http.etag import etag
from api_server.http.gathering import Call, Gathering
from api_server.http.idempotency import Answer
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.lifecycle.requests import AnyRequest
from api_server.registry.unit_of_work import Registry, UnitOfWork


def gathered_creations(registry: Registry, lifecycle: Lifecycle, path: str) -> Gathering[AnyRequest]:
    """Return what answers `POST` on ``path``, below which the experiments are found."""

    def produce(work: UnitOfWork, principal: Principal, calls: Sequence[Call[AnyRequest]]) -> list[Answer]:
        requests = [call.body for call in calls]
        records = lifecycle.create(work, principal, requests, traces=[call.trace for call in calls])
        return [
            brief_answer(record, 201, {"Location": f"{path}/{record.id}", **etag(record.version)}) for record in records
        ]

    return Gathering(registry, produce)
