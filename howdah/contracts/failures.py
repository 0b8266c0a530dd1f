"""Failure kinds and retry as data: why an attempt failed, and whether another one makes sense.

This is the only place that says what a kind means for the retry. A service reports the kind; the
orchestrator decides with ``RetryPolicy.next_delay_seconds``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator


class FailureKind(StrEnum):
    """Why an attempt failed, as far as the retry is concerned."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    AUTHENTICATION = "authentication"
    HOST_KEY = "host_key"
    PERMANENT = "permanent"
    TIMEOUT = "timeout"
    LOST = "lost"
    CANCELED = "canceled"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class KindMeaning:
    """What a failure kind means: whether to retry, and whom it counts against."""

    retried: bool
    counts_against_resource: bool
    sentence: str


MEANINGS: Final[dict[FailureKind, KindMeaning]] = {
    FailureKind.TRANSIENT: KindMeaning(
        retried=True,
        counts_against_resource=True,
        sentence="The resource could not be reached or broke off; another attempt may succeed.",
    ),
    FailureKind.THROTTLED: KindMeaning(
        retried=True, counts_against_resource=False, sentence="The resource asked us to slow down."
    ),
    FailureKind.AUTHENTICATION: KindMeaning(
        retried=False, counts_against_resource=False, sentence="The resource refused the credential."
    ),
    FailureKind.HOST_KEY: KindMeaning(
        retried=False,
        counts_against_resource=False,
        sentence="The resource showed another host key than the one pinned.",
    ),
    FailureKind.PERMANENT: KindMeaning(
        retried=False,
        counts_against_resource=False,
        sentence="The request itself can't succeed; something must be changed first.",
    ),
    FailureKind.TIMEOUT: KindMeaning(
        retried=True, counts_against_resource=True, sentence="The work was not done within its time limit."
    ),
    FailureKind.LOST: KindMeaning(
        retried=False,
        counts_against_resource=False,
        sentence="The resource no longer knows the job and left no exit code.",
    ),
    FailureKind.CANCELED: KindMeaning(retried=False, counts_against_resource=False, sentence="The work was canceled."),
    FailureKind.INTERNAL: KindMeaning(
        retried=True,
        counts_against_resource=False,
        sentence="The platform itself failed; the resource is not to blame.",
    ),
}

MAX_SENTENCE = 2_000
MAX_DETAIL = 16_000


class Failure(BaseModel):
    """What went wrong in an attempt, in words for a scientist and with facts for an operator."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: FailureKind
    sentence: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SENTENCE)]
    """One plain sentence: what was tried, where, and what happened."""
    detail: Annotated[str, StringConstraints(max_length=MAX_DETAIL)] | None = None
    """What the remote side said (the tail of its output), never a secret."""
    host: str | None = None
    operation: str | None = None
    exit_status: int | None = None

    @classmethod
    def bounded(  # noqa: PLR0913 - the fields of the record, by keyword
        cls,
        *,
        kind: FailureKind,
        sentence: str,
        detail: str | None = None,
        host: str | None = None,
        operation: str | None = None,
        exit_status: int | None = None,
    ) -> "Failure":
        """Build a failure from text of any length: the start of the sentence and the end of the detail are kept."""
        return cls(
            kind=kind,
            sentence=sentence[:MAX_SENTENCE] or MEANINGS[kind].sentence,
            detail=detail[-MAX_DETAIL:] if detail else None,
            host=host,
            operation=operation,
            exit_status=exit_status,
        )


class RetryPolicy(BaseModel):
    """How often and how far apart a task is tried: exponential back-off with jitter, as data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_attempts: int = Field(default=4, ge=1, le=100)
    initial_delay_seconds: float = Field(default=2.0, ge=0, le=86_400)
    multiplier: float = Field(default=2.0, ge=1, le=10)
    max_delay_seconds: float = Field(default=300.0, ge=0, le=86_400)
    jitter: float = Field(default=0.25, ge=0, le=1)
    """The share of the delay that chance may take away: 0.25 gives 75 to 100 % of it."""

    @model_validator(mode="after")
    def _delays_are_ordered(self) -> "RetryPolicy":
        if self.max_delay_seconds < self.initial_delay_seconds:
            message = "max_delay_seconds must not be below initial_delay_seconds"
            raise ValueError(message)
        return self

    def overridden(self, by: "RetryOverride | None") -> "RetryPolicy":
        """Return the policy with what a resource says differently."""
        if by is None:
            return self
        values = self.model_dump() | by.model_dump(exclude_none=True, exclude={"outage_seconds"})
        values["max_delay_seconds"] = max(values["max_delay_seconds"], values["initial_delay_seconds"])
        return RetryPolicy.model_validate(values)

    def next_delay_seconds(self, kind: FailureKind, attempt: int, chance: float) -> float | None:
        """Return the seconds to wait before the attempt after ``attempt`` (1 is the first), or None to give up.

        ``chance`` in [0, 1) is drawn by the caller, so that the decision stays a pure function.
        """
        if not MEANINGS[kind].retried or attempt >= self.max_attempts:
            return None
        delay = min(self.initial_delay_seconds * self.multiplier ** (attempt - 1), self.max_delay_seconds)
        return delay * (1 - self.jitter * chance)


OUTAGE_SECONDS: Final = 48 * 3_600.0
"""How long the tasks of a resource that is away wait for it, unless the resource says otherwise."""


class RetryOverride(BaseModel):
    """What a resource says about retries of whatever runs there; absent fields leave the task type's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_attempts: int | None = Field(default=None, ge=1, le=100)
    initial_delay_seconds: float | None = Field(default=None, ge=0, le=86_400)
    multiplier: float | None = Field(default=None, ge=1, le=10)
    max_delay_seconds: float | None = Field(default=None, ge=0, le=86_400)
    jitter: float | None = Field(default=None, ge=0, le=1)
    outage_seconds: float | None = Field(default=None, ge=0, le=90 * 86_400)
    """How long tasks wait out an outage of it, 48 hours unless told; 0: they do not, and fail by their attempts."""
