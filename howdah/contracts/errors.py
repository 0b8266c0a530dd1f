"""The platform's exceptions.

HowdahError
├── ContractError                bytes that are not a message of ours
│   ├── UndecodableMessageError
│   │   └── UnknownKindError
│   └── UnsupportedVersionError
├── TaskError                    an attempt failed: carries a Failure
└── ConfigurationError           a setting is missing or wrong: says which, and what would be right
"""

from typing import Self

from howdah.contracts.failures import Failure, FailureKind


class HowdahError(Exception):
    """The root of every exception that the platform raises on purpose."""


class ContractError(HowdahError):
    """Bytes on a topic that are not a message of the contract. Never retried: they go to the dead letters."""


class UndecodableMessageError(ContractError):
    """The bytes are no JSON, or no message of a known kind, or a field is wrong (the text says which)."""


class UnknownKindError(UndecodableMessageError):
    """The message is of a kind that this process does not know: a newer one wrote it, or nobody of ours."""


class UnsupportedVersionError(ContractError):
    """The message is of a version that this process does not know: it was written by a newer one."""


class TaskError(HowdahError):
    """An attempt failed. ``failure.kind`` decides what happens next; ``failure.sentence`` is shown to the user."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure

    @classmethod
    def of(  # noqa: PLR0913 - the fields of Failure, by keyword
        cls,
        kind: FailureKind,
        sentence: str,
        *,
        detail: str | None = None,
        host: str | None = None,
        operation: str | None = None,
        exit_status: int | None = None,
    ) -> Self:
        """Build the error and its failure in one go, cutting over-long text to what a message may carry."""
        return cls(
            Failure.bounded(
                kind=kind, sentence=sentence, detail=detail, host=host, operation=operation, exit_status=exit_status
            )
        )


class ConfigurationError(HowdahError):
    """A setting is missing, contradictory or out of range."""
