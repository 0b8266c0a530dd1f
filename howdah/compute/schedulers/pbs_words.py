"""PBS's states, exit statuses and complaints, as our states and as sentences for people.

Source: PBS Professional 2024.1 Reference Guide, "Job States" and table 11-2, "Job Exit Codes"; -21 to -29 from job.h of
OpenPBS.
"""

from types import MappingProxyType
from typing import Final

from howdah.compute.schedulers.troubles import Trouble
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import JobState

_QUEUED, _ACTIVE, _SUSPENDED = JobState.QUEUED, JobState.ACTIVE, JobState.SUSPENDED

STATES: Final = MappingProxyType(
    {
        "Q": (_QUEUED, "waits in the queue"),
        "H": (_QUEUED, "is held"),
        "W": (_QUEUED, "waits for its start time, or for its files to be staged in"),
        "T": (_QUEUED, "is being moved to where it will run"),
        "M": (JobState.UNKNOWN, "was moved to another server"),
        "R": (_ACTIVE, "runs"),
        "B": (_ACTIVE, "has begun (a job array)"),
        "E": (_ACTIVE, "has ended; it is being cleaned up"),
        "S": (_SUSPENDED, "is suspended by the server, for a job of higher priority"),
        "U": (_SUSPENDED, "is suspended because somebody works at its machine"),
        "F": (JobState.COMPLETE, "is finished; its Exit_status says how: 0 completed, else failed, none: deleted"),
        "X": (JobState.COMPLETE, "is a finished part of a job array"),
    }
)

HOLDS: Final = MappingProxyType(
    {"u": "by its user", "o": "by an operator", "s": "by the system", "p": "because its password is wrong"}
)

REASONS: Final = MappingProxyType(
    {
        "-1": "could not be started: it failed before its files were there",
        "-2": "could not be started: it failed after its files were there",
        "-3": "could not be started; PBS tries it again",
        "-4": "was aborted when its node's daemon began anew",
        "-5": "was aborted when its node's daemon began anew; it has a checkpoint",
        "-6": "was aborted when its node's daemon began anew; it has a checkpoint that can be moved",
        "-7": "could not be restarted",
        "-8": "could not be handed to Globus; PBS tries it again",
        "-9": "could not be handed to Globus",
        "-10": "could not be run as its user or group on the node",
        "-11": "was put back into the queue",
        "-12": "was ended after its checkpoint",
        "-13": "could not be run: its password is wrong",
        "-14": "lost the connection between its nodes",
        "-15": "was put back into the queue, to go on from its checkpoint",
        "-16": "was refused by a hook of the site, to be tried again later",
        "-17": "was refused by a hook of the site",
        "-18": "was put back into the queue by a hook of the site",
        "-19": "was deleted by a hook of the site",
        "-20": "lost its first node: the server could not reach it",
        "-21": "could not be given its security context",
        "-22": "failed in a hook of the site",
        "-23": "could not be given its Kerberos ticket",
        "-24": "was ended: it used more processors for a moment than it had asked for",
        "-25": "was ended: it used more processors than it had asked for",
        "-26": "was ended: it used more virtual memory than it had asked for",
        "-27": "was ended: it used more memory than it had asked for",
        "-28": "was ended: it used more processor time than it had asked for",
        "-29": "ran into its wall time limit",
    }
)

TROUBLES: Final = (
    Trouble(
        r"cannot connect to (specified )?server|connection refused|pbs_iff: cannot connect|no route to host"
        r"|server shutting down|end of file|communication|could not contact|timed out",
        FailureKind.TRANSIENT,
        "The PBS server can't be reached from the login node; it may be down or busy.",
    ),
    Trouble(
        r"would exceed .*(limit|maximum)|exceeds? .*(queue|server).*(limit|maximum)|max(imum)? number of jobs"
        r"|would exceed .*'s limit|too many jobs",
        FailureKind.THROTTLED,
        "A limit of jobs in the queue is reached; it is tried again when there may be room.",
    ),
    Trouble(r"unknown queue", FailureKind.PERMANENT, "There is no such queue; correct the queue of the job."),
    Trouble(
        r"unauthorized request|access to queue is denied|not authorized|bad uid for job execution|access is denied",
        FailureKind.PERMANENT,
        "The login account may not use this queue or server; ask the site for access, or choose another queue.",
    ),
    Trouble(
        r"job (violates|exceeds)|exceeds queue (and/or server )?resource limits|violates queue",
        FailureKind.PERMANENT,
        "The job asks for more than the queue allows; ask for less, or choose another queue.",
    ),
    Trouble(
        r"queue is not enabled|queue not enabled|queue .*not (started|enabled)",
        FailureKind.TRANSIENT,
        "The queue takes no jobs at present.",
    ),
    Trouble(
        r"illegal attribute or resource value|unknown resource|invalid (resource|request)|illegally formed|illegal -",
        FailureKind.PERMANENT,
        "The server does not know something that the job asks for; see the job's resources and native directives.",
    ),
    Trouble(
        r"invalid account|invalid project|account .*(invalid|expired|not found)",
        FailureKind.PERMANENT,
        "The account is not valid here; correct the account of the job.",
    ),
    Trouble(
        r"unknown reservation|reservation .*(not found|does not exist)",
        FailureKind.PERMANENT,
        "There is no such reservation; correct it, or leave it out.",
    ),
)


def detail(letter: str, hold_types: str, comment: str) -> str:
    """Return what else is known of a job that has not ended: who holds it, and the scheduler's comment."""
    who = [HOLDS[one] for one in hold_types if one in HOLDS] if letter == "H" else []
    said = f": {' '.join(comment.split())[:300].rstrip('.')}" if comment and letter in "QHWT" else ""
    return (f" {', '.join(who)}" if who else "") + said
