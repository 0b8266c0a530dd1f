"""``howdah up`` and its sisters: what the command line calls."""

import logging
from pathlib import Path

import structlog

from howdah.client import Client
from howdah.contracts.control import Accepted, AnyAnswer, GetStatus, Refused, RestartChild, StackStatus, StopStack
from howdah.contracts.errors import HowdahError
from howdah.local.console import progress_for
from howdah.local.control import ask
from howdah.local.errors import LocalStackError
from howdah.local.progress import Progress
from howdah.local.run_record import RunRecord, only_supervisor
from howdah.local.stack import Stack
from howdah.local.supervisor import Supervisor
from howdah.local.web_console import ensure_console
from howdah.local.welcome import Follow, Welcome

DEFAULT_DIRECTORY = Path(".howdah")
_INTERRUPTED = 130


def up(
    directory: Path = DEFAULT_DIRECTORY,
    *,
    example: Path | None = None,
    progress: Progress | None = None,
    follow: Follow | None = None,
) -> int:
    """Start the whole stack in ``directory``, keep it running until Ctrl-C, stop it; return the exit status.

    ``example`` is a folder with ``catalogue.yaml`` and ``experiment.yaml`` that is run once everything is ready.
    ``follow`` shows it to a person; by default its end is awaited in silence.
    Everything that is said, errors too, goes to ``progress`` (by default standard output).
    """
    progress = progress or progress_for()
    # The terminal belongs to the progress: of what rooms below us log, only warnings are shown.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    directory = directory.absolute()
    try:
        with only_supervisor(directory):
            RunRecord(directory).stop_orphans(progress)
            ensure_console(progress)
            stack = Stack(directory, progress)
            Supervisor(directory, stack.plan(Welcome(stack, progress, example, follow or _await_end)), progress).run()
    except HowdahError as error:
        progress.say(f"howdah up: {error}")
        return 1
    except KeyboardInterrupt:  # before the supervisor listens to signals: while files are downloaded
        progress.say("interrupted; the next start goes on from here")
        return _INTERRUPTED
    return 0


def status(directory: Path = DEFAULT_DIRECTORY) -> StackStatus:
    """Return how the running stack is; LocalStackError when none runs in ``directory``."""
    answer = ask(directory.absolute(), GetStatus())
    if not isinstance(answer, StackStatus):
        raise LocalStackError(_sentence(answer))
    return answer


def restart(name: str, directory: Path = DEFAULT_DIRECTORY) -> None:
    """Have one child stopped in order and started again; LocalStackError when it can't be."""
    answer = ask(directory.absolute(), RestartChild(name=name))
    if not isinstance(answer, Accepted):
        raise LocalStackError(_sentence(answer))


def stop(directory: Path = DEFAULT_DIRECTORY) -> None:
    """Ask the running stack to stop, and return at once; LocalStackError when none runs in ``directory``."""
    answer = ask(directory.absolute(), StopStack())
    if not isinstance(answer, Accepted):
        raise LocalStackError(_sentence(answer))


def _await_end(client: Client, experiment_id: str) -> None:
    for _ in client.experiments.watch(experiment_id):
        pass


def _sentence(answer: AnyAnswer) -> str:
    return answer.sentence if isinstance(answer, Refused) else "the stack gave an answer that does not fit"
