"""Python SDK of the REST API: what a science gateway's own code uses.

    with Client("http://127.0.0.1:8080", token) as howdah:
        seeds = howdah.files.upload(Path("seeds.csv"))
        experiment = howdah.experiments.create(name="spots", interface_id=…, resource_id=…, inputs={"seeds": seeds.uri})
        howdah.experiments.launch(experiment.id)
        for news in howdah.experiments.watch(experiment.id):
            print(news)

It knows HTTP and nothing else: no Kafka, no SSH, no SQL, and it writes nothing to the terminal.
"""

from howdah.client.client import Client
from howdah.client.connection import RetryDelays
from howdah.client.errors import (
    ChecksumError,
    ClientError,
    ConflictError,
    ConnectionFailedError,
    FieldProblem,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    ProblemError,
    ServerFailedError,
    TooManyRequestsError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from howdah.client.watching import Change, News, Snapshot

__all__ = [
    "Change",
    "ChecksumError",
    "Client",
    "ClientError",
    "ConflictError",
    "ConnectionFailedError",
    "FieldProblem",
    "ForbiddenError",
    "InvalidRequestError",
    "News",
    "NotFoundError",
    "PreconditionFailedError",
    "ProblemError",
    "RetryDelays",
    "ServerFailedError",
    "Snapshot",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnexpectedAnswerError",
]
