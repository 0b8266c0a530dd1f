"""What can be looked at, and who looks."""

from collections.abc import Mapping
from typing import Final

from howdah.compute.reachability import reachability
from howdah.contracts.looks import LookKind, ReachabilityReport
from howdah.tasks.looks import Look, LookHandler, looks
from services.resource_look.file_part import look_at_file
from services.resource_look.queues import look_at_queues
from services.resource_look.script import look_at_script
from services.resource_look.snapshot import look_at_output


def look_at_reachability(look: Look) -> ReachabilityReport:
    """Walk the way to the resource; a step that fails is the answer, no failure of the look."""
    return reachability(look.target, look.secret, look.bounds)


HANDLERS: Final[Mapping[LookKind, LookHandler]] = {
    LookKind.REACHABILITY: look_at_reachability,
    LookKind.FILE: look_at_file,
    LookKind.OUTPUT: look_at_output,
    LookKind.SCRIPT: look_at_script,
    LookKind.QUEUES: look_at_queues,
}
make_looks = looks(HANDLERS)
