"""How full the queues of a resource are: one script, counted on the resource itself, read as text."""

from howdah.compute.schedulers.abstract import SilentError
from howdah.compute.schedulers.queue_lists import QUEUE_LISTS
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.looks import QueueReport
from howdah.tasks.looks import Look


def look_at_queues(look: Look) -> QueueReport:
    """Ask the scheduler for its queues; one that has no such list is told so without logging in."""
    target = look.target
    listed = QUEUE_LISTS.get(target.scheduler)
    if listed is None:
        sentence = f"The queues of {target.scheduler.value} are not read."
        raise TaskError.of(FailureKind.PERMANENT, sentence, host=target.host, operation="read the queues")
    with look.reach().connect(target, look.secret, look.bounds) as connection:
        result = connection.run_script(listed.script, operation="read the queues")
    try:
        return listed.parse(
            result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace"), result.exit_status
        )
    except SilentError as error:
        raise TaskError.of(FailureKind.TRANSIENT, str(error), host=target.host, operation="read the queues") from None
