"""The secret of a login account that several jobs share: any one of them that is granted it will do."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from howdah.contracts.exchange import PasswordSecret, SshKeySecret
from howdah.contracts.ids import CredentialId
from howdah.contracts.records import JobRecord
from howdah.tasks.api import Exchange, Grant, RefusedError
from howdah.tasks.context import SecretOf

MOST_TRIED: Final = 5


def _promise(record: JobRecord) -> tuple[bool, bool, datetime]:
    return not record.reaping, record.monitoring_attempt is not None, record.at


def by_promise(records: Sequence[JobRecord]) -> list[JobRecord]:
    """Return a few, those first whose capability is the likeliest to be granted: awaited, and written last."""
    return heapq.nlargest(MOST_TRIED, records, key=_promise)


def most_promising(records: Sequence[JobRecord]) -> JobRecord:
    """Return the first of them."""
    return max(records, key=_promise)


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A ``SecretSource`` that asks with the capabilities of several jobs in turn, as long as they are refused."""

    exchange: Exchange
    records: Sequence[JobRecord]

    def __call__(
        self, *, credential_id: CredentialId | None = None, fresh: bool = False
    ) -> SshKeySecret | PasswordSecret:
        """Return the secret; RefusedError when no job is granted it, TaskError(internal) when nobody answers."""
        *others, last = by_promise(self.records)
        for record in others:
            try:
                return self._with(record, credential_id, fresh=fresh)
            except RefusedError:
                continue
        return self._with(last, credential_id, fresh=fresh)

    def _with(
        self, record: JobRecord, credential_id: CredentialId | None, *, fresh: bool
    ) -> SshKeySecret | PasswordSecret:
        secret = SecretOf(self.exchange, record.target.credential_id, Grant(record.capability))
        return secret(credential_id=credential_id, fresh=fresh)
