"""HTCondor's job statuses, hold reason codes and complaints, as our states and as sentences for people.

Source: HTCondor Manual, "Job ClassAd Attributes" (JobStatus, HoldReasonCode); condor_holdcodes.h.
"""

from types import MappingProxyType
from typing import Final

from howdah.compute.schedulers.troubles import Trouble
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import JobState

REMOVED, COMPLETED, HELD = 3, 4, 5

STATES: Final = MappingProxyType(
    {
        0: (JobState.QUEUED, "is being taken into the queue"),
        1: (JobState.QUEUED, "waits in the queue"),
        2: (JobState.ACTIVE, "runs"),
        REMOVED: (JobState.CANCELED, "was removed on the resource"),
        COMPLETED: (JobState.COMPLETE, "has ended; its exit code says how"),
        HELD: (JobState.QUEUED, "is held and will not run until it is released (condor_release)"),
        6: (JobState.ACTIVE, "has ended; its output is being transferred"),
        7: (JobState.SUSPENDED, "is suspended on its machine"),
    }
)
NAMES: Final = ("unexpanded", "idle", "running", "removed", "completed", "held", "transferring output", "suspended")
SHOWN_STATES: Final = MappingProxyType({f"{number} ({NAMES[number]})": meaning for number, meaning in STATES.items()})

REASONS: Final = MappingProxyType(
    {
        "1": "its user or an administrator held it",
        "2": "Globus reported an error",
        "3": "its own rule (periodic_hold) became true",
        "4": "its credentials are not valid",
        "5": "its own rule could not be evaluated",
        "6": "it could not be started: its program is not there, or not executable, on the machine",
        "7": "its output could not be opened on the machine that runs it, perhaps for a full disk",
        "8": "its input could not be opened",
        "9": "its output could not be opened",
        "10": "its program's form is not right for the machine",
        "11": "it could not be given its acknowledgement",
        "12": "its output could not be transferred",
        "13": "its input could not be transferred",
        "14": "its working directory is not there on the machine that was to run it",
        "15": "it was submitted on hold",
        "16": "its input is being brought to the queue",
        "17": "the job and the machine don't agree about its universe",
        "18": "an inner protocol of the transfer failed",
        "19": "a preparation hook failed on the machine",
        "20": "it missed the time for which it was asked",
        "21": "a rule of the machine held it, often for the memory that it used",
        "22": "its log could not be written",
        "23": "its user's account could not be used on the machine",
        "24": "no compatible supervisor was found",
        "25": "its timetable is not valid",
        "26": "a rule of the site (SYSTEM_PERIODIC_HOLD) became true",
        "27": "a rule of the site could not be evaluated",
        "28": "its files could not be given to its user",
        "29": "its files could not be given to its user",
        "30": "its files could not be taken back from its user",
        "31": "its files could not be taken back from its user",
        "32": "its input is larger than may be transferred",
        "33": "its output is larger than may be transferred",
        "34": "it used more memory, or another resource, than it had asked for",
        "35": "its container image is not valid",
        "36": "it failed when it was asked for a checkpoint",
        "37": "the cloud refused it: an error of its user",
        "38": "the cloud failed within",
        "39": "the cloud refused it: an administrator must act",
        "40": "the cloud could not be reached",
        "41": "the cloud's server failed",
        "42": "the cloud may have lost its machine",
        "43": "its preparation script failed",
        "44": "its finishing script failed",
        "45": "the container runtime of the machine does not work",
        "46": "it has been in the queue or running for longer than allowed",
        "47": "it ran for longer than allowed",
        "48": "a preparation hook of the queue failed",
    }
)

TROUBLES: Final = (
    Trouble(
        r"can't find address of|failed to connect|couldn't (contact|connect)|could not (contact|connect)"
        r"|failed to fetch|communication|timed out"
        r"|unable to (contact|connect)|connection (refused|closed)|failed to commit",
        FailureKind.TRANSIENT,
        "HTCondor's schedd can't be reached from the login node; it may be down or busy.",
    ),
    Trouble(
        r"MAX_JOBS_(PER_OWNER|SUBMITTED|PER_SUBMISSION)|number of submitted jobs would exceed|too many jobs",
        FailureKind.THROTTLED,
        "A limit of jobs in the queue is reached; it is tried again when there may be room.",
    ),
    Trouble(
        r"authoriz|authentic|permission|not allowed|denied",
        FailureKind.PERMANENT,
        "The login account may not submit jobs here; ask the site for access.",
    ),
    Trouble(
        r"accounting.?group",
        FailureKind.PERMANENT,
        "The accounting group is not valid here; correct the account of the job.",
    ),
    Trouble(
        r"parse|invalid|unknown|illegal|syntax|expression",
        FailureKind.PERMANENT,
        "condor_submit does not understand a line of the description; see the native directives.",
    ),
)
