"""Dead letters sent again or put aside. What would disturb a run that has moved on is refused."""

from typing import Final

from api_server.auth.principal import Principal
from api_server.problems import ConflictError, NotFoundError
from api_server.registry.models import DeadLetter
from api_server.registry.repositories import dead_letters
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts import agents, codec, topics
from howdah.contracts.errors import ContractError, UndecodableMessageError
from howdah.contracts.messages import TaskEvent
from howdah.contracts.states import TaskState, is_terminal
from howdah.messaging.abstract import Outgoing
from howdah.runtime.clock import Clock, SystemClock

NEW: Final = "NEW"
REDRIVEN: Final = "REDRIVEN"
DISCARDED: Final = "DISCARDED"


class Redrive:
    """Handles dead letters for principals, once each.

    Raises NotFoundError for what the principal can't see, ConflictError where it was handled already or must not be
    sent again; its text says why.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def redrive(self, work: UnitOfWork, principal: Principal, dead_letter_id: str, note: str = "") -> None:
        """Write the original message to its topic again."""
        letter = self._unhandled(work, principal, dead_letter_id)
        self._refuse_the_hopeless(work, letter)
        is_command = is_command_topic(letter.topic)
        work.enqueue(
            Outgoing(
                topic=letter.topic,
                partition=letter.partition if is_command else None,
                key=None if letter.key is None else bytes(letter.key),
                value=None if letter.value is None else bytes(letter.value),
            )
        )
        self._mark(work, principal, letter, REDRIVEN, note)

    def check(self, work: UnitOfWork, principal: Principal, dead_letter_id: str) -> None:
        """Raise what ``redrive`` would raise, and do nothing else."""
        self._refuse_the_hopeless(work, self._unhandled(work, principal, dead_letter_id))

    def discard(self, work: UnitOfWork, principal: Principal, dead_letter_id: str, note: str = "") -> None:
        """Put it aside for good; it stays visible."""
        self._mark(work, principal, self._unhandled(work, principal, dead_letter_id), DISCARDED, note)

    def _unhandled(self, work: UnitOfWork, principal: Principal, dead_letter_id: str) -> DeadLetter:
        letter = dead_letters.lock(
            work.session, principal.gateway_id, dead_letter_id, with_unowned=principal.is_platform_admin
        )
        if letter is None:
            raise NotFoundError.of("dead letter", dead_letter_id)
        if letter.state != NEW:
            raise ConflictError(
                f"The dead letter is {letter.state} already, by {letter.handled_by}.",
                slug="state-conflict",
                state=letter.state,
            )
        return letter

    def _refuse_the_hopeless(self, work: UnitOfWork, letter: DeadLetter) -> None:
        try:
            task_id, attempt = _about(letter)
        except ContractError as error:
            raise ConflictError(
                f"The message can't be read ({error}); sent again it would only come back. Discard it.",
                slug="undecodable",
            ) from None
        if task_id is None or letter.gateway_id is None:
            return
        now = dead_letters.task_now(work.session, letter.gateway_id, task_id)
        if now is None:
            raise ConflictError("The task of this message was deleted. Discard it.", slug="state-conflict")
        state, present = TaskState(now[0]), now[1]
        if is_terminal(state) or state is TaskState.RETRY_WAIT or present != attempt:
            raise ConflictError(
                f"The task is {state.value} in attempt {present}, while the message is of attempt {attempt}: the run "
                "has moved on. Discard it.",
                slug="state-conflict",
                state=state.value,
            )

    def _mark(self, work: UnitOfWork, principal: Principal, letter: DeadLetter, state: str, note: str) -> None:
        dead_letters.mark(
            work.session, letter.id, state=state, by=principal.subject, at=self._clock.now(), note=note[:2_000]
        )


def is_command_topic(name: str) -> bool:
    """Tell whether commands are on the topic: a task type's, or an agent's."""
    return name.startswith(topics.TASKS_PREFIX) or (name.startswith(agents.PREFIX) and name.endswith(".tasks"))


def _about(letter: DeadLetter) -> tuple[str | None, int | None]:
    """Return the task and attempt that the message is about; ContractError when its topic's reader can't read it."""
    value = None if letter.value is None else bytes(letter.value)
    if is_command_topic(letter.topic):
        command = codec.COMMANDS.decode(value)
        return command.task_id, command.attempt
    if letter.topic == topics.EVENTS.name:
        event = codec.EVENTS.decode(value)
        return (event.task_id, event.attempt) if isinstance(event, TaskEvent) else (None, None)
    if letter.topic.startswith(agents.PREFIX):
        raise UndecodableMessageError("an agent told what it has no right to tell, or what nobody understands")
    return None, None
