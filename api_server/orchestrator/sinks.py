"""Dead letters, logs and looks: from their topics into the registry, stored once however often they are read."""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, Final

from api_server.registry.repositories import dead_letters, looks, upkeep
from api_server.registry.unit_of_work import Registry
from howdah.contracts.ids import UUID_TEXT
from howdah.contracts.messages import DeadLetter, LookAnswered, TaskLogged

_UUID: Final = re.compile(str(UUID_TEXT.pattern))
_IDS: Final = ("gateway_id", "experiment_id", "process_id", "task_id")
_MAX_ATTEMPT: Final = 1_000_000


class DeadLetterSink:
    """Stores dead letters."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def store(self, letters: Sequence[DeadLetter]) -> None:
        """Store them in one transaction."""
        with self._registry.transaction() as work:
            dead_letters.store(work.session, [_row(letter) for letter in letters])


class LogSink:
    """Stores the lines that handlers wrote for their users."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def store(self, logged: Sequence[TaskLogged]) -> None:
        """Store them in one transaction."""
        rows = [
            {
                "event_id": item.event_id,
                "gateway_id": item.gateway_id,
                "task_id": item.task_id,
                "attempt": item.attempt,
                "at": item.at,
                "lines": [line.model_dump(mode="json") for line in item.lines],
            }
            for item in logged
        ]
        with self._registry.transaction() as work:
            upkeep.store_logs(work.session, rows)


class LookSink:
    """Stores what looks at resources saw."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def store(self, answers: Sequence[LookAnswered]) -> None:
        """Store them in one transaction."""
        with self._registry.transaction() as work:
            looks.store_answers(work.session, answers)


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.dead_letter_id,
        **_ids_in(letter.value_base64),
        "at": letter.at,
        "reason": letter.reason,
        "group": letter.group,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "headers": letter.headers,
        "state": "NEW",
        "note": "",
        "key64": letter.key_base64,
        "value64": letter.value_base64,
    }


def _ids_in(value_base64: str | None) -> dict[str, Any]:
    """Return the ids that can be read in the original message, however broken the rest of it is."""
    try:
        original = json.loads(base64.b64decode(value_base64 or "", validate=True))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(original, dict):
        return {}
    found: dict[str, Any] = {
        name: value for name in _IDS if isinstance(value := original.get(name), str) and _UUID.match(value)
    }
    attempt = original.get("attempt")
    if isinstance(attempt, int) and not isinstance(attempt, bool) and 0 < attempt < _MAX_ATTEMPT:
        found["attempt"] = attempt
    return found
