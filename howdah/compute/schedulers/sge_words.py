"""Grid Engine's state letters, failure codes and complaints, as our states and as sentences for people.

Source: the manual page sge_status(5).
"""

from types import MappingProxyType
from typing import Final

from howdah.compute.schedulers.troubles import Trouble
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import JobState

_QUEUED, _ACTIVE, _SUSPENDED = JobState.QUEUED, JobState.ACTIVE, JobState.SUSPENDED

STATES: Final = MappingProxyType(
    {
        "E": (_QUEUED, "is in error state: it could not be started; once the cause is mended, qmod -cj lets it go on"),
        "h": (_QUEUED, "is held, by its user, an operator or for a job that it depends on"),
        "w": (_QUEUED, "waits in the queue"),
        "q": (_QUEUED, "waits in the queue"),
        "s": (_SUSPENDED, "is suspended"),
        "S": (_SUSPENDED, "is suspended with its queue"),
        "T": (_SUSPENDED, "is suspended: a threshold of its queue is passed"),
        "P": (_SUSPENDED, "is suspended, to make way for a job of higher priority"),
        "N": (_SUSPENDED, "is suspended, to make way for another job"),
        "t": (_ACTIVE, "is being brought to its node"),
        "r": (_ACTIVE, "runs"),
        "R": (_ACTIVE, "runs again, having been restarted"),
        "d": (JobState.UNKNOWN, "is being deleted"),
        "x": (JobState.UNKNOWN, "has ended; the accounting will say how"),
        "z": (JobState.UNKNOWN, "has ended; the accounting will say how"),
    }
)
"""A job shows several letters at once; ``of_letters`` says which of them decides."""

REASONS: Final = MappingProxyType(
    {
        "1": "failed before it began, on its node",
        "3": "failed before its node had made room for it",
        "4": "failed: its node could not record it, perhaps for a file system",
        "6": "failed: its processors could not be set aside",
        "7": "failed before the preparation script",
        "8": "failed in the preparation script",
        "9": "failed before its parallel environment was started",
        "10": "failed when its parallel environment was started",
        "11": "failed on its node just before it was started",
        "12": "ran, but failed before its parallel environment was stopped",
        "13": "ran, but failed when its parallel environment was stopped",
        "14": "ran, but failed before the clean-up script",
        "15": "ran, but failed in the clean-up script",
        "16": "ran, but its processors could not be released",
        "17": "ran, but its supervisor was ended by a signal",
        "18": "ran, but its supervisor failed",
        "19": "ran, but its exit status could not be recorded",
        "20": "ran, but left an error that nobody expected",
        "21": "failed: its node did not know it",
        "22": "was lost by its node, or removed by hand",
        "23": "failed: its processes could not be followed",
        "24": "is being moved to another node",
        "25": "is being started anew",
        "26": "failed: its output could not be opened, perhaps for a full disk or a quota",
        "27": "failed: its shell was not found",
        "28": "failed: its working directory could not be entered",
        "29": "failed: its AFS credentials could not be set up",
        "30": "ended with exit code 100, which asks Grid Engine for attention",
        "31": "failed: the file of passwords could not be read",
        "32": "failed: its user stands not in the file of passwords",
        "33": "failed: its user's password is wrong",
        "34": "failed: a helper service could not be asked",
        "35": "failed in a helper service before it began",
        "36": "failed: a daemon of the configuration is not there",
        "37": "was ended: it ran into its limit of wall time, processor time or memory",
        "38": "failed: its processes could not be marked with a group",
        "100": "was ended by a signal, as happens at a limit of time or memory, when it is deleted, or with its node",
    }
)

GOES_ON: Final = frozenset({"24", "25"})
"""Records of a run after which there is another."""
EXIT_FILE_DECIDES: Final = frozenset({"0", "12", "13", "14", "15", "16", "17", "18", "19", "20", "22", "100"})
"""Ends of which the job itself may know better: it had run."""

TROUBLES: Final = (
    Trouble(
        r"unable to (contact|send|connect)|can't connect|cannot connect|commlib error|error: (commlib|got )"
        r"|qmaster|connection refused|timeout error|timed out|access denied to .*communication",
        FailureKind.TRANSIENT,
        "Grid Engine's qmaster can't be reached from the login node; it may be down or busy.",
    ),
    Trouble(
        r"only .*jobs? (is|are) allowed|max_u_jobs|max_jobs|exceed.*(number of )?(active )?jobs|quota .*jobs",
        FailureKind.THROTTLED,
        "A limit of jobs is reached; it is tried again when there may be room.",
    ),
    Trouble(
        r"parallel environment .*(does not exist|unknown)|unknown parallel|no such parallel|.*\"-pe\"",
        FailureKind.PERMANENT,
        "There is no such parallel environment; correct grid_engine of the resource.",
    ),
    Trouble(
        r"job was rejected because job requests unknown queue|unknown queue|queue .*does not exist|no such queue",
        FailureKind.PERMANENT,
        "There is no such queue; correct the queue of the job.",
    ),
    Trouble(
        r"unknown resource",
        FailureKind.PERMANENT,
        "Grid Engine does not know a resource that the job asks for; see grid_engine of the resource and the native "
        "directives.",
    ),
    Trouble(
        r"project .*(does not exist|unknown)|not allowed to use project|denied .*project",
        FailureKind.PERMANENT,
        "The project is not valid here; correct the account of the job.",
    ),
    Trouble(
        r"advance reservation|\bar .*(does not exist|unknown)",
        FailureKind.PERMANENT,
        "There is no such reservation; correct it, or leave it out.",
    ),
    Trouble(
        r"not allowed|access denied|has insufficient privileges|denied",
        FailureKind.PERMANENT,
        "The login account may not do this; ask the site for access, or choose another queue.",
    ),
    Trouble(
        r"no suitable queues|can not be scheduled|cannot be scheduled|exceeds? .*limit|sge_root|please set the",
        FailureKind.PERMANENT,
        "No queue can ever run the job as it is described, or Grid Engine's settings are missing on the login node: "
        "ask for less, or set SGE_ROOT in the resource's environment.",
    ),
)


_IN_QUEUE: Final = ("E", "h", "q")
_AT_A_NODE: Final = ("s", "S", "T", "P", "N", "t", "r", "R", "x", "z", "h", "E", "w")


def of_letters(letters: str) -> tuple[JobState, str]:
    """Return our state and what it says, for letters that come together in any order (``hRwq``, ``dr``)."""
    if not letters or any(letter not in STATES for letter in letters):
        return JobState.UNKNOWN, f"is in the state {letters[:20]!r} of Grid Engine"
    order = _IN_QUEUE if "q" in letters else _AT_A_NODE
    decides = next((letter for letter in order if letter in letters), "d")
    state, says = STATES[decides]
    if decides == "q" and "R" in letters:
        says += ", having been restarted"
    return state, f"{says}; it is being deleted" if "d" in letters and decides != "d" else says
